"""`everloop doctor`: is everything as it should be, and if not, what to do."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from everloop.errors import EverloopError
from everloop.settings import Settings

if TYPE_CHECKING:
    from everloop.app.house import House

    Check = Callable[[House], Awaitable[str]]


def doctor() -> None:
    """Checks settings, data directory, database, keys and providers. Exit status 1 when something is wrong."""
    settings = Settings.read()
    typer.echo(f"ok    settings: data in {settings.data_dir}")
    if not settings.data_dir.is_dir():
        _wrong("data directory", "there is none yet: `everloop init` or `everloop serve` makes it")
        raise typer.Exit(1)
    healthy = _check_directory(settings.data_dir)
    if not (asyncio.run(_check_house(settings)) and healthy):
        raise typer.Exit(1)


def _check_directory(data_dir: Path) -> bool:
    if data_dir.stat().st_mode & 0o077:
        return _wrong("data directory", f"other users can look into it: chmod 700 '{data_dir}'")
    return _right("data directory", "yours alone")


async def _check_house(settings: Settings) -> bool:
    from everloop.app.house import open_house

    checks: list[tuple[str, Check]] = [
        ("database", _database),
        ("organisations", _organisations),
        ("provider keys", _provider_keys),
        ("providers", _providers),
    ]
    healthy = True
    try:
        async with open_house(settings) as house:
            for name, check in checks:
                try:
                    _right(name, await check(house))
                except EverloopError as error:
                    healthy = _wrong(name, error.message)
    except EverloopError as error:
        return _wrong("database", error.message)
    return healthy


async def _database(house: "House") -> str:
    await house.services.health.ready()
    return "writable, migrations are current"


async def _organisations(house: "House") -> str:
    snapshot = house.directory.snapshot
    projects = sum(len(each.projects) for each in snapshot.organisations.values())
    return f"{len(snapshot.organisations)} with {projects} projects and {len(snapshot.keys_by_digest)} valid API keys"


async def _provider_keys(house: "House") -> str:
    kept = 0
    for organisation in await house.organisations.all():
        scope = await house.organisations.scope(organisation.name)
        for provider in house.directory.organisation(scope).provider_keys:
            house.provider_keys.for_call(scope, provider, {})
            kept += 1
    return f"{kept} kept, all can be opened with the present secret key"


async def _providers(house: "House") -> str:
    has_key = [name for name in house.providers.names() if house.providers.operator_key(name)]
    return f"{', '.join(house.providers.names())}; the operator's key is set for: {', '.join(has_key) or 'none'}"


def _right(name: str, message: str) -> bool:
    typer.echo(f"ok    {name}: {message}")
    return True


def _wrong(name: str, message: str) -> bool:
    typer.echo(f"WRONG {name}: {message}")
    return False
