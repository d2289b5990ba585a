"""The wire format of AWS Bedrock as a whole."""

from collections.abc import Mapping
from typing import Final

from everloop.domain.capabilities import Capabilities
from everloop.domain.generation import GenerationRequest, PreparedCall, Sample, Secret, Usage
from everloop.errors import ProviderFailure
from everloop.ports.system import Clock
from everloop.providers.bearer import bearer
from everloop.providers.bedrock import answer, error, request, signing
from everloop.providers.bedrock.frames import FrameReader
from everloop.providers.bedrock.stream import StreamedAnswer
from everloop.providers.failures import unstreamed
from everloop.providers.redaction import Redactor
from everloop.providers.retry import AttemptFailed


class BedrockFormat:
    """A `wire.WireFormat`; it may be shared between servers. `region` is that of base URLs that name none."""

    capabilities: Final = Capabilities(
        images=True, tools=True, tool_choice=True, json_schema=True, reasoning_effort=True, stop=True
    )

    def __init__(self, region: str = "us-east-1") -> None:
        self._region = region

    def prepare(self, request_: GenerationRequest) -> PreparedCall:
        """The request in the format's words. Raises `errors.Unprocessable`."""
        return request.prepare(request_)

    def headers(self, url: str, call: PreparedCall, key: Secret | None) -> Mapping[str, str]:
        """A signature for keys of AWS, and a bearer token for API keys of Bedrock."""
        credentials = signing.credentials_of(key) if key is not None else None
        if credentials is None:
            return bearer(key)
        return signing.signed(credentials, signing.region_of(url) or self._region, url, call.body)

    def read(
        self,
        call: PreparedCall,  # noqa: ARG002 - the protocol's
        body: bytes,
        origin: str,
        redactor: Redactor,
    ) -> tuple[tuple[Sample, ...], Usage | None]:
        """A plain answer. Raises ProviderFailure."""
        sample, usage = answer.read(body, origin, redactor)
        return (sample,), usage

    def follow(self, call: PreparedCall, origin: str, redactor: Redactor) -> FrameReader:  # noqa: ARG002 - the protocol's
        """What reads a streamed answer."""
        return FrameReader(StreamedAnswer(origin, redactor), origin)

    def refused(self, origin: str, status: int, headers: Mapping[str, str], body: bytes, clock: Clock) -> AttemptFailed:
        """What another status than 2xx stands for."""
        return error.from_status(origin, status, headers, body, clock)

    def unstreamed(self, origin: str, body: bytes) -> ProviderFailure:  # noqa: ARG002 - Bedrock says nothing else there
        """What a plain answer stands for, where a stream was asked for."""
        return unstreamed(origin)
