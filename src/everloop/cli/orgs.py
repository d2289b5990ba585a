"""`everloop orgs`: organisations, made by whoever can reach the database."""

from typing import TYPE_CHECKING, Annotated

import typer

from everloop.cli.house import in_house
from everloop.domain.one_line import one_line

if TYPE_CHECKING:
    from everloop.app.house import House
    from everloop.domain.organisation import Organisation

orgs = typer.Typer(help="Organisations: create, list. Nothing is seen across them.", no_args_is_help=True)


@orgs.command()
def create(name: Annotated[str, typer.Argument(help="The organisation's name.")]) -> None:
    """Makes an organisation with its `production` environment; give it a key with `everloop keys create --org NAME`."""

    async def work(house: "House") -> "Organisation":
        return await house.organisations.create(name)

    typer.echo(in_house(work).id)


@orgs.command(name="list")
def list_orgs() -> None:
    """Lists the organisations, oldest first."""

    async def work(house: "House") -> "tuple[Organisation, ...]":
        return await house.organisations.all()

    for organisation in in_house(work):
        typer.echo(f"{organisation.id}  {one_line(organisation.name)}")
