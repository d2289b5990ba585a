"""The connections to providers: opened when needed, kept for the next request, closed when nobody needs them."""

import asyncio
import socket
import ssl
from collections import defaultdict
from contextlib import AsyncExitStack
from functools import cached_property
from typing import Final

import aiohappyeyeballs

from everloop.providers.addresses import guarded_socket
from everloop.providers.egress import Egress
from everloop.providers.http_connection import HttpConnection
from everloop.providers.target import Target

# Seconds that a connection waits for its next request. Servers hang up on idle ones, many after a minute or less, and
# a request that crosses a hang-up is lost.
_IDLE: Final = 15.0
# RFC 8305, section 5: how long the next address waits for the one before it.
_NEXT_ADDRESS: Final = 0.25

# With TLS, host, port, and whether the operator decided on it: what was opened by that is for no others.
_Place = tuple[bool, str, int, bool]


class HttpPool:
    """Belongs to one event loop. `connections` limits the requests that are under way (0: no limit)."""

    def __init__(self, loop: asyncio.AbstractEventLoop, connections: int, egress: Egress) -> None:
        self._loop = loop
        self._egress = egress
        self._turns = asyncio.Semaphore(connections) if connections else None
        self._idle: defaultdict[_Place, list[tuple[HttpConnection, float]]] = defaultdict(list)
        self._places: dict[HttpConnection, _Place] = {}
        self._sweep: asyncio.TimerHandle | None = None

    async def connection(self, target: Target, seconds: float) -> HttpConnection:
        """One that is ready for a request; it comes back by itself afterwards.

        Raises `TimeoutError` when it takes longer than `seconds` to get one, and `OSError`.
        """
        place = (target.tls, target.host, target.port, target.listed)
        if self._turns is None or not self._turns.locked():
            if self._turns is not None:
                await self._turns.acquire()  # does not wait
            ready = self._take(place)
            if ready is not None:
                return ready
            return await self._opened(place, seconds, waited=True)
        return await self._opened(place, seconds, waited=False)

    async def close(self) -> None:
        """Closes all connections, also those under way."""
        if self._sweep is not None:
            self._sweep.cancel()
        for connection in list(self._places):
            connection.hang_up()
        await asyncio.sleep(0)

    def _take(self, place: _Place) -> HttpConnection | None:
        """The one used last: the others may grow old and go."""
        idle = self._idle[place]
        while idle:
            connection, since = idle.pop()
            if connection.closed:
                self._places.pop(connection, None)
            elif self._loop.time() - since > _IDLE:
                self._drop(connection)
            else:
                return connection
        return None

    async def _opened(self, place: _Place, seconds: float, *, waited: bool) -> HttpConnection:
        async with AsyncExitStack() as on_failure, asyncio.timeout(seconds):
            if self._turns is not None:
                if not waited:
                    await self._turns.acquire()
                on_failure.callback(self._turns.release)
            connection = self._take(place) or await self._connect(place)
            on_failure.pop_all()
            return connection

    async def _connect(self, place: _Place) -> HttpConnection:
        tls, host, port, listed = place
        found = await self._loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        sockets = guarded_socket if listed else self._egress.sockets(host, port)
        connected = await aiohappyeyeballs.start_connection(
            found, happy_eyeballs_delay=_NEXT_ADDRESS, interleave=1, loop=self._loop, socket_factory=sockets
        )
        try:
            _, connection = await self._loop.create_connection(
                lambda: HttpConnection(self._loop, self._freed),
                sock=connected,
                ssl=self._tls if tls else None,
                server_hostname=host if tls else None,
            )
        except BaseException:
            connected.close()
            raise
        self._places[connection] = place
        return connection

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    def _freed(self, connection: HttpConnection) -> None:
        if self._turns is not None:
            self._turns.release()
        if connection.closed:
            self._places.pop(connection, None)
            return
        self._idle[self._places[connection]].append((connection, self._loop.time()))
        if self._sweep is None:
            self._sweep = self._loop.call_later(_IDLE, self._sweep_idle)

    def _sweep_idle(self) -> None:
        """Closes what was idle for too long, and comes again while anything is idle."""
        oldest = self._loop.time() - _IDLE
        for place, idle in list(self._idle.items()):
            for connection, since in idle:
                if since <= oldest or connection.closed:
                    self._drop(connection)
            kept = [each for each in idle if not each[0].closed]
            if kept:
                self._idle[place] = kept
            else:
                del self._idle[place]
        self._sweep = self._loop.call_later(_IDLE, self._sweep_idle) if self._idle else None

    def _drop(self, connection: HttpConnection) -> None:
        self._places.pop(connection, None)
        if not connection.closed:
            connection.hang_up()
