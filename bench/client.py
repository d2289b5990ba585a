"""A load generator of our own: raw connections, one request at a time on each, every answer timed.

It checks what `wrk` cannot see (the text of each answer, the ids that were acknowledged) and times the first event of
a stream. It also stands in for `wrk` where that is not installed.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import httptools
import uvloop

from bench.calls import Call
from bench.processes import HOST

GRACE = 30.0  # seconds beyond the end for answers that are under way


@dataclass(slots=True)
class Answer:
    """One request's fate. Times in seconds since it was sent; status 0 when none arrived."""

    call: Call
    status: int = 0
    first_byte: float = 0.0
    seconds: float = 0.0
    complete: bool = False
    body: bytes = b""

    @property
    def good(self) -> bool:
        """Tell whether a whole 2xx answer arrived."""
        return self.complete and self.status // 100 == 2


@dataclass(frozen=True, slots=True)
class Burst:
    """What was asked and answered, and over how many seconds."""

    answers: list[Answer]
    seconds: float

    @property
    def good(self) -> list[Answer]:
        """Return the whole 2xx answers."""
        return [answer for answer in self.answers if answer.good]


def send_for(seconds: float, calls: Sequence[Call], connections: int, *, keep_bodies: bool) -> Burst:
    """Send for a time; the connections take the calls in turn; answers under way at the end are waited for."""
    return uvloop.run(_send(_Until(seconds), calls, connections, seconds + GRACE, keep_bodies=keep_bodies))


def send_count(count: int, calls: Sequence[Call], connections: int) -> Burst:
    """Send exactly `count` requests and keep every body."""
    return uvloop.run(_send(_Times(count), calls, connections, GRACE, keep_bodies=True))


def send_until_cut(cut: Callable[[], None], after: float, calls: Sequence[Call], connections: int) -> Burst:
    """Send without end, call `cut` after so many seconds, and return what arrived until every connection broke."""

    async def run() -> Burst:
        asyncio.get_running_loop().call_later(after, cut)
        return await _send(_Until(after + GRACE), calls, connections, after + GRACE, keep_bodies=True)

    return uvloop.run(run())


class _Until:
    """Allows requests until a time has passed since the first was asked for."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = 0.0

    def __call__(self) -> bool:
        now = time.perf_counter()
        self._end = self._end or now + self._seconds
        return now < self._end


class _Times:
    """Allows a number of requests."""

    def __init__(self, count: int) -> None:
        self._left = count

    def __call__(self) -> bool:
        self._left -= 1
        return self._left >= 0


class _Connection(asyncio.Protocol):
    """One keep-alive connection that sends again as soon as it is answered, as long as that is allowed."""

    def __init__(self, call: Call, place: int, allowed: Callable[[], bool], answers: list[Answer]) -> None:
        """`place` is the body of the call to begin with, so that connections do not go in step."""
        self.finished = asyncio.get_running_loop().create_future()
        self.keep_bodies = True
        self._call = call
        self._raw = call.raw()
        self._next = place
        self._allowed = allowed
        self._answers = answers
        self._parser = httptools.HttpResponseParser(self)
        self._answer: Answer | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def start(self) -> None:
        """Send the first request (once all connections are open)."""
        self._send()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - a broken answer is told by its record
        if self._answer is not None:
            self._end(self._answer)
        if not self.finished.done():
            self.finished.set_result(None)

    def on_headers_complete(self) -> None:
        """Note the status (called by the parser)."""
        cast("Answer", self._answer).status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        """Note when the first byte came (called by the parser)."""
        answer = cast("Answer", self._answer)
        answer.first_byte = answer.first_byte or time.perf_counter() - self._sent
        if self.keep_bodies:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        """Keep the answer and go on (called by the parser)."""
        answer = cast("Answer", self._answer)
        answer.complete = True
        self._end(answer)
        self._send()

    def _send(self) -> None:
        if not self._allowed():
            self._transport.close()
            return
        self._answer = Answer(self._call)
        self._parts: list[bytes] = []
        self._sent = time.perf_counter()
        self._transport.write(self._raw[self._next % len(self._raw)])
        self._next += 1

    def _end(self, answer: Answer) -> None:
        answer.seconds = time.perf_counter() - self._sent
        answer.body = b"".join(self._parts)
        self._answers.append(answer)
        self._answer = None


async def _send(
    allowed: Callable[[], bool], calls: Sequence[Call], connections: int, limit: float, *, keep_bodies: bool
) -> Burst:
    loop = asyncio.get_running_loop()
    answers: list[Answer] = []
    protocols: list[_Connection] = []
    async with asyncio.timeout(limit):
        for place in range(connections):
            call = calls[place % len(calls)]
            connection = _Connection(call, place * len(call.bodies) // connections, allowed, answers)
            connection.keep_bodies = keep_bodies
            await loop.create_connection(lambda made=connection: made, HOST, call.port)  # type: ignore[misc]
            protocols.append(connection)
        started = time.perf_counter()
        for connection in protocols:
            connection.start()
        await asyncio.gather(*(connection.finished for connection in protocols))
    return Burst(answers, time.perf_counter() - started)
