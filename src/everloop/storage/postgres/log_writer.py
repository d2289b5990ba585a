"""The way of logs to PostgreSQL: one task commits for all who wait.

While a batch is on its way to the database the next appends gather: the number of commits follows the database, not the
load.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from everloop import errors
from everloop.domain.log import Log
from everloop.domain.scope import Scope
from everloop.ports.system import Clock, Metrics
from everloop.storage.log_batch import Rows, rows_of
from everloop.storage.postgres.connecting import DURABLE_TRANSACTION, Server
from everloop.storage.postgres.failures import (
    DRIVER_ERRORS,
    described,
    is_bad_value,
    is_broken_constraint,
    may_succeed_now,
    words_for,
)
from everloop.storage.postgres.log_batch import write
from everloop.storage.postgres.months_ahead import MonthsAhead
from everloop.storage.tables import probe

_log: Final = logging.getLogger(__name__)

# As `log_writer` has them: logs that may wait before no more calls begin, and that one transaction takes (or those of
# one call more).
_WAITING: Final = 10_000
_BATCH: Final = 512
# Seconds between the attempts to write again.
_FIRST_PROBE: Final = 0.5
_LAST_PROBE: Final = 2.0

# Seconds that a batch may take; a database that does not answer is one that cannot be written.
_PATIENCE: Final = 15.0
_ATTEMPTS: Final = 3

_PROBE: Final = f'INSERT INTO "{probe.name}" (id, at) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET at = excluded.at'  # noqa: S608 - our own table


@dataclass(frozen=True, slots=True)
class _Append:
    rows: Rows
    done: asyncio.Future[None]


class PostgresLogWriter:
    """`ports.logs.LogWriter` with its own connection and task. A batch that takes `patience` seconds has failed.

    Once `waiting` logs wait, `check` lets nobody begin. As with `log_writer.SqliteLogWriter`, those of calls that have
    begun always find room.
    """

    def __init__(
        self,
        server: Server,
        clock: Clock,
        metrics: Metrics,
        *,
        patience: float = _PATIENCE,
        waiting: int = _WAITING,
    ) -> None:
        self._server = server
        self._clock = clock
        self._metrics = metrics
        self._patience = patience
        self._limit = waiting
        self._waiting = 0
        self._queue: deque[_Append] = deque()
        self._come = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self._connection: Any = None  # asyncpg has no types
        self._synchronous = ""
        self._months = MonthsAhead(server, clock)
        self._failure: str | None = "The log writer is not running."
        self._probe_in = _FIRST_PROBE

    async def start(self) -> None:
        """Connects and begins to write. Raises `errors.Unavailable` when there is no way to the database."""
        try:
            await self._connect()
        except DRIVER_ERRORS as error:
            _log.error("database error: %s", described(error))
            raise errors.Unavailable(words_for(error)) from None
        self._months.look()
        await self._months.made()
        self._failure = None
        self._task = asyncio.create_task(self._run())

    async def append(self, scope: Scope, logs: Sequence[Log]) -> None:
        """As the port says; what a call that is cancelled meanwhile brought may still be kept.

        Raises `errors.Conflict` when an id is taken and `errors.Unprocessable` when a value cannot be stored; the
        others who wait for the same commit do not notice.
        """
        self._require_writing()
        if not logs:
            return
        try:
            rows = rows_of(scope.organisation_id, logs)
        except UnicodeError as error:
            raise _meaning(error) from None
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting += len(logs)
        self._queue.append(_Append(rows, done))
        self._come.set()
        await done

    def check(self) -> None:
        self._require_writing()
        if self._waiting >= self._limit:
            raise errors.Unavailable("The database does not keep up: too many logs wait to be written.")

    def synchronous(self) -> str:
        """The `synchronous_commit` of its transactions: all but `off` means that they are on disk."""
        return self._synchronous

    async def close(self) -> None:
        """Writes what waits, then disconnects. Appends are refused from the call on."""
        if self._task is not None:
            self._closing = True
            self._come.set()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._months.close()

    def _require_writing(self) -> None:
        if self._failure is not None:
            raise errors.Unavailable(self._failure)
        if self._closing:
            raise errors.Unavailable("The server is shutting down.")

    async def _run(self) -> None:
        try:
            while self._queue or not self._closing:
                await self._anything()
                batch = self._take()
                if batch:
                    await self._keep(batch)
                elif self._failure is not None and not self._closing:
                    await self._probe()
        except Exception:  # noqa: BLE001 - those who wait are told below, and the operator here
            _log.exception("the log writer has ended")
        finally:
            self._failure = "The log writer has ended."
            self._release(list(self._queue), errors.Unavailable(self._failure))
            self._queue.clear()
            self._disconnect()

    async def _anything(self) -> None:
        """Waits until somebody comes, or it is time to probe or to end."""
        if self._queue or self._closing:
            return
        self._come.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(None if self._failure is None else self._probe_in):
                await self._come.wait()

    def _take(self) -> list[_Append]:
        batch: list[_Append] = []
        rows = 0
        while self._queue and rows < _BATCH:
            batch.append(self._queue.popleft())
            rows += len(batch[-1].rows.logs)
        return batch

    async def _keep(self, batch: list[_Append]) -> None:
        if self._failure is not None:
            self._release(batch, errors.Unavailable(self._failure))
            return
        started = self._clock.monotonic()
        try:
            await self._commit([each.rows for each in batch])
        except BaseException as error:  # noqa: BLE001 - whatever it was, those who wait must hear of it
            await self._fail(batch, error)
        else:
            self._release(batch, None)
            self._metrics.commit(self._clock.monotonic() - started, sum(len(each.rows.logs) for each in batch))

    async def _fail(self, batch: list[_Append], error: BaseException) -> None:
        if is_broken_constraint(error) or is_bad_value(error):
            # The values of one call are guilty of that; the other calls of the batch are not.
            if len(batch) == 1:
                self._release(batch, _meaning(error))
                return
            for each in batch:
                await self._keep([each])
            return
        _log.error("logs cannot be written: %s", described(error))
        self._failure = words_for(error)
        self._probe_in = _FIRST_PROBE
        self._disconnect()
        self._release(batch, errors.Unavailable(self._failure))
        if not isinstance(error, Exception):
            raise error

    async def _commit(self, batch: Sequence[Rows]) -> None:
        """Returns once everything in the batch is on disk; otherwise nothing of it is, unless the connection broke."""
        if self._connection is None or self._connection.is_closed():
            await self._connect()
        self._months.look()
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                await self._write(batch)
            except DRIVER_ERRORS as error:
                if attempt == _ATTEMPTS or not may_succeed_now(error):
                    raise
            else:
                return

    async def _write(self, batch: Sequence[Rows]) -> None:
        if not self._server.pooled and not any(rows.exposures for rows in batch):
            await write(self._connection, batch)
            return
        async with self._connection.transaction(isolation="read_committed"):
            await self._connection.execute(DURABLE_TRANSACTION)
            await write(self._connection, batch)

    async def _probe(self) -> None:
        """Connects anew and writes something, to see whether the database takes writes."""
        try:
            await self._connect()
            await self._connection.execute(_PROBE, self._clock.now())
        except DRIVER_ERRORS as error:
            _log.warning("logs cannot be written yet: %s", described(error))
            self._failure = words_for(error)
            self._probe_in = min(self._probe_in * 2, _LAST_PROBE)
        else:
            _log.warning("logs are written again")
            self._failure = None

    async def _connect(self) -> None:
        self._disconnect()
        self._connection = await self._server.connect(self._patience)
        self._synchronous = await self._connection.fetchval(DURABLE_TRANSACTION)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    def _release(self, batch: Sequence[_Append], error: errors.EverloopError | None) -> None:
        """Lets those who wait go on; each gets an error of its own, because raising one adds to its traceback."""
        for each in batch:
            self._waiting -= len(each.rows.logs)
            if each.done.done():
                continue
            if error is None:
                each.done.set_result(None)
            else:
                each.done.set_exception(type(error)(error.message))


def _meaning(error: BaseException) -> errors.EverloopError:
    if is_broken_constraint(error):
        return errors.Conflict("A log with this id exists already.")
    return errors.Unprocessable("A log cannot be stored: a number is too large, or a text is no valid Unicode.")
