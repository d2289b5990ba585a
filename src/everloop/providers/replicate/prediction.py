"""A prediction of Replicate's (https://replicate.com/docs/topics/predictions/lifecycle), and what it says."""

import re
from typing import Any, Final

import msgspec

from everloop.domain.generation import Usage
from everloop.errors import FailureKind, ProviderFailure
from everloop.providers.failures import LONGEST_MESSAGE, decoded, malformed

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,200}")
_SUCCEEDED: Final = "succeeded"
# A deadline ends a prediction that waits for its start as `aborted`, and one that runs as `canceled`.
_FAILURES: Final = {
    "failed": (FailureKind.SERVER_ERROR, "failed without an explanation."),
    "canceled": (FailureKind.SERVER_ERROR, "canceled the prediction, or it ran longer than it may."),
    "aborted": (FailureKind.TIMEOUT, "did not start the prediction in time."),
}


class Prediction(msgspec.Struct):
    """One state of it. Statuses that are not known are those of one that goes on."""

    id: str
    status: str
    output: Any = None
    error: Any = None
    metrics: Any = None

    @property
    def finished(self) -> bool:
        """Whether nothing more will come of it."""
        return self.succeeded or self.status in _FAILURES

    @property
    def succeeded(self) -> bool:
        """Whether all that the model says is in its output."""
        return self.status == _SUCCEEDED

    @property
    def growing(self) -> str | None:
        """The text up to now, of an output that is text."""
        match self.output:
            case None:
                return ""
            case str(text):
                return text
            case list(pieces) if all(isinstance(piece, str) for piece in pieces):
                return "".join(pieces)
            case _:
                return None

    @property
    def text(self) -> str:
        """The whole output: what models write comes in pieces, and what is no text is shown as JSON."""
        text = self.growing
        return text if text is not None else msgspec.json.encode(self.output).decode()

    @property
    def usage(self) -> Usage | None:
        """What official language models count."""
        match self.metrics:
            case {"input_token_count": int(read), "output_token_count": int(wrote)}:
                return Usage(read, wrote)
            case _:
                return None

    def failure(self, origin: str) -> ProviderFailure | None:
        """What it failed of, if it did."""
        if self.status not in _FAILURES:
            return None
        kind, words = _FAILURES[self.status]
        told = self.error[:LONGEST_MESSAGE] if isinstance(self.error, str) else ""
        return ProviderFailure(kind, told or f"{origin} {words}", origin=origin, upstream_code=200)


def parsed(state: bytes, origin: str) -> Prediction:
    """What a state says. Raises ProviderFailure."""
    value = decoded(state)
    if not isinstance(value, dict):
        raise malformed(origin, "sent an answer that is not a JSON object.")
    try:
        prediction = msgspec.convert(value, Prediction)
    except msgspec.ValidationError as error:
        raise malformed(origin, f"sent an answer of another shape than its format: {error}.") from None
    if _ID.fullmatch(prediction.id) is None:
        raise malformed(origin, "sent a prediction whose id cannot be one.")
    return prediction
