"""Calls that are made once however often they are asked for, and the answers that are kept for that."""

from everloop.domain.value import value


@value
class KeyedCall:
    """A call with a key. The same `operation` and `key` with another `fingerprint` is not the same call."""

    operation: str
    key: str
    fingerprint: bytes


@value
class KeptAnswer:
    """An answer as the API wrote it down; `body` is None for one that was too large to be kept."""

    head: bytes
    body: bytes | None


@value
class Claim:
    """What holds a key until a time in Unix milliseconds: `owner` makes the call, unless it is `answered` already."""

    fingerprint: bytes
    owner: str
    until: int
    answered: bool
