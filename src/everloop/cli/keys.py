"""`everloop keys`: API keys, made and revoked by whoever can reach the database."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from everloop.cli.house import in_house
from everloop.domain.one_line import one_line

if TYPE_CHECKING:
    from everloop.app.house import House
    from everloop.domain.keys import ApiKey

keys = typer.Typer(
    help="API keys: create, list, revoke. A running server follows within a second.", no_args_is_help=True
)

Organisation = Annotated[str | None, typer.Option("--org", help="The organisation's name; the oldest one by default.")]


@keys.command()
def create(
    name: Annotated[str, typer.Option(help="What the key is for, to tell keys apart in the list.")] = "",
    org: Organisation = None,
) -> None:
    """Makes a key and shows it, this once."""

    async def work(house: "House") -> str:
        _, plain = await house.api_keys.create(await house.organisations.scope(org), name)
        return plain

    typer.echo(in_house(work))


@keys.command(name="list")
def list_keys(org: Organisation = None) -> None:
    """Lists the keys, newest first, without the keys themselves."""

    async def work(house: "House") -> "tuple[ApiKey, ...]":
        return await house.api_keys.all(await house.organisations.scope(org))

    for key in in_house(work):
        state = f"revoked {_day(key.revoked_at)}" if key.revoked_at is not None else "valid"
        typer.echo(f"{key.id}  …{key.hint}  made {_day(key.created_at)}  {state}  {one_line(key.name)}")


@keys.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="The key's id, as `everloop keys list` shows it.")],
    org: Organisation = None,
) -> None:
    """Makes a key worthless."""

    async def work(house: "House") -> "ApiKey":
        return await house.api_keys.revoke(await house.organisations.scope(org), key_id)

    typer.echo(f"{in_house(work).id} is revoked.")


def _day(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d")
