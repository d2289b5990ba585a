"""An attempt: a configuration that was to answer a call, and did not, before the one that the log is of."""

from typing import Final

from everloop.domain.ids import ConfigId
from everloop.domain.value import value

# The kind of an attempt that could not even be made: inputs were missing, or a key.
PASSED_OVER: Final = "passed_over"


@value
class Attempt:
    """`kind` is a word of `errors.FailureKind`, or `passed_over`; `status` is the provider's, if it answered.

    `tries` are the requests that were sent, `seconds` what they took together. `error` says it in words, and is None
    in a log that keeps no content.
    """

    config_id: ConfigId
    provider: str
    model: str
    kind: str
    status: int | None
    tries: int
    seconds: float
    error: str | None
