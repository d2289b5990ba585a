"""The command line: `everloop --help` teaches it."""

import sys
from typing import Annotated

import typer

from everloop import __version__
from everloop.cli.backup import backup, restore
from everloop.cli.doctor import doctor
from everloop.cli.importing import imports
from everloop.cli.keys import keys
from everloop.cli.migrate import migrate
from everloop.cli.orgs import orgs
from everloop.cli.serving import init, serve
from everloop.errors import EverloopError
from everloop.settings import BadSetting

_HELP = (
    "Everloop runs the prompt that is live.\n\n"
    "Start a server with `everloop serve`: the first start makes an organisation, an API key and a project to try, and"
    " shows how to call it.\n\n"
    "Settings come from the environment: EVERLOOP_DATA_DIR (where the database and secrets are; `.everloop`),"
    " EVERLOOP_DATABASE_URL, EVERLOOP_API_KEY (a key of your choice that works from the start), EVERLOOP_SECRET_KEY"
    " (encrypts providers' keys), EVERLOOP_LOG_LEVEL (debug, info, warning, error), EVERLOOP_MAX_BODY_BYTES,"
    " EVERLOOP_MAX_SAMPLES, EVERLOOP_MAX_CALLS, EVERLOOP_LOG_RETENTION_DAYS, EVERLOOP_ALLOWED_HOSTS,"
    " EVERLOOP_ALLOWED_AZURE_HOSTS; OPENAI_API_KEY, OPENAI_BASE_URL, and so for every provider."
)

command_line = typer.Typer(help=_HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
command_line.command()(serve)
command_line.command()(init)
command_line.command()(doctor)
command_line.command()(backup)
command_line.command()(restore)
command_line.command()(migrate)
command_line.add_typer(imports, name="import")
command_line.add_typer(keys, name="keys")
command_line.add_typer(orgs, name="orgs")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@command_line.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Options of the command itself."""


def main() -> None:
    """The entry point; what the operator can mend is one line on stderr, and exit status 1."""
    try:
        command_line()
    except (BadSetting, EverloopError) as error:
        typer.echo(f"everloop: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
