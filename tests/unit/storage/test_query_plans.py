"""The reads that grow with the number of logs use the indexes that are there for them."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from everloop.domain.ids import (
    ConfigId,
    EnvironmentId,
    ExperimentId,
    LogId,
    OrganisationId,
    ProjectId,
    SessionId,
    TrialId,
)
from everloop.domain.page import PageRequest
from everloop.domain.scope import Scope
from everloop.storage.configs import Configs
from everloop.storage.database import Database
from everloop.storage.experiments import Experiments
from everloop.storage.feed import PollingFeed
from everloop.storage.feedback import FeedbackOfLogs
from everloop.storage.logs import Logs
from everloop.storage.sessions import Sessions

SCOPE = Scope(OrganisationId("org_1"), "me")
PAGE = PageRequest(0, 10)
EXPERIMENT = ExperimentId("x")
_NONE: Any = None
_TRIAL = "trial USING PRIMARY KEY (organisation_id=? AND id=?)"
_USAGE = "arm_usage USING PRIMARY KEY (organisation_id=? AND experiment_id=?)"
READS: dict[str, tuple[Callable[[Database], Awaitable[object]], str]] = {
    "a log": (lambda database: Logs(database).get(SCOPE, LogId("x")), "(organisation_id=? AND id=?)"),
    "a link": (lambda database: Logs(database).link(SCOPE, LogId("x")), "(organisation_id=? AND id=?)"),
    "a link by reference": (lambda database: Logs(database).link_by_reference(SCOPE, "x"), "ix_log_reference"),
    "a page": (lambda database: Logs(database).page(SCOPE, ProjectId("x"), PAGE), "ix_log_project"),
    "a count": (lambda database: Logs(database).count(SCOPE, [ProjectId("x")]), "ix_log_project"),
    "the use of versions": (lambda database: Configs(database, _NONE).used(SCOPE, [ConfigId("x")]), "ix_log_config"),
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
    "feedback": (lambda database: FeedbackOfLogs(database, _NONE).of_logs(SCOPE, [LogId("x")]), "ix_feedback_"),
}


# What is sorted are the projects of a session, the feedback of a page, the moments of a chart, and experiments.
FEW = {"a session", "feedback", "a timeline", "the view of a project"}


@pytest.fixture
def statements() -> Any:
    """Every statement that SQLAlchemy sends, with its parameters."""
    seen: list[tuple[str, Any]] = []

    def remember(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        if statement.startswith("SELECT"):
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
    plans = [row[3] for text, values in statements for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", values)]
    connection.close()
    assert any(index in step for step in plans), plans
    # Neither the whole table nor the whole organisation, and no sorting of what was found.
    assert not [step for step in plans if step.startswith("SCAN") or step.endswith("(organisation_id=?)")], plans
    sorts = [step for step in plans if "TEMP B-TREE FOR ORDER BY" in step]
    assert not sorts or name in FEW, plans
