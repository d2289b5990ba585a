"""An experiment with a past: what the server would have written had so many units called and rated.

Arms, trials, usage and latencies come from the product's own rules and its own log batches; ratings are added up with
`Tally` and `Summary`, one by one, as those of a live server are.
"""

import random
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from everloop.domain.assignment import assign, unit_of
from everloop.domain.evidence import Summary
from everloop.domain.generation import Usage
from everloop.domain.ids import (
    ConfigId,
    EnvironmentId,
    ExperimentId,
    LogId,
    OrganisationId,
    Prefix,
    ProjectId,
    identifier,
    time_ordered,
)
from everloop.domain.log import Log, LogBody
from everloop.domain.outcome import Outcome, Tally
from everloop.domain.results import bucket_of
from everloop.domain.trial import trial_id
from everloop.storage.folding import fold_all
from everloop.storage.log_batch import rows_of, write

DAYS = 30
AGE = DAYS * 24 * 3600 * 1000  # milliseconds
RATED = 0.3
RATE = 0.6  # of the ratings that are good
BATCH = 500
ERRORS = 0.01
SEED = "everloop"


@dataclass(frozen=True, slots=True)
class Place:
    """The experiment as the server made it. Times in Unix milliseconds; `began` lies `AGE` before it was made."""

    organisation_id: OrganisationId
    project_id: ProjectId
    environment_id: EnvironmentId
    experiment_id: ExperimentId
    salt: str
    began: int
    weights: Mapping[ConfigId, float]


def seed(database: Path, trials: int) -> None:
    """Give the one experiment in a database of a stopped server so many trials of one call each, `RATED` of them rated.

    They are spread evenly over the `DAYS` before the experiment was made, which is made that much older.
    """
    chance = random.Random(SEED)  # noqa: S311 - the same past in every run
    with closing(sqlite3.connect(database)) as connection:
        connection.isolation_level = None
        connection.execute("PRAGMA synchronous=OFF")  # only while seeding; nobody waits for it
        place = _age(connection)
        logs = _logs(place, trials, chance)
        ratings = _Ratings(place)
        while batch := list(islice(logs, BATCH)):
            connection.execute("BEGIN")
            write(connection, [rows_of(place.organisation_id, batch)])
            fold_all(connection.execute)
            ratings.rate(connection, [each for each in batch if chance.random() < RATED], chance)
            connection.execute("COMMIT")
        ratings.write(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _age(connection: sqlite3.Connection) -> Place:
    """Make the experiment and its arms older, and return it."""
    found = connection.execute("SELECT organisation_id, project_id, id, salt, created_at FROM experiment").fetchall()
    (organisation, project, experiment, salt, created_at), *more = found
    assert not more, "one experiment"
    connection.execute("UPDATE experiment SET created_at = created_at - ?", (AGE,))
    connection.execute("UPDATE experiment_arm SET added_at = added_at - ?", (AGE,))
    arms = connection.execute("SELECT config_id, weight FROM experiment_arm ORDER BY number").fetchall()
    (environment,) = connection.execute("SELECT id FROM environment").fetchone()
    return Place(
        organisation_id=organisation,
        project_id=project,
        environment_id=environment,
        experiment_id=experiment,
        salt=salt,
        began=created_at - AGE,
        weights=dict(arms),
    )


def _logs(place: Place, trials: int, chance: random.Random) -> Iterator[Log]:
    """Give one log for each unit, oldest first."""
    for number in range(trials):
        unit = unit_of(user=f"user-{number}", session_id=None, otherwise="")
        arm = assign(unit, place.salt, place.weights)
        at = place.began + number * AGE // trials
        failed = chance.random() < ERRORS
        yield Log(
            id=LogId(time_ordered(Prefix.LOG, at, chance.getrandbits(83))),
            project_id=place.project_id,
            config_id=arm,
            created_at=at,
            updated_at=at,
            environment_id=place.environment_id,
            experiment_id=place.experiment_id,
            trial_id=trial_id(place.salt, place.environment_id, arm, unit),
            user=f"user-{number}",
            finish_reason=None if failed else "stop",
            error_kind="timeout" if failed else None,
            usage=None if failed else Usage(200, chance.randrange(10, 400)),
            prompt_cost=None if failed else 0.0005,
            output_cost=None if failed else 0.001,
            duration=chance.lognormvariate(0, 0.7),
            body=LogBody(inputs=b'{"question":"Which one?"}', output="This one."),
        )


class _Ratings:
    """The ratings of the units, and what the arms' sums are after each."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._sums = {arm: Summary() for arm in place.weights}
        self._moments: dict[tuple[ConfigId, int], tuple[int, Summary]] = {}

    def rate(self, connection: sqlite3.Connection, logs: list[Log], chance: random.Random) -> None:
        """Rate these logs, each a moment after its call."""
        feedback, tallies = [], []
        for each in logs:
            good = chance.random() < RATE
            tally = Tally().changed(Outcome.UNRATED, Outcome.POSITIVE if good else Outcome.NEGATIVE)
            self._move(each, tally)
            tallies.append((tally.positive, tally.rated, self._place.organisation_id, each.trial_id))
            named = identifier(Prefix.FEEDBACK, chance.getrandbits(124))
            value = '"good"' if good else '"bad"'
            feedback.append((self._place.organisation_id, named, each.project_id, each.id, value, each.created_at))
        connection.executemany("UPDATE trial SET positive = ?, rated = ? WHERE organisation_id = ? AND id = ?", tallies)
        connection.executemany(
            "INSERT INTO feedback (organisation_id, id, project_id, log_id, type, value, created_at)"
            " VALUES (?, ?, ?, ?, 'rating', ?, ?)",
            feedback,
        )

    def _move(self, each: Log, tally: Tally) -> None:
        assert each.config_id is not None
        moved = self._sums[each.config_id].moved(None, tally.mean)
        self._sums[each.config_id] = moved
        self._moments[each.config_id, bucket_of(each.created_at - self._place.began)] = (each.created_at, moved)

    def write(self, connection: sqlite3.Connection) -> None:
        """Write the arms' sums, and what they were at each moment that is kept."""
        place = self._place
        of = (place.organisation_id, place.experiment_id, place.environment_id)
        names = "organisation_id, experiment_id, environment_id, config_id"
        connection.executemany(
            f"INSERT INTO arm_outcome ({names}, units, total, squares) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            [(*of, arm, sums.units, sums.total, sums.squares) for arm, sums in self._sums.items()],
        )
        connection.executemany(
            f"INSERT INTO arm_moment ({names}, bucket, at, units, total, squares) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            [
                (*of, arm, bucket, at, sums.units, sums.total, sums.squares)
                for (arm, bucket), (at, sums) in self._moments.items()
            ],
        )
