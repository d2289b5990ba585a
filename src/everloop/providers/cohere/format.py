"""The wire format of Cohere's chat as a whole."""

from collections.abc import Mapping
from typing import Any, Final

from everloop.domain.capabilities import without
from everloop.domain.generation import GenerationRequest, PreparedCall
from everloop.errors import ProviderFailure
from everloop.ports.system import Clock
from everloop.providers.cohere import answer, error, request
from everloop.providers.cohere.stream import StreamedAnswer
from everloop.providers.redaction import Redactor
from everloop.providers.retry import AttemptFailed
from everloop.providers.sse_format import Answered, SseFormat


class CohereFormat(SseFormat):
    """A `wire.WireFormat`."""

    capabilities: Final = without("completions", "samples", "suffix", "reasoning_tokens")

    def prepare(self, request_: GenerationRequest) -> PreparedCall:
        """The request in the format's words. Raises `errors.Unprocessable`."""
        return request.prepare(request_)

    def answered(self, body: bytes, origin: str, redactor: Redactor) -> Answered:
        """The sample of a plain answer. Raises ProviderFailure."""
        return answer.read(body, origin, redactor)

    def follower(self, origin: str, redactor: Redactor) -> StreamedAnswer:
        """What reads the events of a stream."""
        return StreamedAnswer(origin, redactor)

    def refused(self, origin: str, status: int, headers: Mapping[str, str], body: bytes, clock: Clock) -> AttemptFailed:
        """What another status than 2xx stands for."""
        return error.from_status(origin, status, headers, body, clock)

    def inside(self, origin: str, value: Any) -> ProviderFailure | None:  # noqa: ANN401 - any JSON value
        """The error where an answer should be."""
        return error.inside(origin, value)
