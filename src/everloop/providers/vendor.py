"""One server that speaks a wire format, at one base URL, as a provider."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Final

from everloop.domain.capabilities import ALL, common
from everloop.domain.generation import (
    Event,
    Generation,
    GenerationRequest,
    PreparedCall,
    Retried,
    Sample,
    Secret,
    Usage,
    joined,
)
from everloop.domain.policy import Timeouts
from everloop.errors import FailureKind, ProviderFailure
from everloop.ports.system import Clock, Metrics
from everloop.providers.bearer import require_sendable
from everloop.providers.capabilities import check
from everloop.providers.circuit import Circuit, Turn
from everloop.providers.client import HttpClient, Incoming, TransportFailure
from everloop.providers.connection import Connection
from everloop.providers.jobs import Jobs, Polled
from everloop.providers.measured import Measured
from everloop.providers.parted_key import redactor_of
from everloop.providers.redaction import Redactor
from everloop.providers.retry import AttemptFailed, Retrier
from everloop.providers.target import Target
from everloop.providers.wire import AnswerReader, JobFormat, WireFormat

# Formats that put the model into the path have one for each model that is called.
_REMEMBERED: Final = 1_000
_SHORT: Final = 500

# One try of a call: what it takes, the seconds that are left, and what comes of it.
_Completing = Callable[
    [PreparedCall, Secret | None, Redactor, float], Awaitable[tuple[tuple[Sample, ...], Usage | None, bytes]]
]
_Opening = Callable[[PreparedCall, Secret | None, Redactor, float], Awaitable[Incoming | Polled]]


class VendorProvider:
    """Sends what its format prepares, and reads what comes back as its format says."""

    def __init__(
        self,
        connection: Connection,
        wire: WireFormat,
        client: HttpClient,
        retrier: Retrier,
        clock: Clock,
        metrics: Metrics,
        circuit: Circuit | None = None,
    ) -> None:
        self._connection = connection
        self._wire = wire
        self._client = client
        self._retrier = retrier
        self._clock = clock
        self._metrics = metrics
        self._circuit = circuit or Circuit(connection.origin, clock)
        metrics.watch(connection.provider, self._circuit)
        self._base = connection.base_url.rstrip("/")
        self._facts = common(wire.capabilities, connection.facts)
        self._targets: dict[str, Target] = {}
        self._operators: Redactor | None = None
        jobs = Jobs(connection, wire, client, retrier, clock) if isinstance(wire, JobFormat) else None
        self._completing: _Completing = self._plain if jobs is None else jobs.plain
        self._opening: _Opening = self._open if jobs is None else jobs.open

    @property
    def origin(self) -> str:
        """The display name for errors."""
        return self._connection.origin

    @property
    def needs_key(self) -> bool:
        """Whether a call without a key is senseless."""
        return self._connection.needs_key

    @property
    def samples_together(self) -> bool:
        """Whether one request may ask for several samples."""
        return self._facts.samples

    def prepare(self, request: GenerationRequest) -> PreparedCall:
        """The request in the vendor's words. Raises `errors.Unprocessable`."""
        if self._facts is not ALL:
            check(request, self._facts, self.origin)
            if request.samples > 1 and not self._facts.samples:
                return replace(self._wire.prepare(replace(request, samples=1)), request=request)
        return self._wire.prepare(request)

    async def complete(self, call: PreparedCall, key: Secret | None) -> Generation:
        """The whole answer; `latency` counts from the first try. Raises `errors.ProviderFailure`."""
        redactor = self._redactor(key)
        with self._turn(call) as turn, Measured(self._connection.provider, self._clock, self._metrics) as measured:
            attempt = partial(self._completing, call, key, redactor)
            (samples, usage, body), tries = await self._retrier.run(attempt, self._total(call), turn)
            turn.answered()
            return Generation(samples, usage, body, measured.seconds, tries)

    async def stream(self, call: PreparedCall, key: Secret | None) -> AsyncGenerator[Event, None]:
        """The answer as it comes. Raises `errors.ProviderFailure` before the first event, yields Failure after it."""
        redactor = self._redactor(key)
        answer = self._wire.follow(call, self.origin, redactor)
        with self._turn(call) as turn, Measured(self._connection.provider, self._clock, self._metrics) as measured:
            attempt = partial(self._opening, call, key, redactor)
            incoming, tries = await self._retrier.run(attempt, self._total(call), turn)
            try:
                if tries > 1:
                    yield Retried(tries - 1)
                while not answer.over:
                    events = await self._packet(incoming, answer)
                    if answer.failure is not None:
                        measured.outcome = answer.failure.kind
                        turn.failed(answer.failure)
                        if not answer.spoken:
                            answer.failure.tries = tries
                            raise answer.failure
                    elif answer.spoken:
                        turn.answered()
                        if answer.complete:
                            measured.outcome = "ok"
                    for event in events:
                        yield event
                await incoming.settle()
            finally:
                incoming.close()

    def _redactor(self, key: Secret | None) -> Redactor:
        """What takes the key out. Raises ProviderFailure for one that cannot be sent.

        That of the operator's key is made once; other keys are kept for no longer than their call.
        """
        if key is None or key is not self._connection.key:
            require_sendable(key, self.origin)
            return redactor_of(key)
        if self._operators is None:
            require_sendable(key, self.origin)
            self._operators = redactor_of(key)
        return self._operators

    def _turn(self, call: PreparedCall) -> Turn:
        """Raises `errors.ProviderFailure` when the server is known to be down."""
        asked, usual = call.request.timeouts, self._client.timeouts
        return self._circuit.turn(patient=asked is None or _is_patient(asked, usual))

    def _total(self, call: PreparedCall) -> float:
        return (call.request.timeouts or self._client.timeouts).total

    def _target(self, path: str) -> Target:
        target = self._targets.get(path)
        if target is None:
            target = Target.of(self._base + path, listed=self._connection.listed)
            if len(self._targets) >= _REMEMBERED:
                self._targets.clear()
            if len(path) <= _SHORT:
                self._targets[path] = target
        return target

    async def _plain(
        self, call: PreparedCall, key: Secret | None, redactor: Redactor, seconds: float
    ) -> tuple[tuple[Sample, ...], Usage | None, bytes]:
        headers = self._wire.headers(self._base + call.path, call, key)
        try:
            answer = await self._client.post(
                self._target(call.path), call.body, headers, seconds, call.request.timeouts
            )
        except TransportFailure as failure:
            raise self._attempt_failed(failure) from None
        body = redactor.body(answer.body)
        if not 200 <= answer.status < 300:
            raise self._wire.refused(self.origin, answer.status, answer.headers, body, self._clock)
        samples, usage = self._wire.read(call, body, self.origin, redactor)
        return samples, usage, body

    async def _open(self, call: PreparedCall, key: Secret | None, redactor: Redactor, seconds: float) -> Incoming:
        """A stream that has begun with a good status; hung up on every other way out."""
        headers = self._wire.headers(self._base + call.path, call, key)
        try:
            incoming = await self._client.open(
                self._target(call.path), call.body, headers, seconds, call.request.timeouts
            )
        except TransportFailure as failure:
            raise self._attempt_failed(failure) from None
        kind = incoming.headers.get("Content-Type", "")
        if 200 <= incoming.status < 300 and "json" not in kind and "html" not in kind:
            return incoming
        try:
            body = redactor.body(await incoming.read())
        except TransportFailure as failure:
            raise self._attempt_failed(failure) from None
        finally:
            incoming.close()
        if not 200 <= incoming.status < 300:
            raise self._wire.refused(self.origin, incoming.status, incoming.headers, body, self._clock)
        raise self._wire.unstreamed(self.origin, body)

    async def _packet(self, incoming: Incoming | Polled, answer: AnswerReader) -> list[Event]:
        """What the next bytes say, or their end, or their failure."""
        try:
            packet = await incoming.next()
        except TransportFailure as failure:
            return answer.fail(self._failure(failure))
        except ProviderFailure as failure:
            return answer.fail(failure)
        return joined(answer.feed(packet) if packet else answer.end())

    def _attempt_failed(self, failure: TransportFailure) -> AttemptFailed:
        kinds = (FailureKind.CONNECTION, FailureKind.TIMEOUT)
        hopeful = failure.kind in kinds and not failure.answered and not failure.final
        return AttemptFailed(self._failure(failure), retryable=hopeful)

    def _failure(self, failure: TransportFailure) -> ProviderFailure:
        return ProviderFailure(
            failure.kind,
            f"{self.origin} {failure.message}.",
            origin=self.origin,
            upstream_code=200 if failure.answered else None,
        )


def _is_patient(asked: Timeouts, usual: Timeouts) -> bool:
    """Whether a place waits for each step at least as long as others do."""
    return (
        asked.connect >= usual.connect
        and asked.first_byte >= usual.first_byte
        and asked.gap >= usual.gap
        and asked.total >= usual.first_byte
    )
