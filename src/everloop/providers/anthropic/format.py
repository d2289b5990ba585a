"""The Messages API of Anthropic as a wire format."""

from collections.abc import Mapping
from typing import Any, Final

from everloop.domain.capabilities import Capabilities
from everloop.domain.generation import GenerationRequest, PreparedCall, Secret
from everloop.errors import ProviderFailure
from everloop.ports.system import Clock
from everloop.providers.anthropic import answer, error, request
from everloop.providers.anthropic.stream import StreamedMessage
from everloop.providers.bearer import bearer
from everloop.providers.redaction import Redactor
from everloop.providers.retry import AttemptFailed
from everloop.providers.sse_format import Answered, SseFormat


class AnthropicFormat(SseFormat):
    """A `wire.WireFormat`."""

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

    def answered(self, body: bytes, origin: str, redactor: Redactor) -> Answered:
        """The sample of a plain answer. Raises ProviderFailure."""
        return answer.read(body, origin, redactor)

    def follower(self, origin: str, redactor: Redactor) -> StreamedMessage:
        """What reads the events of a stream."""
        return StreamedMessage(origin, redactor)

    def refused(self, origin: str, status: int, headers: Mapping[str, str], body: bytes, clock: Clock) -> AttemptFailed:
        """What another status than 2xx stands for."""
        return error.from_status(origin, status, headers, body, clock)

    def inside(self, origin: str, value: Any) -> ProviderFailure | None:  # noqa: ANN401 - any JSON value
        """The error where an answer should be."""
        return error.from_object(origin, value) if isinstance(value, dict) and value.get("error") else None
