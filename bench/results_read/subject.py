"""A server whose experiment has a past, and whether it is the past that the server would have written."""

import http.client
import math
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench import targets
from bench.answers import WrongAnswerError
from bench.calls import JSON, exchange
from bench.deploying import GOOD, Deployed, deploy
from bench.durability import database_in
from bench.processes import Server, free_port, serving
from bench.results_read.seeding import seed

FEW = 1_000
BAD = {"type": "rating", "value": "bad"}
ARMS = 3


@dataclass(frozen=True, slots=True)
class Seeded:
    """A running server whose experiment has a past."""

    trials: int
    port: int
    headers: dict[str, str]
    deployed: Deployed
    seeding_seconds: float
    database_bytes: int

    def routes(self) -> dict[str, str]:
        """Return what is read, by what it is called."""
        experiment = f"/api/experiments/{self.deployed.experiment_id}"
        return {
            "GET /api/experiments/{id}/results": f"{experiment}/results",
            "GET /api/experiments/{id}/timeline": f"{experiment}/timeline",
            "GET /v4/projects/{id}/experiments": f"/v4/projects/{self.deployed.project_id}/experiments",
        }


class ArmRead(msgspec.Struct):
    """What is checked of an arm."""

    trials: int
    rated_units: int
    mean: float | None


class ResultsRead(msgspec.Struct):
    """What is checked of the results."""

    arms: list[ArmRead]


@contextmanager
def seeded_server(work: Path, upstream: Server, trials: int) -> Iterator[Seeded]:
    """Let a server make the experiment, give it its past while the server is stopped, and serve again."""
    port, key = free_port(), secrets.token_hex(20)
    launch = targets.everloop_launch(work, port, key, upstream)
    headers = {"X-API-KEY": key}
    with serving(launch):
        deployed = deploy(port, headers, arms=ARMS)
    database = database_in(work / "data")
    began = time.monotonic()
    seed(database, trials)
    seconds = time.monotonic() - began
    sys.stderr.write(f"{trials:,} trials written in {seconds:.0f} s\n")
    with serving(launch):
        size = database.stat().st_size
        seeded = Seeded(trials, port, headers, deployed, seconds, size)
        _check(seeded)
        yield seeded


def _check(seeded: Seeded) -> None:
    """Raise WrongAnswerError unless the server tells of as many trials as were written.

    With few of them it is also made to judge the whole past anew, by other labels and back again: what was written is
    what it would have written only if its own count comes to the same.
    """
    written = _arms(seeded)
    if sum(arm.trials for arm in written) != seeded.trials or not all(arm.rated_units for arm in written):
        message = f"{written} for {seeded.trials} trials"
        raise WrongAnswerError(message)
    if seeded.trials == FEW:
        for labels in ([BAD], [GOOD]):
            _judge_by(seeded, labels)
        judged = _arms(seeded)
        if not all(map(_agree, written, judged)):
            message = f"judged anew: {judged}, written: {written}"
            raise WrongAnswerError(message)


def _arms(seeded: Seeded) -> list[ArmRead]:
    status, body = exchange(seeded.port, "GET", next(iter(seeded.routes().values())), seeded.headers)
    if status != http.client.OK:
        message = f"the results gave {status}: {body[:300]!r}"
        raise WrongAnswerError(message)
    return msgspec.json.decode(body, type=ResultsRead).arms


def _judge_by(seeded: Seeded, labels: list[dict[str, str]]) -> None:
    body = msgspec.json.encode({"positive_labels": labels})
    path = f"/api/experiments/{seeded.deployed.experiment_id}"
    status, answer = exchange(seeded.port, "PATCH", path, {**JSON, **seeded.headers}, body)
    if status != http.client.OK:
        message = f"PATCH {path} gave {status}: {answer[:300]!r}"
        raise WrongAnswerError(message)


def _agree(one: ArmRead, other: ArmRead) -> bool:
    same_units = (one.trials, one.rated_units) == (other.trials, other.rated_units)
    return same_units and math.isclose(one.mean or 0, other.mean or 0, abs_tol=1e-9)
