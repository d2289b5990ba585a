"""A trial: the first time that a unit met an arm of an experiment in one environment."""

import hashlib
from functools import lru_cache
from typing import Final

from everloop.domain.assignment import assign
from everloop.domain.ids import ALPHABET, LENGTH, ConfigId, EnvironmentId, ExperimentId, Prefix, TrialId
from everloop.domain.value import value

_PURPOSE: Final = b"everloop trial"
_PREFIX: Final = Prefix.TRIAL.value
# Units whose place is remembered, and how long their names may be for that: some three megabytes, five at most.
_REMEMBERED: Final = 8_192
_SHORT: Final = 256
_CHARACTERS: Final = (ALPHABET.encode() * 5)[:256]


@value
class Trial:
    """`config_id` is the arm; `created_at` is in Unix milliseconds.

    Trials are the sample of an experiment's results: a unit has one in each arm that it met, in each environment, and
    its ratings count there as one voice.
    """

    id: TrialId
    experiment_id: ExperimentId
    config_id: ConfigId
    environment_id: EnvironmentId
    created_at: int


Weights = tuple[tuple[ConfigId, float], ...]


def met(unit: str, salt: str, weights: Weights, environment_id: EnvironmentId) -> tuple[ConfigId, TrialId]:
    """The arm of a unit, by `assignment.assign`, and its trial there. A unit that comes again is not weighed again.

    `weights` are those of the active arms. Raises `ValueError` when none is above 0.
    """
    find = _remembered if len(unit) <= _SHORT else _found
    return find(unit, salt, weights, environment_id)


def _found(unit: str, salt: str, weights: Weights, environment_id: EnvironmentId) -> tuple[ConfigId, TrialId]:
    arm = assign(unit, salt, dict(weights))
    return arm, trial_id(salt, environment_id, arm, unit)


_remembered = lru_cache(maxsize=_REMEMBERED)(_found)


def trial_id(salt: str, environment_id: EnvironmentId, arm: ConfigId, unit: str) -> TrialId:
    """The id of a unit's trial: a keyed hash, so that every process finds the same one without asking anybody.

    `salt` is the experiment's, at most 64 bytes of UTF-8, and known to nobody outside: ids cannot be guessed from
    users' names. Each character is one byte of the hash; eight of the 62 come a quarter more often than the others,
    which leaves 124 of the 125 bits that an id can hold.
    """
    # Half a surrogate pair is no character, but JSON lets callers send one and it must not fail the call.
    name = f"{environment_id}\0{arm}\0{unit}".encode("utf-8", "surrogatepass")
    hasher = _hasher(salt).copy()
    hasher.update(name)
    return TrialId(f"{_PREFIX}_{hasher.digest().translate(_CHARACTERS).decode()}")


@lru_cache(maxsize=1024)
def _hasher(salt: str) -> "hashlib.blake2b":
    """The hash of an experiment, to be copied: keying one anew takes longer than hashing."""
    return hashlib.blake2b(digest_size=LENGTH, key=salt.encode("utf-8", "surrogatepass"), person=_PURPOSE)
