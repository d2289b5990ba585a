"""`everloop backup` and `everloop restore`."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from everloop.errors import Unprocessable
from everloop.settings import Settings

if TYPE_CHECKING:
    from everloop.storage.backup import Progress


def backup(
    path: Annotated[Path, typer.Argument(help="The file to make; nothing is overwritten.")],
) -> None:
    """Copies the database of a running or stopped server into one file, and checks the copy.

    Calls are answered meanwhile, and everything acknowledged before is in the copy. The secret key is not: keep it
    apart, since without it nobody can read the providers' keys in the backup.
    """
    from everloop.security.secret_key import FILE_NAME
    from everloop.storage.backup import back_up

    settings = Settings.read()
    began = time.monotonic()
    with _progress("Copying") as progress:
        size = back_up(_file(settings), path, progress)
    typer.echo(f"{path}: {size / 1e6:.1f} MB in {time.monotonic() - began:.1f} s, checked and on disk.")
    secret = "EVERLOOP_SECRET_KEY" if settings.secret_key else str(settings.data_dir / FILE_NAME)
    typer.echo(f"Not in it: the secret key that opens the providers' keys. Keep a copy of {secret} somewhere else.")


def restore(
    path: Annotated[Path, typer.Argument(help="What `everloop backup` made.")],
    replace: Annotated[bool, typer.Option("--replace", help="Move the database that is there aside.")] = False,
) -> None:
    """Puts a backup in the place of the database, after checking it. No server may run on it.

    The next `everloop serve` migrates it if it is of an older version.
    """
    from everloop.security.secret_key import FILE_NAME
    from everloop.storage.backup import restore as put_back

    settings = Settings.read()
    database = _file(settings)
    with _progress("Copying") as progress:
        aside = put_back(path, database, progress, replace=replace)
    typer.echo(f"{database}: restored from {path}.")
    if aside is not None:
        typer.echo(f"The database that was there is now {aside}.")
    if settings.secret_key is None and not (settings.data_dir / FILE_NAME).exists():
        typer.echo(
            f"There is no {FILE_NAME} in {settings.data_dir}: put the one there that was used with this database before"
            " you start a server, or the providers' keys cannot be opened."
        )


def _file(settings: Settings) -> Path:
    from everloop.storage.location import database_file, postgres_url

    if postgres_url(settings.database_url) is not None:
        raise Unprocessable("This command copies SQLite files only; PostgreSQL has its own, pg_dump and pg_restore.")
    return database_file(settings.database_url)


@contextmanager
def _progress(label: str) -> "Iterator[Progress]":
    """A bar on a terminal, nothing elsewhere."""
    with typer.progressbar(length=1, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def show(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield show
