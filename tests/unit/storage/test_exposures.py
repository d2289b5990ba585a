"""Which trials a log writer looks for, and which it knows."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from everloop.domain.ids import OrganisationId
from everloop.domain.log import Log
from everloop.domain.scope import Scope
from everloop.storage import exposures
from everloop.storage.exposures import Arm, KnownTrials, SumRow
from everloop.storage.log_batch import rows_of
from everloop.storage.log_connection import LogConnection, commit_now
from everloop.storage.migrating import migrate
from tests.contract.stores.samples import StillClock, a_trial, an_exposed_log

SCOPE = Scope(OrganisationId("org_a"), "me")


class Commit:
    """A commit that fails while it is told to."""

    failing = False

    def __call__(self, connection: sqlite3.Connection) -> None:
        if self.failing:
            raise sqlite3.OperationalError("disk I/O error")
        commit_now(connection)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    migrate(f"sqlite:///{tmp_path}/everloop.db")
    return tmp_path / "everloop.db"


@pytest.fixture
def commit() -> Commit:
    return Commit()


@pytest.fixture
def connection(file: Path, commit: Commit) -> Iterator[LogConnection]:
    connection = LogConnection(file, StillClock(), 5.0, commit)
    connection.open()
    yield connection
    connection.close()


def keep(connection: LogConnection, *logs: Log) -> None:
    connection.keep([rows_of(SCOPE.organisation_id, logs)])


def counted(file: Path) -> tuple[int, int, int]:
    """Trials, and what the arms say of trials and logs."""
    with sqlite3.connect(file) as reading:
        (trials,) = reading.execute("SELECT count(*) FROM trial").fetchone()
        return trials, *reading.execute("SELECT sum(trials), sum(logs) FROM arm_usage").fetchone()


def test_a_trial_is_looked_for_once(file: Path, connection: LogConnection, monkeypatch: pytest.MonkeyPatch):
    looked_for: list[int] = []
    look = exposures._new

    def counting(connection: sqlite3.Connection, rows: Sequence[SumRow]) -> list[Arm]:
        looked_for.append(len(rows))
        return look(connection, rows)

    monkeypatch.setattr(exposures, "_new", counting)
    for number in range(3):
        keep(connection, an_exposed_log(f"data_{number}"))
    keep(connection, an_exposed_log("data_8"), an_exposed_log("data_9", a_trial("trial_2")))
    assert looked_for == [1, 0, 0, 1]
    assert counted(file) == (2, 2, 5)


def test_what_a_failed_transaction_wrote_is_not_known(file: Path, connection: LogConnection, commit: Commit):
    commit.failing = True
    with pytest.raises(sqlite3.OperationalError):
        keep(connection, an_exposed_log())
    commit.failing = False
    keep(connection, an_exposed_log("data_plain", a_trial("trial_other")))
    keep(connection, an_exposed_log())
    assert counted(file) == (2, 2, 2)


def test_a_new_connection_knows_nothing(file: Path, connection: LogConnection):
    keep(connection, an_exposed_log())
    with sqlite3.connect(file) as other:
        other.execute("DELETE FROM trial")
    connection.open()
    keep(connection, an_exposed_log("data_2"))
    assert counted(file)[0] == 1


def test_what_is_remembered_has_a_bound(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exposures, "_REMEMBERED", 10)
    known = KnownTrials()
    for number in range(25):
        known.begin()
        trial = (SCOPE.organisation_id, a_trial(f"trial_{number}").id)
        assert known.unknown({trial: ()}) == [()]
        known.committed()
        assert known.unknown({trial: ()}) == []
        assert len(known._seen) <= 10
