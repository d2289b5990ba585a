"""The reads that grow with the number of logs use the indexes that are there for them."""

import re
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from everloop.domain.experiment import Experiment
from everloop.domain.feedback import Feedback
from everloop.domain.ids import (
    ConfigId,
    DatapointId,
    DatasetId,
    EnvironmentId,
    ExperimentId,
    FeedbackId,
    LogId,
    OrganisationId,
    ProjectId,
    SessionId,
    TrialId,
)
from everloop.domain.log_filter import FeedbackFilter, LogColumn, LogFilter, LogSort
from everloop.domain.outcome import PositiveLabel
from everloop.domain.page import PageRequest
from everloop.domain.scope import Scope
from everloop.storage.configs import Configs
from everloop.storage.database import Database
from everloop.storage.datapoints import Datapoints
from everloop.storage.experiments import Experiments
from everloop.storage.feed import PollingFeed
from everloop.storage.feedback import FeedbackOfLogs
from everloop.storage.judging import judge_anew
from everloop.storage.logs import Logs
from everloop.storage.said_rows import FILL
from everloop.storage.sessions import Sessions
from tests.contract.stores.samples import StillClock

SCOPE = Scope(OrganisationId("org_1"), "me")
PAGE = PageRequest(0, 10)
FAR = PageRequest(1, 10)
EXPERIMENT = ExperimentId("x")
BY_SOURCE, BY_TIME = LogSort(LogColumn.SOURCE), LogSort(LogColumn.TIMESTAMP, descending=True)
BY_RATING = LogSort(feedback_type="rating")
GOOD = FeedbackFilter("rating", ("good",))
_NONE: Any = None
_BELOW = "ix_log_project (organisation_id=? AND project_id=? AND id<?)"
_IN_STRETCH = "ix_log_project (organisation_id=? AND project_id=? AND id>? AND id<?)"
_STRETCHES = "project_logs USING PRIMARY KEY (organisation_id=? AND project_id=?)"
_CONFIGS = "config_logs USING PRIMARY KEY (organisation_id=? AND config_id=?)"
_NEWEST = "log USING INTEGER PRIMARY KEY (rowid>?)"
_TRIAL = "trial USING PRIMARY KEY (organisation_id=? AND id=?)"
_USAGE = "arm_usage USING PRIMARY KEY (organisation_id=? AND experiment_id=?)"
READS: dict[str, tuple[Callable[[Database], Awaitable[object]], str]] = {
    "a log": (lambda database: Logs(database).get(SCOPE, LogId("x")), "(organisation_id=? AND id=?)"),
    "a link": (lambda database: Logs(database).link(SCOPE, LogId("x")), "(organisation_id=? AND id=?)"),
    "a link by reference": (lambda database: Logs(database).link_by_reference(SCOPE, "x"), "ix_log_reference"),
    "a page": (lambda database: Logs(database).page(SCOPE, ProjectId("x"), PAGE), "ix_log_project"),
    "a page far back": (lambda database: Logs(database).page(SCOPE, ProjectId("x"), FAR), _BELOW),
    "the place of a page": (lambda database: Logs(database).page(SCOPE, ProjectId("x"), PAGE), _STRETCHES),
    "a search": (
        lambda database: Logs(database).find(SCOPE, ProjectId("x"), LogFilter(search="x"), PAGE),
        "ix_log_project",
    ),
    "logs with feedback": (
        lambda database: Logs(database).find(SCOPE, ProjectId("x"), LogFilter(feedback=(GOOD,)), PAGE),
        "said_log USING PRIMARY KEY (organisation_id=? AND said=? AND log_id>? AND log_id<?)",
    ),
    "the counts of logs with feedback": (
        lambda database: Logs(database).find(SCOPE, ProjectId("x"), LogFilter(feedback=(GOOD,)), PAGE),
        "said_cell USING INDEX ix_said_cell_stretch (organisation_id=? AND said=?)",
    ),
    "logs with feedback of two types": (
        lambda database: Logs(database).find(SCOPE, ProjectId("x"), LogFilter(feedback=(GOOD, GOOD)), PAGE),
        "ix_feedback_project",
    ),
    "logs by feedback": (
        lambda database: Logs(database).find(SCOPE, ProjectId("x"), LogFilter(order=(BY_RATING,)), PAGE),
        "said_log USING PRIMARY KEY (organisation_id=? AND said=? AND log_id",
    ),
    "logs by source, then time": (
        lambda database: Logs(database).find(SCOPE, ProjectId("x"), LogFilter(order=(BY_SOURCE, BY_TIME)), PAGE),
        _IN_STRETCH,
    ),
    "a search in a time": (
        lambda database: Logs(database).find(SCOPE, ProjectId("x"), LogFilter(search="x", since=1), PAGE),
        _IN_STRETCH,
    ),
    "logs of a model": (
        lambda database: Logs(database).find(SCOPE, ProjectId("x"), LogFilter(models=("x",)), PAGE),
        "model_config USING INDEX sqlite_autoindex_model_config",
    ),
    "logs by source": (
        lambda database: Logs(database).find(SCOPE, ProjectId("x"), LogFilter(order=(BY_SOURCE,)), PAGE),
        _IN_STRETCH,
    ),
    "logs by time": (
        lambda database: Logs(database).find(SCOPE, ProjectId("x"), LogFilter(order=(BY_TIME,)), PAGE),
        _IN_STRETCH,
    ),
    "logs of a time": (
        lambda database: Logs(database).find(SCOPE, ProjectId("x"), LogFilter(since=1), PAGE),
        _IN_STRETCH,
    ),
    "logs in cells": (
        lambda database: Logs(database).find(SCOPE, ProjectId("x"), LogFilter(since=1), PAGE),
        _STRETCHES,
    ),
    "logs above the mark": (
        lambda database: Logs(database).find(SCOPE, ProjectId("x"), LogFilter(models=("x",)), PAGE),
        _NEWEST,
    ),
    "a count": (lambda database: Logs(database).count(SCOPE, [ProjectId("x")]), _STRETCHES),
    "what a count lacks": (lambda database: Logs(database).count(SCOPE, [ProjectId("x")]), _NEWEST),
    "the logs of versions": (lambda database: Configs(database, _NONE).used(SCOPE, [ConfigId("x")]), _CONFIGS),
    "the uses of a project's versions": (
        lambda database: Configs(database, _NONE).of_project(SCOPE, ProjectId("x")),
        "model_config USING INDEX sqlite_autoindex_model_config_2 (organisation_id=? AND project_id=?)",
    ),
    "a session": (lambda database: Sessions(database).summary(SCOPE, SessionId("x")), "ix_log_session"),
    "a trial": (lambda database: Experiments(database, _NONE, _NONE).trial(SCOPE, TrialId("x")), _TRIAL),
    "results": (lambda database: Experiments(database, _NONE, _NONE).results(SCOPE, [EXPERIMENT]), _USAGE),
    "a timeline": (
        lambda database: Experiments(database, _NONE, _NONE).timeline(SCOPE, EXPERIMENT, EnvironmentId("x")),
        "arm_moment USING PRIMARY KEY (organisation_id=? AND experiment_id=? AND environment_id=?)",
    ),
    "the view of a project": (
        lambda database: PollingFeed(database).project(SCOPE.organisation_id, ProjectId("x")),
        "uq_experiment_organisation_id_project_id_name",
    ),
    "datapoints": (lambda database: Datapoints(database).page(SCOPE, DatasetId("x"), PAGE), "ix_datapoint_present"),
    "a datapoint": (lambda database: Datapoints(database).get(SCOPE, DatapointId("x")), "uq_datapoint_present"),
    "feedback": (lambda database: FeedbackOfLogs(database, _NONE).of_logs(SCOPE, [LogId("x")]), "ix_feedback_"),
}


