"""Migrations of PostgreSQL, whose driver is asynchronous only."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from everloop.storage.postgres.connecting import look_at
from everloop.storage.postgres.failures import told_apart
from everloop.storage.postgres.locks import MIGRATIONS

Result = TypeVar("Result")

_LOCK: Final = text("SELECT pg_advisory_xact_lock(:lock)")


def in_transaction(url: str, patience: float, work: Callable[[Connection], Result]) -> Result:
    """Does the work in one transaction, after all who do the same; each of its commands may take `patience` seconds.

    Raises what `connecting.look_at` raises, and `errors.Unavailable`.
    """
    # In a thread, because whoever asks may be running in a loop already.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, _in_transaction(url, patience, work)).result()


async def _in_transaction(url: str, patience: float, work: Callable[[Connection], Result]) -> Result:
    server = await look_at(url)

    async def connect() -> Any:  # noqa: ANN401 - asyncpg has no types
        return await server.connect(patience)

    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={"prepared_statement_cache_size": 0} if server.pooled else {},
    )
    with told_apart():
        async with engine.connect() as connection, connection.begin():
            await connection.execute(_LOCK, {"lock": MIGRATIONS})
            return await connection.run_sync(work)
