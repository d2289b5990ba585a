"""Answers of vendors that begin to work and are asked for the outcome later, until there is one.

Where they are asked is made of our own base URL and the job's id, never of a URL in an answer. Each question is tried
again by itself: to begin anew would have the work done twice. A job that nobody waits for any more is cancelled.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Final, Protocol

from everloop.domain.generation import PreparedCall, Sample, Secret, Usage
from everloop.domain.value import value
from everloop.errors import FailureKind, ProviderFailure
from everloop.ports.system import Clock
from everloop.providers.client import HttpClient, TransportFailure
from everloop.providers.connection import Connection
from everloop.providers.redaction import Redactor
from everloop.providers.retry import AttemptFailed, Retrier
from everloop.providers.target import Target
from everloop.providers.wire import JobFormat, WireFormat

# Seconds for telling a vendor that a job may end. Nobody waits for that.
_CANCELLING: Final = 10.0


class _Wire(WireFormat, JobFormat, Protocol):
    """A format of jobs."""


@value
class _Asked:
    """Who asks for what."""

    call: PreparedCall
    key: Secret | None
    redactor: Redactor


class Jobs:
    """The jobs of one server."""

    def __init__(self, connection: Connection, wire: _Wire, client: HttpClient, retrier: Retrier, clock: Clock) -> None:
        self._connection = connection
        self._base = connection.base_url.rstrip("/")
        self._client = client
        self._clock = clock
        self._tasks: set[asyncio.Task[Any]] = set()
        self.wire = wire
        self.retrier = retrier
        self.origin = connection.origin

    async def plain(
        self, call: PreparedCall, key: Secret | None, redactor: Redactor, seconds: float
    ) -> tuple[tuple[Sample, ...], Usage | None, bytes]:
        """One try of a plain call: the job from its beginning to its end. Raises AttemptFailed, ProviderFailure."""
        polled = await self.open(call, key, redactor, seconds)
        state = b""
        try:
            while later := await polled.next():
                state = later
        finally:
            polled.close()
        body = redactor.body(state)
        samples, usage = self.wire.read(call, body, self.origin, redactor)
        return samples, usage, body

    async def open(self, call: PreparedCall, key: Secret | None, redactor: Redactor, seconds: float) -> "Polled":
        """One try of a stream: the job has begun. Raises AttemptFailed, ProviderFailure."""
        deadline = asyncio.get_running_loop().time() + seconds
        asked = _Asked(call, key, redactor)
        beginning = self._kept(self.exchange(asked, "POST", call.path, call.body, seconds))
        try:
            state = await asyncio.shield(beginning)
        except asyncio.CancelledError:
            beginning.add_done_callback(partial(self._unwanted, asked))
            raise
        return Polled(self, asked, state, deadline)

    async def exchange(self, asked: _Asked, method: str, path: str, body: bytes, seconds: float) -> bytes:
        """One request; the body of an answer with a good status, not redacted. Raises AttemptFailed."""
        url, call = self._base + path, asked.call
        target = Target.of(url, listed=self._connection.listed, method=method)
        headers = self.wire.headers(url, call, asked.key)
        try:
            answer = await self._client.post(target, body, headers, seconds, call.request.timeouts)
        except TransportFailure as failure:
            raise self._attempt_failed(failure) from None
        if not 200 <= answer.status < 300:
            refusal = asked.redactor.body(answer.body)
            raise self.wire.refused(self.origin, answer.status, answer.headers, refusal, self._clock)
        return answer.body

    def cancel(self, asked: _Asked, path: str) -> None:
        """Tells the vendor, in the background, that nobody waits for the job."""
        self._kept(self._cancel(asked, path))

    async def _cancel(self, asked: _Asked, path: str) -> None:
        with suppress(AttemptFailed):  # nobody is left to be told
            await self.exchange(asked, "POST", path, b"", _CANCELLING)

    def _unwanted(self, asked: _Asked, beginning: "asyncio.Task[bytes]") -> None:
        """The job has begun after whoever asked for it had gone."""
        if beginning.cancelled() or beginning.exception() is not None:
            return
        with suppress(ProviderFailure):  # it is not known what began
            job = self.wire.job(beginning.result(), self.origin)
            if not job.finished:
                self.cancel(asked, job.cancel)

    def _kept(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _attempt_failed(self, failure: TransportFailure) -> AttemptFailed:
        kinds = (FailureKind.CONNECTION, FailureKind.TIMEOUT)
        message, code = f"{self.origin} {failure.message}.", 200 if failure.answered else None
        told = ProviderFailure(failure.kind, message, origin=self.origin, upstream_code=code)
        return AttemptFailed(told, retryable=not failure.answered and failure.kind in kinds)


class Polled:
    """A job as it goes on, with the methods of `client.Incoming`: each piece is a whole state, the last its outcome."""

    __slots__ = ("_asked", "_deadline", "_first", "_job", "_jobs")

    def __init__(self, jobs: Jobs, asked: _Asked, state: bytes, deadline: float) -> None:
        self._jobs = jobs
        self._asked = asked
        self._deadline = deadline
        self._first = state
        self._job = jobs.wire.job(state, jobs.origin)

    async def next(self) -> bytes:
        """The next state; nothing after that of the finished job. Raises ProviderFailure."""
        first, self._first = self._first, b""
        if first or self._job.finished:
            return first
        await asyncio.sleep(max(min(self._jobs.wire.interval, self._left()), 0))
        left = self._left()
        if left <= 0:
            raise self._too_slow()
        ask = partial(self._jobs.exchange, self._asked, "GET", self._job.path, b"")
        state, _ = await self._jobs.retrier.run(ask, left)
        # The paths stay those of the first answer.
        self._job = replace(self._job, finished=self._jobs.wire.job(state, self._jobs.origin).finished)
        return state

    async def settle(self) -> None:
        """There is no connection to be given back."""

    def close(self) -> None:
        """Cancels the job, unless it has finished."""
        if not self._job.finished:
            self._jobs.cancel(self._asked, self._job.cancel)

    def _left(self) -> float:
        return self._deadline - asyncio.get_running_loop().time()

    def _too_slow(self) -> ProviderFailure:
        message = f"{self._jobs.origin} did not complete its answer in time."
        return ProviderFailure(FailureKind.TIMEOUT, message, origin=self._jobs.origin, upstream_code=200)