# What is sorted are the projects of a session, the feedback of a page, the moments of a chart, experiments, versions,
# and the stretches of a project's logs, which alone take a statement that begins with `WITH`.
FEW = {"a session", "feedback", "a timeline", "the view of a project", "the uses of a project's versions"}
# Steps over what other steps have found, and over one row.
STEPS = (
    "said_cells|less|reach|stretches|through|cut_[a-z_]+|cells|units|total|counted|starts|ends|needed|page|sums|weights"
)
WITHIN = re.compile(rf"SCAN (\(subquery-\d+\)|CONSTANT ROW|({STEPS})( LEFT-JOIN)?)$")


@pytest.fixture
def statements() -> Any:
    """Every statement that SQLAlchemy sends, with its parameters."""
    seen: list[tuple[str, Any]] = []

    def remember(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        if statement.startswith(("SELECT", "UPDATE", "WITH")):
            seen.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", remember)
    yield seen
    event.remove(Engine, "before_cursor_execute", remember)


@pytest.fixture
async def database(file: Path) -> AsyncIterator[Database]:
    connection = sqlite3.connect(file)
    connection.execute("INSERT INTO session VALUES ('org_1', 'x', 1, NULL)")
    connection.execute(
        "INSERT INTO log (organisation_id, id, project_id, created_at, updated_at, save, sample_index) "
        "VALUES ('org_1', 'x', 'x', 1, 1, 1, 0)"
    )
    connection.execute("INSERT INTO log_body (organisation_id, log_id) VALUES ('org_1', 'x')")
    connection.execute("INSERT INTO organisation (id, name, created_at) VALUES ('org_1', 'x', 1)")
    connection.execute(
        "INSERT INTO project (organisation_id, id, name, folded_name, created_at, updated_at) "
        "VALUES ('org_1', 'x', 'x', 'x', 1, 1)"
    )
    connection.execute(
        "INSERT INTO model_config (organisation_id, id, project_id, fingerprint, config, created_at) "
        "VALUES ('org_1', 'x', 'x', 'x', '{\"model\": \"x\"}', 1)"
    )
    connection.execute(
        "INSERT INTO dataset (organisation_id, id, project_id, name, description, version, datapoints, created_at, "
        "updated_at) VALUES ('org_1', 'x', 'x', 'x', 'x', 1, 2, 1, 1)"
    )
    connection.executemany(
        "INSERT INTO datapoint (organisation_id, id, dataset_id, position, since, created_at, updated_at) "
        "VALUES ('org_1', ?, 'x', ?, 1, 1, 1)",
        [("x", 1), ("y", 2)],
    )
    connection.execute(
        "INSERT INTO experiment (organisation_id, id, project_id, name, salt, positive_labels, status, created_at, "
        "updated_at) VALUES ('org_1', 'x', 'x', 'x', 'x', '[]', 'Initialized', 1, 1)"
    )
    connection.execute(
        "INSERT INTO experiment_arm (organisation_id, experiment_id, config_id, endpoint, weight, active, added_at) "
        "VALUES ('org_1', 'x', 'x', 'complete', 1, 1, 1)"
    )
    connection.execute("INSERT INTO feedback_type VALUES (NULL, 'org_1', 'x', 'rating', 'select')")
    connection.execute("INSERT INTO feedback VALUES (NULL, 'org_1', 'x', 'x', 'x', 'rating', '\"good\"', NULL, 1)")
    for statement in FILL:
        connection.execute(statement)
    connection.commit()
    connection.close()
    database = Database(file)
    yield database
    await database.close()


@pytest.mark.parametrize("name", READS)
async def test_it_is_found_by_index(database: Database, file: Path, statements: list[tuple[str, Any]], name: str):
    read, index = READS[name]
    await read(database)
    connection = sqlite3.connect(file)
    plans_of = {
        text: [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", values)]
        for text, values in statements
    }
    plans = [step for steps in plans_of.values() for step in steps]
    connection.close()
    assert any(index in step for step in plans), plans
    # Neither the whole table nor the whole organisation, and no sorting of what was found.
    scans = [step for step in plans if step.startswith("SCAN") and not WITHIN.match(step)]
    assert not scans + [step for step in plans if step.endswith("(organisation_id=?)")], plans
    sorts = [text for text, steps in plans_of.items() if any("TEMP B-TREE FOR ORDER BY" in step for step in steps)]
    assert name in FEW or not [text for text in sorts if not text.startswith("WITH")], plans


async def test_what_is_said_of_a_log_is_counted_without_a_look_at_others(
    database: Database, file: Path, statements: list[tuple[str, Any]]
):
    clock = StillClock()
    piece = Feedback(FeedbackId("y"), LogId("x"), "rating", "bad", 2)
    await FeedbackOfLogs(database, clock).record(SCOPE, ProjectId("x"), [], [piece])
    await Logs(database).delete(SCOPE, [LogId("x")])
    connection = sqlite3.connect(file)
    plans = [
        row[3]
        for text, values in statements
        if " said_" in text
        for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", values)
    ]
    connection.close()
    assert any("SEARCH said_cell" in step for step in plans)
    found = [step for step in plans if step.startswith(("SCAN", "SEARCH"))]
    few = re.compile(r"SCAN (touched|counted|feedback|each|CONSTANT ROW)|SEARCH .*\(organisation_id=\? AND .*\)")
    assert [step for step in found if not few.match(step)] == []
    assert not [step for step in found if "ix_feedback_project" in step]


async def test_judging_anew_goes_from_the_ratings_to_their_logs(
    database: Database, file: Path, statements: list[tuple[str, Any]]
):
    labels = (PositiveLabel("rating", "good"), PositiveLabel("action", "copied"))
    experiment = Experiment(EXPERIMENT, ProjectId("x"), "x", "x", labels, 1, 1)
    async with database.write() as connection:
        await judge_anew(connection, SCOPE, experiment, 2)
    (counting,) = [each for each in statements if each[0].startswith("UPDATE trial") and "feedback" in each[0]]
    reader = sqlite3.connect(file)
    plan = [row[3] for row in reader.execute(f"EXPLAIN QUERY PLAN {counting[0]}", counting[1])]
    reader.close()
    assert any("feedback USING INDEX ix_feedback_project (organisation_id=? AND project_id=?" in step for step in plan)
    assert any("log USING INDEX sqlite_autoindex_log_1 (organisation_id=? AND id=?)" in step for step in plan)
    assert any("trial USING PRIMARY KEY (organisation_id=? AND id=?)" in step for step in plan)
    assert not [step for step in plan if re.match("SCAN (feedback|log|trial)", step)], plan
