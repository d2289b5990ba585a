"""A trial: the first time that a unit met an arm of an experiment in one environment."""

import hashlib
from typing import Final

from everloop.domain.ids import ConfigId, EnvironmentId, ExperimentId, Prefix, TrialId, identifier
from everloop.domain.value import value

_PURPOSE: Final = b"everloop trial"


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


def trial_id(salt: str, environment_id: EnvironmentId, arm: ConfigId, unit: str) -> TrialId:
    """The id of a unit's trial: a keyed hash, so that every process finds the same one without asking anybody.

    `salt` is the experiment's, at most 64 bytes of UTF-8, and known to nobody outside: ids cannot be guessed from
    users' names. 160 bits go in, of which an id keeps 125.
    """
    # Half a surrogate pair is no character, but JSON lets callers send one and it must not fail the call.
    name = f"{environment_id}\0{arm}\0{unit}".encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(name, digest_size=20, key=salt.encode("utf-8", "surrogatepass"), person=_PURPOSE).digest()
    return TrialId(identifier(Prefix.TRIAL, int.from_bytes(digest, "big")))
