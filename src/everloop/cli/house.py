"""Commands that work on the database itself, whether or not a server runs beside them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from everloop.app import House, open_house
from everloop.security.redaction import redact
from everloop.settings import Settings
from everloop.storage.migrating import migrate
from everloop.telemetry.logging import configure

Result = TypeVar("Result")


def in_house(work: Callable[[House], Awaitable[Result]]) -> Result:
    """Brings the database up to date, opens it, does the work, closes it."""
    settings = Settings.read()
    configure(settings.log_level, redact)
    migrate(settings.database_url)

    async def run() -> Result:
        async with open_house(settings) as house:
            return await work(house)

    return asyncio.run(run())
