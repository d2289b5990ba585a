"""The OpenAI wire format as a provider: OpenAI itself, and every server that speaks the same."""

import re
from collections.abc import AsyncGenerator
from functools import partial
from typing import Final

from everloop.domain.generation import (
    Event,
    Generation,
    GenerationRequest,
    PreparedCall,
    Sample,
    Secret,
    Usage,
    joined,
)
from everloop.errors import FailureKind, ProviderFailure
from everloop.ports.system import Clock, Metrics
from everloop.providers import openai_answer, openai_error, openai_request
from everloop.providers.client import HttpClient, Incoming, TransportFailure
from everloop.providers.connection import Connection
from everloop.providers.measured import Measured
from everloop.providers.openai_stream import StreamedAnswer
from everloop.providers.redaction import Redactor
from everloop.providers.retry import AttemptFailed, Retrier
from everloop.providers.sse import SseParser
from everloop.providers.target import Target

_SENDABLE_KEY: Final = re.compile(r"[\x21-\x7e]+")


class OpenAiProvider:
    """One server that speaks the format, at one base URL."""

    def __init__(
        self, connection: Connection, client: HttpClient, retrier: Retrier, clock: Clock, metrics: Metrics
    ) -> None:
        self._connection = connection
        self._client = client
        self._retrier = retrier
        self._clock = clock
        self._metrics = metrics
        base = connection.base_url.rstrip("/")
        self._urls = {path: Target.of(base + path) for path in openai_request.PATHS}

    @property
    def origin(self) -> str:
        """The display name for errors."""
        return self._connection.origin

    @property
    def needs_key(self) -> bool:
        """Whether a call without a key is senseless."""
        return self._connection.needs_key

    def prepare(self, request: GenerationRequest) -> PreparedCall:
        """The request in the vendor's words. Raises `errors.Unprocessable`."""
        return openai_request.prepare(request)

    async def complete(self, call: PreparedCall, key: Secret | None) -> Generation:
        """The whole answer; `latency` counts from the first try. Raises `errors.ProviderFailure`."""
        headers, redactor = self._headers(key), Redactor(key)
        with Measured(self._connection.provider, self._clock, self._metrics) as measured:
            attempt = partial(self._plain, call, headers, redactor)
            (samples, usage, body), tries = await self._retrier.run(attempt, self._client.timeouts.total)
            return Generation(samples, usage, body, measured.seconds, tries)

    async def stream(self, call: PreparedCall, key: Secret | None) -> AsyncGenerator[Event, None]:
        """The answer as it comes. Raises `errors.ProviderFailure` before the first event, yields Failure after it."""
        headers, redactor, parser = self._headers(key), Redactor(key), SseParser()
        answer = StreamedAnswer(self.origin, call.request.samples, redactor, chat=openai_request.chats(call))
        with Measured(self._connection.provider, self._clock, self._metrics) as measured:
            attempt = partial(self._open, call, headers, redactor)
            incoming, _ = await self._retrier.run(attempt, self._client.timeouts.total)
            try:
                while not answer.over:
                    events = await self._packet(incoming, parser, answer)
                    if answer.failure is not None:
                        measured.outcome = answer.failure.kind
                        if not answer.spoken:
                            raise answer.failure
                    elif answer.complete:
                        measured.outcome = "ok"
                    for event in events:
                        yield event
                await incoming.settle()
            finally:
                incoming.close()

    def _headers(self, key: Secret | None) -> dict[str, str]:
        if key is None:
            return {}
        if _SENDABLE_KEY.fullmatch(key.value) is None:
            message = f"The key for {self.origin} is empty or holds characters that cannot be sent, such as spaces."
            raise ProviderFailure(FailureKind.AUTHENTICATION, message, origin=self.origin)
        return {"Authorization": f"Bearer {key.value}"}

    async def _plain(
        self, call: PreparedCall, headers: dict[str, str], redactor: Redactor, seconds: float
    ) -> tuple[tuple[Sample, ...], Usage | None, bytes]:
        try:
            answer = await self._client.post(self._urls[call.path], call.body, headers, seconds)
        except TransportFailure as failure:
            raise self._attempt_failed(failure) from None
        body = redactor.body(answer.body)
        if not 200 <= answer.status < 300:
            raise openai_error.from_status(self.origin, answer.status, answer.headers, body, self._clock)
        samples, usage = openai_answer.read(body, self.origin, call.request.samples, redactor)
        return samples, usage, body

    async def _open(self, call: PreparedCall, headers: dict[str, str], redactor: Redactor, seconds: float) -> Incoming:
        """A stream that has begun with a good status; hung up on every other way out."""
        try:
            incoming = await self._client.open(self._urls[call.path], call.body, headers, seconds)
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
            raise openai_error.from_status(self.origin, incoming.status, incoming.headers, body, self._clock)
        value = openai_error.decoded(body)
        if isinstance(value, dict) and value.get("error"):
            raise openai_error.from_object(self.origin, value)
        raise openai_error.malformed(self.origin, "was asked for a stream and sent something else.")

    async def _packet(self, incoming: Incoming, parser: SseParser, answer: StreamedAnswer) -> list[Event]:
        """What the next bytes say, or their end, or their failure."""
        try:
            packet = await incoming.next()
        except TransportFailure as failure:
            return answer.fail(self._failure(failure))
        events = [event for said in (parser.feed(packet) if packet else parser.end()) for event in answer.read(said)]
        if parser.too_long:
            events += answer.fail(openai_error.malformed(self.origin, "sent a line of more than 1 MiB."))
        elif not packet:
            events += answer.end()
        return joined(events)

    def _attempt_failed(self, failure: TransportFailure) -> AttemptFailed:
        kinds = (FailureKind.CONNECTION, FailureKind.TIMEOUT)
        return AttemptFailed(self._failure(failure), retryable=not failure.answered and failure.kind in kinds)

    def _failure(self, failure: TransportFailure) -> ProviderFailure:
        return ProviderFailure(
            failure.kind,
            f"{self.origin} {failure.message}.",
            origin=self.origin,
            upstream_code=200 if failure.answered else None,
        )
