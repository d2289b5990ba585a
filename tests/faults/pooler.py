"""A pooler in transaction mode, as PgBouncer is: each transaction gets the connection that has waited longest.

So two transactions in a row of one client never meet the same session, as long as there is another one: what a client
said outside of a transaction is not heard within the next, and a statement that it has prepared is not there.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Final

from tests.postgres import Cluster

_SESSIONS: Final = 3
_READY: Final = b"Z"
_IDLE: Final = b"I"
_KEY: Final = b"K"
_TERMINATE: Final = b"X"

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(5)
    return head + await reader.readexactly(int.from_bytes(head[1:], "big") - 4)


async def _greeting(reader: asyncio.StreamReader) -> bytes:
    """What a session says before it waits for its first message."""
    said = b""
    while (message := await _message(reader))[:1] != _READY:
        said += message
    return said + message


class _Pool:
    def __init__(self, cluster: Cluster, sessions: int) -> None:
        self._cluster = cluster
        self._limit = sessions
        self._free: deque[Stream] = deque()
        self._opened: list[asyncio.StreamWriter] = []
        self._made = 0
        self._come = asyncio.Condition()
        self.greeting = b""

    async def take(self, startup: bytes) -> Stream:
        async with self._come:
            while self._made >= self._limit and not self._free:
                await self._come.wait()
            if self._made < self._limit:
                self._made += 1
                return await self._open(startup)
            return self._free.popleft()

    async def give(self, behind: Stream | None) -> None:
        async with self._come:
            if behind is None:
                self._made -= 1
            else:
                self._free.append(behind)
            self._come.notify()

    async def close(self) -> None:
        """Ends all sessions, and lets the loop see that clients are gone."""
        for writer in self._opened:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _open(self, startup: bytes) -> Stream:
        behind = await asyncio.open_unix_connection(self._cluster.folder / ".s.PGSQL.5432")
        self._opened.append(behind[1])
        behind[1].write(startup)
        said = await _greeting(behind[0])
        # A process number of its own, as it must give one out that leads to no session.
        before, key, after = said.partition(_KEY + b"\x00\x00\x00\x0c")
        self.greeting = before + key + b"\x00\x00\x00\x01" + after[4:]
        return behind


class _Client:
    """One connection to the pooler."""

    def __init__(self, pool: _Pool, stream: Stream) -> None:
        self._pool = pool
        self._reader, self._writer = stream
        self._asked: asyncio.Queue[bytes] = asyncio.Queue()

    async def serve(self) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError), closing(self._writer):
            size = await self._reader.readexactly(4)
            startup = size + await self._reader.readexactly(int.from_bytes(size, "big") - 4)
            await self._pool.give(await self._pool.take(startup))
            self._writer.write(self._pool.greeting)
            asking = asyncio.create_task(self._ask())
            try:
                while message := await self._asked.get():
                    await self._transaction(startup, message)
            finally:
                asking.cancel()

    async def _ask(self) -> None:
        """Hears what the client asks; nothing is the end."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while (message := await _message(self._reader))[:1] != _TERMINATE:
                self._asked.put_nowait(message)
        self._asked.put_nowait(b"")

    async def _transaction(self, startup: bytes, message: bytes) -> None:
        """From the first message outside of a transaction to the end of the one that it begins."""
        session = await self._pool.take(startup)
        whole = False
        answering = asyncio.create_task(self._answer(session))
        try:
            while message:
                session[1].write(message)
                asked = asyncio.create_task(self._asked.get())
                await asyncio.wait({asked, answering}, return_when=asyncio.FIRST_COMPLETED)
                if answering.done():
                    answering.result()
                    if not asked.done():
                        asked.cancel()
                        whole = True
                        return
                    answering = asyncio.create_task(self._answer(session))  # it was quick, and may have it once more
                message = await asked
            self._asked.put_nowait(b"")
        finally:
            answering.cancel()
            if not whole:
                session[1].close()  # a client that goes away in a transaction takes the session with it
            await self._pool.give(session if whole else None)

    async def _answer(self, session: Stream) -> None:
        """Passes on what the session says until no transaction is open in it."""
        while True:
            message = await _message(session[0])
            self._writer.write(message)
            await self._writer.drain()
            if message[:1] == _READY and message[5:] == _IDLE:
                return


@contextmanager
def pooler(cluster: Cluster, sessions: int = _SESSIONS) -> Iterator[int]:
    """The port of one, in a thread of its own, which has so many sessions of one database."""
    loop, started = asyncio.new_event_loop(), threading.Event()
    port = 0

    async def run() -> None:
        nonlocal port
        pool = _Pool(cluster, sessions)
        tasks: set[asyncio.Task[None]] = set()

        async def come(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            with suppress(asyncio.CancelledError):
                await _Client(pool, (reader, writer)).serve()
            with suppress(ConnectionError):
                await writer.wait_closed()

        listening = await asyncio.start_server(come, "127.0.0.1", limit=2**26)
        port = listening.sockets[0].getsockname()[1]
        started.set()
        await stopping.wait()
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await pool.close()
        # What a client that was cut off in the middle had begun.
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for each in rest:
            each.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    stopping = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), name="pooler", daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join(10)
        assert not thread.is_alive()
        loop.close()
