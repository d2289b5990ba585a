"""Telling all processes that configuration changes, when the transaction is committed."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.storage.postgres.locks import CHANGES

CHANNEL: Final = "everloop_change"

_ANNOUNCE: Final = text("SELECT pg_advisory_xact_lock(:lock), pg_notify(:channel, '')")


async def announce(connection: AsyncConnection) -> None:
    """Before the number of a change is drawn: a lower one that appears after a higher one would never be read."""
    await connection.execute(_ANNOUNCE, {"lock": CHANGES, "channel": CHANNEL})
