"""Assignment: which arm of an experiment a unit gets, from values alone."""

import hashlib
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from everloop.domain.ids import ConfigId

SALT_BYTES: Final = hashlib.blake2b.MAX_KEY_SIZE
_PURPOSE: Final = b"everloop arm"


def unit_of(*, user: str | None, session_id: str | None, otherwise: str) -> str:
    """Whom a call counts for: the first of these that is there and not empty; `otherwise` is random, new for each call.

    `session_id` is the session that the call belongs to, however it was named: by id, by reference or by a parent. The
    kinds are kept apart by a prefix: the user "x" and the session "x" are two units.
    """
    if user:
        return f"user:{user}"
    if session_id:
        return f"session:{session_id}"
    return f"call:{otherwise}"


def sample_unit(unit: str, index: int) -> str:
    """The unit of one sample, for calls where each sample draws an arm of its own. `index` counts from 0."""
    return f"sample:{index}:{unit}"


def assign(unit: str, salt: str, weights: Mapping[ConfigId, float]) -> ConfigId:
    """The arm of a unit: the same in every process, and drawn with a chance of its weight over the sum of them all.

    `weights` holds the active arms; an arm of weight 0 is never drawn. Raises `ValueError` when none is above 0: the
    rules of `domain.experiment` never let it come to that. `salt` is at most 64 bytes of UTF-8.

    Weighted rendezvous hashing. Each arm waits -ln(u)/weight, with u uniform in (0, 1) from a hash of salt, arm and
    unit, and the shortest wait wins: waits are exponential with the weight as their rate, so each arm is first with
    the chance said above. An arm's wait depends on nothing but itself, hence the order of arms is irrelevant, and:

    - a new arm, one taken up again or one of a raised weight takes units from the others, and nothing else moves;
    - a paused arm, or one of a lowered weight, gives units to the others, and nothing else moves;
    - weights that all grow by one factor move nobody.

    Rendezvous hashing: Thaler and Ravishankar, "Using name-based mappings to increase hit rates", IEEE/ACM
    Transactions on Networking 6(1), 1998. Weights: the logarithmic method of Schindelhauer and Schomaker, "Weighted
    distributed hash tables", SPAA 2005; the form of it with -weight/ln(u), largest first, is the same order and is
    written down in draft-ietf-bess-weighted-hrw.
    """
    key, name = _bytes(salt), _bytes(unit)
    waits = [(_wait(key, _bytes(arm), name) / weight, arm) for arm, weight in weights.items() if weight > 0]
    if not waits:
        raise ValueError("An experiment without an active arm of a weight above 0 cannot assign a unit.")
    return min(waits)[1]


def _wait(salt: bytes, arm: bytes, unit: bytes) -> float:
    """-ln(u), with u = (k + 1/2) / 2**52 for the top 52 bits k of the hash: exact, never 0 and never 1.

    Identifiers hold no zero byte, so the one between them cannot be mistaken. Logarithms of two C libraries may differ
    in the last bit; that could matter only to units whose two shortest waits agree to 15 digits.
    """
    hasher = _hasher(salt).copy()
    hasher.update(arm + b"\0" + unit)
    return -math.log(((int.from_bytes(hasher.digest(), "big") >> 12) + 0.5) * 2.0**-52)


@lru_cache(maxsize=1024)
def _hasher(salt: bytes) -> "hashlib.blake2b":
    """The hash of an experiment, to be copied: keying one anew takes longer than hashing."""
    return hashlib.blake2b(digest_size=8, key=salt, person=_PURPOSE)


def _bytes(text: str) -> bytes:
    # Half a surrogate pair is no character, but JSON lets callers send one and it must not fail the call.
    return text.encode("utf-8", "surrogatepass")
