"""Hearing of changes of other processes, on a connection that does nothing else."""

import asyncio
import logging
from contextlib import suppress
from typing import Any, Final

from everloop.storage.postgres.announcing import CHANNEL
from everloop.storage.postgres.connecting import Server
from everloop.storage.postgres.failures import DRIVER_ERRORS, described

_log: Final = logging.getLogger(__name__)

_PATIENCE: Final = 10.0
# Seconds after which a connection that was lost is made anew.
_AGAIN: Final = 1.0
# Seconds after which the database is asked, heard or not: half a second is what the port promises. Where nobody can
# listen it is asked as often as a SQLite file.
_POLL: Final = 0.4
_POLL_DEAF: Final = 0.25


class Listener:
    """Ends pauses early when there is news. While the connection is lost, pauses just end."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._poll = _POLL_DEAF if server.pooled else _POLL
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to listen, unless a pooler is in the way."""
        if not self._server.pooled:
            self._task = asyncio.create_task(self._listen())

    async def pause(self) -> None:
        """Lasts until there are news, and less than half a second at the most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._poll):
                await self._news.wait()
        self._news.clear()

    async def close(self) -> None:
        """Ends the connection."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear()
            except DRIVER_ERRORS as error:
                _log.warning("changes of other processes are polled for: %s", described(error))
            await asyncio.sleep(_AGAIN)

    async def _hear(self) -> None:
        """Returns when the connection is lost."""
        connection = await self._server.connect(_PATIENCE)
        lost = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(CHANNEL, self._ring)
            self._news.set()  # for what came while nobody listened
            await lost.wait()
        finally:
            connection.terminate()

    def _ring(self, *_news: Any) -> None:  # noqa: ANN401 - asyncpg has no types
        self._news.set()
