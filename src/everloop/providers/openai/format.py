"""The OpenAI wire format as a whole. Models that are only in Responses are called there, in that format."""

from collections.abc import Mapping
from typing import Final

from everloop.domain.capabilities import ALL
from everloop.domain.generation import GenerationRequest, PreparedCall, Sample, Secret, Usage
from everloop.errors import ProviderFailure
from everloop.ports.system import Clock
from everloop.providers.bearer import bearer
from everloop.providers.failures import decoded, unstreamed
from everloop.providers.openai import answer, error, request
from everloop.providers.openai.stream import StreamedAnswer
from everloop.providers.redaction import Redactor
from everloop.providers.responses import request as responses
from everloop.providers.responses.format import ResponsesFormat
from everloop.providers.retry import AttemptFailed
from everloop.providers.sse_reader import SseReader

_RESPONSES: Final = ResponsesFormat()


class OpenAiFormat:
    """A `wire.WireFormat`; it knows nothing of servers and may be shared between them."""

    capabilities: Final = ALL

    def prepare(self, request_: GenerationRequest) -> PreparedCall:
        """The request in the format's words. Raises `errors.Unprocessable`."""
        return request.prepare(request_)

    def headers(self, url: str, call: PreparedCall, key: Secret | None) -> Mapping[str, str]:  # noqa: ARG002 - the protocol's
        """A bearer token."""
        return bearer(key)

    def read(
        self, call: PreparedCall, body: bytes, origin: str, redactor: Redactor
    ) -> tuple[tuple[Sample, ...], Usage | None]:
        """A plain answer. Raises ProviderFailure."""
        if call.path == responses.PATH:
            return _RESPONSES.read(call, body, origin, redactor)
        return answer.read(body, origin, call.request.samples, redactor)

    def follow(self, call: PreparedCall, origin: str, redactor: Redactor) -> SseReader:
        """What reads a streamed answer."""
        if call.path == responses.PATH:
            return _RESPONSES.follow(call, origin, redactor)
        follower = StreamedAnswer(origin, call.request.samples, redactor, chat=request.chats(call))
        return SseReader(follower, origin)

    def refused(self, origin: str, status: int, headers: Mapping[str, str], body: bytes, clock: Clock) -> AttemptFailed:
        """What another status than 2xx stands for."""
        return error.from_status(origin, status, headers, body, clock)

    def unstreamed(self, origin: str, body: bytes) -> ProviderFailure:
        """What a plain answer stands for, where a stream was asked for."""
        value = decoded(body)
        if isinstance(value, dict) and value.get("error"):
            return error.from_object(origin, value)
        return unstreamed(origin)
