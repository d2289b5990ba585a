"""The wire format of Gemini as a whole."""

from collections.abc import Mapping
from typing import Final

from everloop.domain.capabilities import without
from everloop.domain.generation import GenerationRequest, PreparedCall, Sample, Secret, Usage
from everloop.errors import ProviderFailure
from everloop.ports.system import Clock
from everloop.providers.failures import decoded, malformed
from everloop.providers.google import answer, error, request
from everloop.providers.google.stream import StreamedAnswer
from everloop.providers.redaction import Redactor
from everloop.providers.retry import AttemptFailed
from everloop.providers.sse_reader import SseReader


class GoogleFormat:
    """A `wire.WireFormat`; it knows nothing of servers and may be shared between them.

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

    def read(
        self,
        call: PreparedCall,  # noqa: ARG002 - the protocol's
        body: bytes,
        origin: str,
        redactor: Redactor,
    ) -> tuple[tuple[Sample, ...], Usage | None]:
        """A plain answer. Raises ProviderFailure."""
        return answer.read(body, origin, redactor)

    def follow(self, call: PreparedCall, origin: str, redactor: Redactor) -> SseReader:  # noqa: ARG002 - the protocol's
        """What reads a streamed answer."""
        return SseReader(StreamedAnswer(origin, redactor), origin)

    def refused(self, origin: str, status: int, headers: Mapping[str, str], body: bytes, clock: Clock) -> AttemptFailed:
        """What another status than 2xx stands for."""
        return error.from_status(origin, status, headers, body, clock)

    def unstreamed(self, origin: str, body: bytes) -> ProviderFailure:
        """What a plain answer stands for, where a stream was asked for."""
        value = decoded(body)
        if error.holds(value):
            return error.from_object(origin, value)
        return malformed(origin, "was asked for a stream and sent something else.")
