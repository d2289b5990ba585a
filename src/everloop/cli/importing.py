"""`everloop import`: what was elsewhere, taken over."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from everloop.cli.house import in_house
from everloop.cli.keys import Organisation
from everloop.cli.progress import progress
from everloop.errors import Unprocessable

if TYPE_CHECKING:
    from everloop.app.house import House
    from everloop.imports.humanloop.folder import Folder
    from everloop.services.importing.account import Account

imports = typer.Typer(
    help="Take over what was elsewhere, beside a running server or without one.", no_args_is_help=True
)

_LINE: Final = "Importing {what}: {done} of {total} bytes are read."
# Bytes after which a line says how far it is, where there is no terminal.
_LINE_EVERY: Final = 50_000_000


@imports.command()
def humanloop(
    path: Annotated[Path, typer.Argument(help="The folder that Humanloop's export tool made; `files` is in it.")],
    org: Organisation = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
) -> None:
    """Takes over prompts, their logs and datasets from Humanloop's export, with their ids and times.

    May be stopped or killed at any moment, and run again: what is there already stays as it is.
    """
    from everloop.imports.humanloop.folder import Folder

    with progress("Importing", _LINE, _LINE_EVERY) as watcher:
        folder = Folder(path, lambda size: watcher.moved("the export", size))
        watcher.begins(folder.size)
        account = in_house(lambda house: _work(house, folder, org, dry=dry_run))
    _tell(account, dry=dry_run)
    if account.failed:
        raise typer.Exit(1)


async def _work(house: "House", folder: "Folder", org: str | None, *, dry: bool) -> "Account":
    from everloop.imports.humanloop.export import Export

    if not await house.organisations.all():
        raise Unprocessable("There is no organisation to import into: make one with `everloop init` first.")
    return await house.importing.run(await house.organisations.scope(org), Export(folder), dry=dry)


def _tell(account: "Account", *, dry: bool) -> None:
    kinds = [*dict.fromkeys([*account.kept, *account.there])]
    widest = max(map(len, kinds), default=0)
    new = "would be new" if dry else "new"
    for kind in kinds:
        typer.echo(f"{kind:{widest}}  {account.kept[kind]:>10,} {new}  {account.there[kind]:>10,} already there")
    for (what, why), count in account.left.items():
        typer.echo(f"Left out: {count:,} x {what} ({why}).")
    if account.more_left:
        typer.echo(f"Left out: {account.more_left:,} more of other kinds.")
    for problem in account.problems:
        typer.echo(f"everloop: {problem.place}: {problem.message}", err=True)
    if account.more_problems:
        typer.echo(f"everloop: {account.more_problems:,} more of the kind.", err=True)
    if account.failed:
        typer.echo("everloop: What is told above is not there. Mend it and run this again, if you need it.", err=True)
