"""The wire format of Replicate as a whole.

A prediction is begun and then asked for, plain and streamed. Replicate's own streams come from another host, whose
address is in an answer: we do not call it (decision 22).
"""

import math
from collections.abc import Mapping
from typing import Final

from everloop.domain.capabilities import without
from everloop.domain.generation import FinishReason, GenerationRequest, PreparedCall, Sample, Secret, Usage
from everloop.domain.policy import Timeouts
from everloop.errors import ProviderFailure
from everloop.ports.system import Clock
from everloop.providers.bearer import bearer
from everloop.providers.failures import malformed, unstreamed
from everloop.providers.redaction import Redactor
from everloop.providers.replicate import error, request
from everloop.providers.replicate.prediction import parsed
from everloop.providers.replicate.stream import StreamedPrediction
from everloop.providers.retry import AttemptFailed
from everloop.providers.wire import Job

_BEGINNING: Final = "/predictions"
# `Prefer: wait=n` holds a request open for 1 to 60 seconds, and `Cancel-After` ends a prediction by itself, after 5
# seconds or more (https://replicate.com/docs/reference/http#create-a-prediction).
_LONGEST_WAIT: Final = 60
_SHORTEST_LIFE: Final = 5
_OFTEN: Final = 0.5  # seconds, as Replicate's own client has it


class ReplicateFormat:
    """A `wire.WireFormat` and a `wire.JobFormat`; it knows nothing of servers and may be shared between them."""

    capabilities: Final = without(
        "tools", "tool_choice", "json_object", "json_schema", "samples", "logprobs", "suffix", "reasoning_tokens"
    )

    def __init__(self, interval: float = _OFTEN) -> None:
        self.interval: Final = interval

    def prepare(self, request_: GenerationRequest) -> PreparedCall:
        """The request in the format's words. Raises `errors.Unprocessable`."""
        return request.prepare(request_)

    def headers(self, url: str, call: PreparedCall, key: Secret | None) -> Mapping[str, str]:
        """A bearer token; for a beginning also how long it may live, and how long a plain call waits for its end."""
        if not url.endswith(_BEGINNING):
            return bearer(key)
        timeouts = call.request.timeouts or Timeouts()
        asked = {"Cancel-After": f"{max(math.ceil(timeouts.total), _SHORTEST_LIFE)}s"}
        # The answer has to begin while there is still patience for it.
        seconds = min(int(timeouts.first_byte * 0.75), _LONGEST_WAIT)
        if seconds and not call.request.streamed:
            asked["Prefer"] = f"wait={seconds}"
        return {**bearer(key), **asked}

    def job(self, state: bytes, origin: str) -> Job:
        """What a state says of the prediction. Raises ProviderFailure."""
        prediction = parsed(state, origin)
        path = f"{_BEGINNING}/{prediction.id}"
        return Job(path, f"{path}/cancel", prediction.finished)

    def read(
        self,
        call: PreparedCall,  # noqa: ARG002 - the protocol's
        body: bytes,
        origin: str,
        redactor: Redactor,
    ) -> tuple[tuple[Sample, ...], Usage | None]:
        """The text of a prediction that succeeded. Raises ProviderFailure."""
        prediction = parsed(body, origin)
        if (failure := prediction.failure(origin)) is not None:
            raise failure
        if not prediction.finished:
            raise malformed(origin, "gave a prediction for finished that goes on.")
        return (Sample(0, redactor.text(prediction.text), FinishReason.STOP),), prediction.usage

    def follow(self, call: PreparedCall, origin: str, redactor: Redactor) -> StreamedPrediction:  # noqa: ARG002 - the protocol's
        """What reads a prediction as it goes on."""
        return StreamedPrediction(origin, redactor)

    def refused(self, origin: str, status: int, headers: Mapping[str, str], body: bytes, clock: Clock) -> AttemptFailed:
        """What another status than 2xx stands for."""
        return error.from_status(origin, status, headers, body, clock)

    def unstreamed(self, origin: str, body: bytes) -> ProviderFailure:  # noqa: ARG002 - the protocol's
        """Predictions are never streams, so that nothing stands for one."""
        return unstreamed(origin)
