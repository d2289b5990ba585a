"""The wire format of Gemini as a whole."""

from collections.abc import Mapping
from typing import Any, Final

from everloop.domain.capabilities import without
from everloop.domain.generation import GenerationRequest, PreparedCall, Secret
from everloop.errors import ProviderFailure
from everloop.ports.system import Clock
from everloop.providers.google import answer, error, request
from everloop.providers.google.stream import StreamedAnswer
from everloop.providers.redaction import Redactor
from everloop.providers.retry import AttemptFailed
from everloop.providers.sse_format import Answered, SseFormat


class GoogleFormat(SseFormat):
    """A `wire.WireFormat`.

    The API has `candidateCount` for several samples, yet no model since Gemini 3 takes it
    (https://github.com/googleapis/js-genai/issues/1609), so each sample is a request of its own.
    """

    capabilities: Final = without("completions", "samples", "suffix")

    def prepare(self, request_: GenerationRequest) -> PreparedCall:
        """The request in the format's words. Raises `errors.Unprocessable`."""
        return request.prepare(request_)

    def headers(self, url: str, call: PreparedCall, key: Secret | None) -> Mapping[str, str]:  # noqa: ARG002 - the protocol's
        """The key, in a header of Google's own: in the URL it would get into logs."""
        return {} if key is None else {"x-goog-api-key": key.value}

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
        return error.from_object(origin, value) if error.holds(value) else None
