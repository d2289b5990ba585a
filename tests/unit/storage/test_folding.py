"""What a fold makes of rows of logs is what `exposures` makes of the logs, in whatever stretches."""

import logging
import math
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everloop.domain.generation import Usage
from everloop.domain.ids import LogId, OrganisationId
from everloop.domain.log import Log
from everloop.storage.exposures import gathered
from everloop.storage.folding import fold, fold_all, is_behind, mark_newest
from everloop.storage.log_batch import rows_of, write
from tests.contract.stores.samples import a_log, a_trial, an_exposed_log

ONE, TWO = OrganisationId("org_1"), OrganisationId("org_2")


@pytest.fixture
def connection(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        yield connection


def keep(connection: sqlite3.Connection, *logs: Log, organisation_id: OrganisationId = ONE) -> None:
    write(connection, [rows_of(organisation_id, logs)])


def counted(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Trials, and what the arms say of trials and logs."""
    (trials,) = connection.execute("SELECT count(*) FROM trial").fetchone()
    return trials, *connection.execute("SELECT total(trials), total(logs) FROM arm_usage").fetchone()


NUMBER = st.one_of(st.none(), st.floats(allow_nan=False), st.floats(-1, 100), st.sampled_from([1e6, -1e6, 1.1e6]))
TOKENS = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(0, 9), st.sampled_from([10**9, 10**9 + 1, -1]))
EXPOSED = st.builds(
    lambda trial, place, changes: an_exposed_log("", a_trial(f"trial_{place}_{trial}", f"config_{place}"), **changes),
    st.integers(0, 4),
    st.integers(0, 2),
    st.fixed_dictionaries(
        {
            "created_at": st.integers(0, 99),
            "error_kind": st.sampled_from([None, None, "timeout", "cancelled", ""]),
            "usage": st.one_of(st.none(), st.builds(Usage, TOKENS, TOKENS)),
            "prompt_cost": NUMBER,
            "output_cost": NUMBER,
            "duration": st.one_of(NUMBER, st.just(math.nan)),
        }
    ),
)
NEITHER = st.sampled_from(
    [
        a_log(""),
        replace(an_exposed_log(""), trial_id=None),
        replace(an_exposed_log(""), environment_id=None),
        replace(an_exposed_log(""), config_id=None),
        replace(an_exposed_log(""), experiment_id=None),
    ]
)
LOGS = st.lists(st.tuples(st.sampled_from([ONE, TWO]), st.one_of(EXPOSED, EXPOSED, NEITHER)), max_size=25)


def emptied(connection: sqlite3.Connection) -> None:
    for table in ("log", "log_body", "trial", "arm_usage", "arm_latency", "folding"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - the names above


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(logs=LOGS, most=st.integers(1, 9), between=st.sets(st.integers(0, 24)))
def test_sums_and_trials_are_those_of_the_logs(
    connection: sqlite3.Connection, logs: list[tuple[OrganisationId, Log]], most: int, between: set[int]
):
    emptied(connection)
    for number, (organisation_id, log) in enumerate(logs):
        keep(connection, replace(log, id=LogId(f"data_{number}")), organisation_id=organisation_id)
        if number in between:
            assert fold(connection.execute, most) <= most
    while went := fold(connection.execute, most):
        assert went <= most
    expected = gathered(logs)
    trials = "SELECT organisation_id, id, experiment_id, environment_id, config_id, created_at FROM trial"
    assert set(connection.execute(trials)) == set(expected.trials.values())
    new: Any = [(row[0], *row[2:5]) for row in expected.trials.values()]
    expected.count(new)
    found = {row[:4]: row[4:] for row in connection.execute("SELECT * FROM arm_usage")}
    wanted = {row[:4]: row[4:] for row in expected.usage()}
    assert {arm: (*sums[:5], sums[6]) for arm, sums in found.items()} == {
        arm: (*sums[:5], sums[6]) for arm, sums in wanted.items()
    }
    costs = {arm: sums[5] for arm, sums in wanted.items()}
    assert {arm: sums[5] for arm, sums in found.items()} == pytest.approx(costs, abs=1e-6)
    assert set(connection.execute("SELECT * FROM arm_latency")) == set(expected.latencies())
    assert not is_behind(connection.execute)


def test_a_trial_is_counted_once_over_many_folds(connection: sqlite3.Connection):
    for number in range(3):
        keep(connection, an_exposed_log(f"data_{number}"))
        fold_all(connection.execute)
    keep(connection, an_exposed_log("data_8"), an_exposed_log("data_9", a_trial("trial_2")))
    fold_all(connection.execute)
    fold_all(connection.execute)
    assert counted(connection) == (2, 2, 5)


def test_many_arms_and_buckets_take_several_statements(connection: sqlite3.Connection):
    keep(
        connection,
        *(
            an_exposed_log(f"data_{n}", a_trial(f"trial_{n // 2}", f"config_{n // 2 % 150}"), duration=1.01**n)
            for n in range(700)
        ),
    )
    fold_all(connection.execute)
    assert counted(connection) == (350, 350, 700)
    assert connection.execute("SELECT count(*), min(logs), max(logs) FROM arm_usage").fetchone() == (150, 4, 6)
    buckets, logs = connection.execute("SELECT count(*), sum(logs) FROM arm_latency").fetchone()
    assert buckets > 128
    assert logs == 700


def test_logs_without_a_trial_are_nothing_to_wait_for(connection: sqlite3.Connection):
    assert not is_behind(connection.execute)
    keep(connection, a_log("data_1"), replace(an_exposed_log("data_2"), trial_id=None))
    assert not is_behind(connection.execute)
    keep(connection, an_exposed_log("data_3"))
    assert is_behind(connection.execute)
    fold_all(connection.execute)
    assert not is_behind(connection.execute)


@pytest.mark.parametrize("rewrite", ["UPDATE log SET rowid = rowid - 1000000", "VACUUM"])
def test_row_ids_that_a_rewritten_database_changes_are_followed(connection: sqlite3.Connection, rewrite: str):
    keep(connection, *(an_exposed_log(f"data_{number}") for number in range(9)))
    connection.execute("DELETE FROM log WHERE id IN ('data_1', 'data_4')")
    fold(connection.execute, 6)
    connection.execute(rewrite)
    fold_all(connection.execute)
    assert counted(connection) == (1, 1, 7)


def test_row_ids_that_are_given_again_are_counted_again(connection: sqlite3.Connection):
    """As they are after the newest logs were deleted."""
    keep(connection, *(an_exposed_log(f"data_{number}") for number in range(3)))
    fold_all(connection.execute)
    for round_ in range(2):
        connection.execute("DELETE FROM log WHERE rowid > 1" if round_ == 0 else "DELETE FROM log")
        mark_newest(connection.execute)
        assert not is_behind(connection.execute)
        keep(connection, an_exposed_log(f"data_again_{round_}"))
        assert connection.execute("SELECT max(rowid) FROM log").fetchone()[0] < 3
        assert is_behind(connection.execute)
        fold_all(connection.execute)
    assert counted(connection) == (1, 1, 5)


def test_a_mark_that_others_have_deleted_is_set_anew(connection: sqlite3.Connection, caplog: pytest.LogCaptureFixture):
    """Nobody can tell what became of the logs of that moment, but the next ones count."""
    keep(connection, *(an_exposed_log(f"data_{number}") for number in range(3)))
    fold_all(connection.execute)
    connection.execute("DELETE FROM log")
    keep(connection, an_exposed_log("data_8"))
    with caplog.at_level(logging.WARNING):
        fold_all(connection.execute)
    assert "deleted by others" in caplog.text
    keep(connection, an_exposed_log("data_9"))
    fold_all(connection.execute)
    assert counted(connection) == (1, 1, 4)


def test_a_stretch_is_read_by_its_row_ids(connection: sqlite3.Connection):
    """Not by the index of a configuration, whose logs may be millions."""
    connection.execute("INSERT INTO log_body (organisation_id, log_id) VALUES ('org_1', 'data_none')")
    said: list[str] = []
    keep(connection, an_exposed_log())
    connection.set_trace_callback(said.append)
    assert is_behind(connection.execute)
    fold_all(connection.execute)
    connection.set_trace_callback(None)
    plans = [
        row[3]
        for statement in said
        if statement.startswith(("SELECT", "INSERT INTO trial"))
        for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")
    ]
    of_log = [step for step in plans if re.search(r"\blog\b", step)]
    assert of_log
    by_row = re.compile(r"SEARCH log USING INTEGER PRIMARY KEY \(rowid[<>]")
    by_id = "SEARCH log USING COVERING INDEX sqlite_autoindex_log_1 (organisation_id=? AND id=?)"
    assert not [step for step in of_log if not by_row.match(step) and not step.startswith(by_id)], plans
