"""Folding while processes die, while several of them fold, and while the database takes no writes."""

import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic import command

from everloop.domain.ids import ConfigId, EnvironmentId, ExperimentId, OrganisationId
from everloop.domain.log import Log
from everloop.domain.scope import Scope
from everloop.storage import fold_pace
from everloop.storage.changes import Changes
from everloop.storage.database import Database
from everloop.storage.experiments import Experiments
from everloop.storage.folded import fold_file
from everloop.storage.folding import fold
from everloop.storage.log_batch import rows_of, write
from everloop.storage.log_connection import LogConnection, commit_now
from everloop.storage.log_writer import SqliteLogWriter
from everloop.storage.migrating import _config, _engine, migrate
from everloop.storage.retention import OldLogs
from tests.contract.stores.samples import StillClock, Tally, a_log, a_trial, an_exposed_log

SCOPE = Scope(OrganisationId("org_1"), "me")
ID, ARM, HERE = ExperimentId("exp_1"), ConfigId("config_1"), EnvironmentId("env_a")

# Keeps batches of logs of an experiment, of which every third folds, and folds a few by itself now and then, until its
# so many-th commit: then it is killed, a moment before that commit or a moment after.
DOOMED = """
    import os, signal, sys
    from pathlib import Path
    from everloop.domain.ids import OrganisationId
    from everloop.storage.folding import fold
    from everloop.storage.log_batch import rows_of
    from everloop.storage.log_connection import LogConnection, commit_now
    from tests.contract.stores.samples import StillClock, a_trial, an_exposed_log

    file, name, last, when = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
    clock = StillClock()
    commits = 0

    def commit(connection):
        global commits
        commits += 1
        if commits == last and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        commit_now(connection)
        if commits == last:
            os.kill(os.getpid(), signal.SIGKILL)

    connection = LogConnection(file, clock, 5.0, commit)
    connection.open()
    for batch in range(100):
        clock.milliseconds += 100
        logs = [an_exposed_log(f"data_{name}_{batch}_{n}", a_trial(f"trial_{n % 3}_{batch % 4}")) for n in range(5)]
        connection.keep([rows_of(OrganisationId("org_1"), [each]) for each in logs])
        if batch % 4 == 0:
            connection._transact(lambda own: fold(own.execute, 3))
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    migrate(f"sqlite:///{tmp_path}/everloop.db")
    with closing(sqlite3.connect(tmp_path / "everloop.db")) as connection, connection:
        connection.executescript(
            "INSERT INTO organisation (id, name, created_at) VALUES ('org_1', 'a', 1);"
            "INSERT INTO project (organisation_id, id, name, folded_name, created_at, updated_at)"
            " VALUES ('org_1', 'pr_1', 'first', 'first', 1, 1);"
            "INSERT INTO experiment (organisation_id, id, project_id, name, salt, positive_labels, status, created_at,"
            " updated_at) VALUES ('org_1', 'exp_1', 'pr_1', 'which', 'salt', '[]', 'In progress', 1, 1)"
        )
    return tmp_path / "everloop.db"


def sums(file: Path) -> tuple[int, int, int]:
    """Trials, and what the arms say of trials and logs, as they are."""
    with closing(sqlite3.connect(file)) as connection:
        (trials,) = connection.execute("SELECT count(*) FROM trial").fetchone()
        return trials, *connection.execute("SELECT total(trials), total(logs) FROM arm_usage").fetchone()


def of_logs(file: Path) -> tuple[int, int, int]:
    """What they should say, by the logs."""
    with closing(sqlite3.connect(file)) as connection:
        trials, logs = connection.execute("SELECT count(DISTINCT trial_id), count(trial_id) FROM log").fetchone()
        return trials, trials, logs


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is of POSIX")
def test_a_kill_before_or_after_any_commit_loses_and_doubles_no_sum(file: Path):
    program, behind = textwrap.dedent(DOOMED), 0
    for last in range(1, 8):
        for when in ("before", "after"):
            arguments = [sys.executable, "-c", program, str(file), f"{last}_{when}", str(last), when]
            killed = subprocess.run(arguments, capture_output=True, timeout=60, check=False)
            assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
            there, expected = sums(file), of_logs(file)
            assert there[2] <= expected[2]
            behind += there != expected
            if last % 3:
                # Else the next process finds what this one has left.
                fold_file(file)
                assert sums(file) == expected
    assert behind, "a kill between a batch and its fold"
    fold_file(file)
    assert sums(file) == of_logs(file)
    assert of_logs(file)[2] > 100


def test_many_who_keep_and_fold_at_once_count_every_log_once(file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fold_pace, "_SECONDS", 0.0)

    def keep_many(name: str) -> None:
        connection = LogConnection(file, StillClock(), 30.0, commit_now)
        connection.open()
        for number in range(60):
            log = an_exposed_log(f"data_{name}_{number}", a_trial(f"trial_{number % 11}"))
            connection.keep([rows_of(SCOPE.organisation_id, [log])])
        connection.close()

    def fold_only(_: str) -> None:
        with closing(sqlite3.connect(file, isolation_level=None, timeout=30.0)) as connection:
            for _number in range(60):
                connection.execute("BEGIN IMMEDIATE")
                fold(connection.execute, 2)
                connection.execute("COMMIT")

    with ThreadPoolExecutor(4) as threads:
        work = ((keep_many, "a"), (keep_many, "b"), (fold_only, ""), (fold_only, ""))
        running = [threads.submit(each, name) for each, name in work]
        for each in running:
            each.result()
    fold_file(file)
    assert sums(file) == of_logs(file) == (11, 11, 120)


def keep(file: Path, *logs: Log) -> None:
    """As the batch of a writer for which it is not yet time to fold."""
    with closing(sqlite3.connect(file)) as connection, connection:
        write(connection, [rows_of(SCOPE.organisation_id, logs)])


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Somebody else writes, for long."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


async def test_results_are_read_from_a_database_that_takes_no_writes(file: Path):
    clock = StillClock()
    database = Database(file, busy_timeout=0.05)
    experiments = Experiments(database, Changes(clock), clock)

    async def logs() -> int:
        return (await experiments.results(SCOPE, [ID]))[ID][HERE][ARM].usage.logs

    keep(file, an_exposed_log("data_1"))
    assert await logs() == 1
    keep(file, an_exposed_log("data_2", a_trial("trial_2")))
    with locked(file):
        assert await logs() == 1, "a little old"
        assert await experiments.trial(SCOPE, a_trial("trial_2").id) is None
    assert await logs() == 2
    assert await experiments.trial(SCOPE, a_trial("trial_2").id) is not None
    await database.close()


async def test_nobody_waits_for_a_lock_to_read_what_is_whole(file: Path):
    clock = StillClock()
    database = Database(file, busy_timeout=60.0)
    keep(file, an_exposed_log("data_1"))
    fold_file(file)
    keep(file, a_log("data_2"))
    with locked(file):
        found = await Experiments(database, Changes(clock), clock).results(SCOPE, [ID])
    assert found[ID][HERE][ARM].usage.logs == 1
    await database.close()


async def test_sums_that_cannot_be_written_do_not_keep_logs_from_it(file: Path, caplog: pytest.LogCaptureFixture):
    writer = SqliteLogWriter(file, StillClock(), Tally())
    await writer.start()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("ALTER TABLE arm_latency RENAME TO hidden")
        await writer.append(SCOPE, [an_exposed_log("data_1", duration=1.0)])
        writer.check()
        assert "sums of experiments cannot be written" in caplog.text
        assert sums(file) == (0, 0, 0), "neither the trial nor a part of the sums"
        connection.execute("ALTER TABLE hidden RENAME TO arm_latency")
    await writer.append(SCOPE, [an_exposed_log("data_2", duration=1.0)])
    await writer.close()
    assert sums(file) == of_logs(file) == (1, 1, 2)


async def test_a_writer_that_closes_leaves_whole_sums(file: Path):
    writer = SqliteLogWriter(file, StillClock(), Tally())
    await writer.start()
    for number in range(4):
        await writer.append(SCOPE, [an_exposed_log(f"data_{number}", a_trial(f"trial_{number}"))])
    assert sums(file) == (1, 1, 1), "the first log, and then it was not yet time again"
    await writer.close()
    assert sums(file) == (4, 4, 4)


async def test_logs_that_are_deleted_before_their_time_to_be_folded_count(file: Path):
    """And so do those that get their row ids again."""
    old_logs = OldLogs(file)
    keep(file, an_exposed_log("data_1"), an_exposed_log("data_2"))
    assert await old_logs.delete_logs(1_000, 1) == 1
    assert sums(file) == (1, 1, 2)
    keep(file, an_exposed_log("data_3"))
    assert await old_logs.delete_logs(1_000, 9) == 2
    assert of_logs(file) == (0, 0, 0)
    keep(file, an_exposed_log("data_4"))
    fold_file(file)
    assert sums(file) == (1, 1, 4)


def test_a_database_from_before_has_its_sums_already(tmp_path: Path):
    url, file = f"sqlite:///{tmp_path}/everloop.db", tmp_path / "everloop.db"
    with _engine(file).connect() as upgrading, upgrading.begin():
        config = _config()
        config.attributes["connection"] = upgrading
        command.upgrade(config, "0002")
    with closing(sqlite3.connect(file)) as connection:
        # Today's writer fills columns that came later.
        connection.execute("ALTER TABLE log_body ADD COLUMN attempts TEXT")
        connection.execute("ALTER TABLE log ADD COLUMN arm_id TEXT")
        keep(file, an_exposed_log("data_1"), an_exposed_log("data_2"))
        connection.execute("ALTER TABLE log_body DROP COLUMN attempts")
        connection.execute("ALTER TABLE log DROP COLUMN arm_id")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript(
            "INSERT INTO trial (organisation_id, id, experiment_id, environment_id, config_id, created_at)"
            " VALUES ('org_1', 'trial_1', 'exp_1', 'env_a', 'config_1', 45);"
            "INSERT INTO arm_usage VALUES ('org_1', 'exp_1', 'env_a', 'config_1', 1, 2, 0, 0, 0, 0.0, 0)"
        )
    migrate(url)
    fold_file(file)
    assert sums(file) == of_logs(file) == (1, 1, 2)
    keep(file, an_exposed_log("data_3"))
    fold_file(file)
    assert sums(file) == (1, 1, 3)
