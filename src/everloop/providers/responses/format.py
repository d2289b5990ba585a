"""The wire format of OpenAI's Responses as a whole."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from everloop.domain.generation import GenerationRequest, PreparedCall
from everloop.errors import ProviderFailure
from everloop.ports.system import Clock
from everloop.providers.openai.error import from_status
from everloop.providers.redaction import Redactor
from everloop.providers.responses import answer, request
from everloop.providers.responses.error import from_error
from everloop.providers.responses.stream import StreamedAnswer
from everloop.providers.retry import AttemptFailed
from everloop.providers.sse_format import Answered, SseFormat


class ResponsesFormat(SseFormat):
    """A `wire.WireFormat`. The last event of a stream repeats the whole answer."""

    capabilities: Final = request.CAPABILITIES
    longest: ClassVar[int] = 8 * 1024 * 1024

    def prepare(self, request_: GenerationRequest) -> PreparedCall:
        """The request in the format's words. Raises `errors.Unprocessable`."""
        return request.prepare(request_)

    def answered(self, body: bytes, origin: str, redactor: Redactor) -> Answered:
        """The sample of a plain answer. Raises ProviderFailure."""
        sample, usage = answer.read(body, origin, redactor)
        return (sample,), usage

    def follower(self, origin: str, redactor: Redactor) -> StreamedAnswer:
        """What reads the events of a stream."""
        return StreamedAnswer(origin, redactor)

    def refused(self, origin: str, status: int, headers: Mapping[str, str], body: bytes, clock: Clock) -> AttemptFailed:
        """What another status than 2xx stands for."""
        return from_status(origin, status, headers, body, clock)

    def inside(self, origin: str, value: Any) -> ProviderFailure | None:  # noqa: ANN401 - any JSON value
        """The error where an answer should be."""
        return from_error(origin, value["error"]) if isinstance(value, dict) and value.get("error") else None
