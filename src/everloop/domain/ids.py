"""Identifiers: a prefix that says what the thing is, an underscore, and 21 characters of base 62."""

from enum import StrEnum
from typing import Final, NewType

OrganisationId = NewType("OrganisationId", str)
ProjectId = NewType("ProjectId", str)
ConfigId = NewType("ConfigId", str)
EnvironmentId = NewType("EnvironmentId", str)
ExperimentId = NewType("ExperimentId", str)
TrialId = NewType("TrialId", str)
LogId = NewType("LogId", str)
SessionId = NewType("SessionId", str)
FeedbackId = NewType("FeedbackId", str)
DatasetId = NewType("DatasetId", str)
DatapointId = NewType("DatapointId", str)
ApiKeyId = NewType("ApiKeyId", str)
ProviderKeyId = NewType("ProviderKeyId", str)
DeploymentId = NewType("DeploymentId", str)
ToolId = NewType("ToolId", str)
LimitId = NewType("LimitId", str)
PriceId = NewType("PriceId", str)
ConnectionId = NewType("ConnectionId", str)

# In the order of ASCII, so that numbers written with it sort as text.
ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LENGTH: Final = 21
# Two digits at a time: every call makes an id for its log.
_PAIRS: Final = tuple(high + low for high in ALPHABET for low in ALPHABET)
TIME_WIDTH: Final = 7


class Prefix(StrEnum):
    """What an identifier names; the first eight are v4's own."""

    PROJECT = "pr"
    CONFIG = "config"
    LOG = "data"
    SESSION = "sesh"
    EXPERIMENT = "exp"
    FEEDBACK = "ann"
    ENVIRONMENT = "env"
    DATASET = "evts"
    ORGANISATION = "org"
    TEAM = "tm"
    TOOL = "tool"
    LINKED_TOOL = "oc"
    API_KEY = "key"
    PROVIDER_KEY = "pkey"
    DEPLOYMENT = "dep"
    TRIAL = "trial"
    DATAPOINT = "evtc"
    CLAIM = "claim"
    CONNECTION = "conn"
    LIMIT = "lim"
    PRICE = "price"


def base62(number: int, width: int) -> str:
    """`number` (0 or more) in base 62, zero-padded; its lowest `width` digits."""
    pairs = []
    for _ in range((width + 1) // 2):
        number, rest = divmod(number, len(_PAIRS))
        pairs.append(_PAIRS[rest])
    return "".join(reversed(pairs))[-width:]


def identifier(prefix: Prefix, number: int) -> str:
    """An identifier whose 21 characters are the base-62 digits of `number` (uniform below 62**21 for a random one)."""
    return f"{prefix.value}_{base62(number, LENGTH)}"


def milliseconds_of(time_ordered_id: str) -> int:
    """The time that an identifier of `time_ordered` carries, in Unix milliseconds."""
    start = time_ordered_id.index("_") + 1
    number = 0
    for digit in time_ordered_id[start : start + TIME_WIDTH]:
        number = number * len(ALPHABET) + ALPHABET.index(digit)
    return number


def time_ordered(prefix: Prefix, milliseconds: int, number: int) -> str:
    """An identifier that sorts by time: 7 characters of Unix milliseconds (good until 2081), then 14 of `number`."""
    return f"{prefix.value}_{base62(milliseconds, TIME_WIDTH)}{base62(number, LENGTH - TIME_WIDTH)}"
