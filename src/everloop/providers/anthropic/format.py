"""The Messages API of Anthropic as a wire format."""

from collections.abc import Mapping
from typing import Final

from everloop.domain.capabilities import Capabilities
from everloop.domain.generation import GenerationRequest, PreparedCall, Sample, Secret, Usage
from everloop.errors import ProviderFailure
from everloop.ports.system import Clock
from everloop.providers.anthropic import answer, error, request
from everloop.providers.anthropic.stream import StreamedMessage
from everloop.providers.bearer import bearer
from everloop.providers.failures import decoded, malformed
from everloop.providers.redaction import Redactor
from everloop.providers.retry import AttemptFailed
from everloop.providers.sse_reader import SseReader


class AnthropicFormat:
    """A `wire.WireFormat`; it knows nothing of servers and may be shared between them."""

    capabilities: Final = Capabilities(
        images=True,
        tools=True,
        tool_choice=True,
        json_schema=True,
        reasoning_effort=True,
        reasoning_tokens=True,
        stop=True,
    )

    def prepare(self, request_: GenerationRequest) -> PreparedCall:
        """The request in the format's words. Raises `errors.Unprocessable`."""
        return request.prepare(request_)

    def headers(self, url: str, call: PreparedCall, key: Secret | None) -> Mapping[str, str]:  # noqa: ARG002 - the protocol's
        """A bearer token, and the version of the API that the request is written in.

        https://platform.claude.com/docs/en/manage-claude/authentication
        """
        return {**bearer(key), "anthropic-version": request.version(call.request.config)}

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
        return SseReader(StreamedMessage(origin, redactor), origin)

    def refused(self, origin: str, status: int, headers: Mapping[str, str], body: bytes, clock: Clock) -> AttemptFailed:
        """What another status than 2xx stands for."""
        return error.from_status(origin, status, headers, body, clock)

    def unstreamed(self, origin: str, body: bytes) -> ProviderFailure:
        """What a plain answer stands for, where a stream was asked for."""
        value = decoded(body)
        if isinstance(value, dict) and value.get("error"):
            return error.from_object(origin, value)
        return malformed(origin, "was asked for a stream and sent something else.")
