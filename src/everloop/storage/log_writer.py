"""The way of logs to a SQLite file: one thread commits for all who wait, and wakes them with one call.

While a commit is on its way to the disk the next appends gather: the number of commits follows the disk, not the load.
A commit of one log costs as much CPU as one of eight, so a crowd is given a moment more.
"""

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from everloop import errors
from everloop.domain.log import Log
from everloop.domain.scope import Scope
from everloop.ports.system import Clock, Metrics
from everloop.storage.database import BUSY_TIMEOUT
from everloop.storage.failures import words_for
from everloop.storage.log_batch import Rows, rows_of
from everloop.storage.log_connection import Commit, LogConnection, commit_now

_log: Final = logging.getLogger(__name__)

# Logs that may wait for the thread before no more calls begin, and that one transaction takes (or those of one call
# more).
_WAITING: Final = 10_000
_BATCH: Final = 512
# Seconds that a batch is gathered for when there is a crowd.
_PATIENCE: Final = 0.002
# Seconds between the attempts to write again.
_FIRST_PROBE: Final = 0.5
_LAST_PROBE: Final = 2.0

# What the values of one call can be guilty of; the other calls of the batch are not.
_OWN_FAULTS: Final = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    UnicodeError,
    OverflowError,
)


@dataclass(frozen=True, slots=True)
class _Append:
    rows: Rows
    done: asyncio.Future[None]


class SqliteLogWriter:
    """`ports.logs.LogWriter` with its own thread and connection. Tests hand in a `commit` that waits or fails.

    Once `waiting` logs wait, `check` lets nobody begin. The logs of those who have begun always find room: there are
    no more of them than the bound on calls under way lets through, and each call is in memory anyway until they are
    written.
    """

    def __init__(
        self,
        file: Path,
        clock: Clock,
        metrics: Metrics,
        *,
        busy_timeout: float = BUSY_TIMEOUT,
        waiting: int = _WAITING,
        patience: float = _PATIENCE,
        commit: Commit = commit_now,
    ) -> None:
        self._connection = LogConnection(file, clock, busy_timeout, commit)
        self._clock = clock
        self._metrics = metrics
        self._limit = waiting
        self._patience = patience
        self._crowd = False
        self._waiting = 0
        self._queue: queue.SimpleQueue[_Append | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        # Why nothing can be kept, for all to read; the thread sets it once it runs.
        self._failure: str | None = "The log writer is not running."
        self._closing = False
        self._probe_in = _FIRST_PROBE

    async def start(self) -> None:
        """Opens the connection and starts the thread. Raises `errors.Unavailable` when the database does not open."""
        self._loop = asyncio.get_running_loop()
        try:
            await asyncio.to_thread(self._connection.open)
        except sqlite3.Error as error:
            raise errors.Unavailable(words_for(error)) from error
        self._failure = None
        self._thread.start()

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
            raise _meaning(error) from error
        self._waiting += len(logs)
        done: asyncio.Future[None] = self._loop.create_future()
        self._queue.put(_Append(rows, done))
        await done

    def check(self) -> None:
        self._require_writing()
        if self._waiting >= self._limit:
            raise errors.Unavailable("The disk does not keep up: too many logs wait to be written.")

    def synchronous(self) -> int:
        """What the writer's own connection answered to `PRAGMA synchronous` when it was opened: 2 is FULL."""
        return self._connection.synchronous

    async def close(self) -> None:
        """Writes what waits, then ends the thread. Appends are refused from the call on."""
        if self._thread.is_alive():
            self._closing = True
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)

    def _require_writing(self) -> None:
        failure = self._failure
        if failure is not None:
            raise errors.Unavailable(failure)
        if self._closing:
            raise errors.Unavailable("The server is shutting down.")

    # The methods from here to `_call` run in the thread.

    def _run(self) -> None:
        try:
            running = True
            while running:
                batch, running = self._take()
                if batch:
                    self._keep(batch)
                elif running:
                    self._probe()
            self._leave()
        finally:
            self._failure = "The log writer has ended."
            self._connection.close()
            self._call(self._refuse_rest)

    def _take(self) -> tuple[list[_Append], bool]:
        """What waits, up to a batch (nothing when it is time to probe), and whether to go on after it."""
        batch: list[_Append] = []
        rows = 0
        try:
            item = self._first()
            while item is not None:
                batch.append(item)
                rows += len(item.rows.logs)
                if rows >= _BATCH:
                    return batch, True
                item = self._queue.get_nowait()
            return batch, False
        except queue.Empty:
            return batch, True

    def _first(self) -> _Append | None:
        """The next append to come. Raises `queue.Empty` when it is time to probe.

        Where somebody came while the last batch was on its way to the disk, there are many, and a moment's patience
        makes one commit of several; a caller who is alone never waits.
        """
        item = self._queue.get(timeout=None if self._failure is None else self._probe_in)
        if self._crowd and item is not None:
            time.sleep(self._patience)
        return item

    def _keep(self, batch: list[_Append]) -> None:
        if self._failure is not None:
            self._call(self._release, batch, errors.Unavailable(self._failure))
            return
        started = self._clock.monotonic()
        try:
            self._connection.keep([each.rows for each in batch])
        except _OWN_FAULTS as error:
            if len(batch) == 1:
                self._call(self._release, batch, _meaning(error))
                return
            for each in batch:
                self._keep([each])
        except Exception as error:  # noqa: BLE001 - whatever it was, those who wait must hear of it
            _log.exception("logs cannot be written")
            self._failure = words_for(error)
            self._probe_in = _FIRST_PROBE
            self._call(self._release, batch, errors.Unavailable(self._failure))
        else:
            self._crowd = not self._queue.empty()
            self._call(self._release, batch, None)
            self._metrics.commit(self._clock.monotonic() - started, sum(len(each.rows.logs) for each in batch))

    def _probe(self) -> None:
        try:
            self._connection.probe()
        except sqlite3.Error as error:
            _log.warning("logs cannot be written yet: %s", error)
            self._failure = words_for(error)
            self._probe_in = min(self._probe_in * 2, _LAST_PROBE)
        else:
            _log.warning("logs are written again")
            self._failure = None

    def _leave(self) -> None:
        """Leaves whole sums and a small write-ahead log behind. Without that, too, nothing is lost that was kept."""
        try:
            self._connection.fold()
            self._connection.checkpoint()
        except sqlite3.Error as error:
            _log.warning("the database could not be put in order at the end: %s", error)

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        """Runs a function in the loop."""
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            # The loop was closed with the writer open: those who waited are gone.
            _log.warning("the event loop has ended before the log writer")

    # These run in the loop.

    def _release(self, batch: list[_Append], error: errors.EverloopError | None) -> None:
        """Lets those who wait go on; each gets an error of its own, because raising one adds to its traceback."""
        for each in batch:
            self._waiting -= len(each.rows.logs)
            if each.done.done():
                continue
            if error is None:
                each.done.set_result(None)
            else:
                each.done.set_exception(type(error)(error.message))

    def _refuse_rest(self) -> None:
        """For a thread that ended with an error: nobody may wait for it in vain."""
        rest = []
        while not self._queue.empty():
            item = self._queue.get_nowait()
            if item is not None:
                rest.append(item)
        self._release(rest, errors.Unavailable("The log writer has ended."))


def _meaning(error: BaseException) -> errors.EverloopError:
    if isinstance(error, sqlite3.IntegrityError):
        return errors.Conflict("A log with this id exists already.")
    return errors.Unprocessable("A log cannot be stored: a number is too large, or a text is no valid Unicode.")
