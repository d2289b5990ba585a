"""What the logs of an experiment add to its sums is there once, whatever became of the batches."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from everloop import errors
from everloop.domain.ids import OrganisationId
from everloop.domain.scope import Scope
from everloop.storage.folded import fold_file
from everloop.storage.log_connection import commit_now
from everloop.storage.log_writer import SqliteLogWriter
from everloop.storage.migrating import migrate
from tests.contract.stores.samples import StillClock, Tally, a_trial, an_exposed_log

SCOPE = Scope(OrganisationId("org_1"), "me")


class Disk:
    """Commits that fail while it is full."""

    def __init__(self) -> None:
        self.full = False

    def __call__(self, connection: sqlite3.Connection) -> None:
        if self.full:
            raise sqlite3.OperationalError("database or disk is full")
        commit_now(connection)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    migrate(f"sqlite:///{tmp_path}/everloop.db")
    return tmp_path / "everloop.db"


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
async def writer(file: Path, disk: Disk) -> AsyncIterator[SqliteLogWriter]:
    writer = SqliteLogWriter(file, StillClock(), Tally(), commit=disk)
    await writer.start()
    yield writer
    await writer.close()


def counts(file: Path) -> tuple[int, int, int, int]:
    """Logs, trials, and what the arms' sums say of both, once everything is folded."""
    fold_file(file)
    connection = sqlite3.connect(file)
    try:
        tables = ("SELECT count(*) FROM log", "SELECT count(*) FROM trial")
        sums = ("SELECT coalesce(sum(logs), 0) FROM arm_usage", "SELECT coalesce(sum(trials), 0) FROM arm_usage")
        logs, trials, *added = (int(connection.execute(query).fetchone()[0]) for query in (*tables, *sums))
        return logs, trials, added[0], added[1]
    finally:
        connection.close()


async def test_a_failed_commit_leaves_neither_the_log_nor_its_trial(writer: SqliteLogWriter, disk: Disk, file: Path):
    await writer.append(SCOPE, [an_exposed_log("data_1")])
    disk.full = True
    with pytest.raises(errors.Unavailable):
        await writer.append(SCOPE, [an_exposed_log("data_2", a_trial("trial_2"))])
    assert counts(file) == (1, 1, 1, 1)


async def test_neighbours_of_a_refused_log_are_added_once(writer: SqliteLogWriter, file: Path):
    """The batch is taken back and tried again one by one."""
    await writer.append(SCOPE, [an_exposed_log("data_taken")])
    logs = [an_exposed_log("data_taken" if n % 5 == 0 else f"data_{n}", a_trial(f"trial_{n % 7}")) for n in range(40)]
    results = await asyncio.gather(*(writer.append(SCOPE, [log]) for log in logs), return_exceptions=True)
    refused = [result for result in results if result is not None]
    assert [type(each) for each in refused] == [errors.Conflict] * 8
    assert counts(file) == (33, 7, 33, 7)
