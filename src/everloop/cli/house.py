"""Commands that work on the database itself, whether or not a server runs beside them."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeVar

from everloop.settings import Settings

if TYPE_CHECKING:
    from everloop.app.house import House

Result = TypeVar("Result")

_log: Final = logging.getLogger(__name__)

# Seconds that a start may wait before it says what it waits for.
_QUIET: Final = 3.0
_WAITING: Final = (
    "Waiting for the database: another process has locked it, or brings it up to date. It goes on by itself when that"
    " one is done; if there should be no other, stop it."
)


def in_house(work: "Callable[[House], Awaitable[Result]]") -> Result:
    """Brings the database up to date, opens it, does the work, closes it."""
    from everloop.app.house import open_house
    from everloop.security.redaction import redact
    from everloop.telemetry.logging import configure

    settings = Settings.read()
    configure(settings.log_level, redact)
    _bring_up_to_date(settings.database_url)

    async def run() -> Result:
        async with open_house(settings) as house:
            return await work(house)

    return asyncio.run(run())


def _bring_up_to_date(url: str) -> None:
    from everloop.storage.migrating import migrate

    telling = threading.Timer(_QUIET, _log.warning, [_WAITING])
    telling.daemon = True
    telling.start()
    try:
        migrate(url)
    finally:
        telling.cancel()
