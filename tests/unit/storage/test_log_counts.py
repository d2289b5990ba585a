"""Kept counts are those of the rows, whatever was folded, deleted or lost of the mark; pages are cut by them."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command

from everloop.domain.ids import ConfigId, LogId, OrganisationId, ProjectId
from everloop.domain.page import PageRequest
from everloop.domain.scope import Scope
from everloop.storage.counting import count, recount
from everloop.storage.database import Database
from everloop.storage.folding import fold, fold_all, mark_newest
from everloop.storage.log_batch import rows_of, write
from everloop.storage.log_counts import of_configs, of_projects
from everloop.storage.logs import Logs
from everloop.storage.migrating import _config, _engine, migrate
from everloop.storage.retention import OldLogs
from tests.contract.stores.samples import a_log, a_log_id

ORGANISATIONS = [OrganisationId("org_1"), OrganisationId("org_2")]
PROJECTS = [ProjectId("pr_1"), ProjectId("pr_2"), ProjectId("pr_none")]
CONFIGS = [ConfigId("config_1"), ConfigId("config_2"), ConfigId("config_none")]
STRETCH = 62**4  # milliseconds
SHORT = ["data_", "data", "d", "zzz", "data_00", "é" * 9, "é" * 8, "\U0001f600", "~", ""]


@pytest.fixture
def connection(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        for organisation_id in ORGANISATIONS:
            connection.execute("INSERT INTO organisation VALUES (NULL, ?, ?, 1)", (organisation_id, organisation_id))
        yield connection


class Past:
    """Logs that come in any order of their ids, in few stretches."""

    def __init__(self, connection: sqlite3.Connection, seed: int) -> None:
        self.connection = connection
        self.chance = random.Random(seed)  # noqa: S311 - the same tests in every run
        self._numbers = iter(range(10**6))
        self._short = {each: SHORT.copy() for each in ORGANISATIONS}

    def add(self) -> None:
        organisation_id, time = self.chance.choice(ORGANISATIONS), self.chance.randrange(5 * STRETCH)
        identifier = a_log_id(next(self._numbers), time)
        short = self._short[organisation_id]
        if short and self.chance.random() < 0.2:
            identifier = LogId(short.pop(self.chance.randrange(len(short))))
        config = self.chance.choice([*CONFIGS[:2], None])
        log = a_log(project=self.chance.choice(PROJECTS[:2]), config=config, created_at=time)
        write(self.connection, [rows_of(organisation_id, [replace(log, id=identifier)])])


async def check(connection: sqlite3.Connection, database: Database) -> None:
    """Counts and pages are those of the rows, one by one."""
    rows = connection.execute("SELECT organisation_id, project_id, config_id, id, created_at FROM log").fetchall()
    logs = Logs(database)
    for organisation_id in ORGANISATIONS:
        mine, scope = [row[1:] for row in rows if row[0] == organisation_id], Scope(organisation_id, "key")
        async with database.read() as reader:
            projects = await of_projects(reader, organisation_id, PROJECTS)
            configs = await of_configs(reader, organisation_id, CONFIGS)
        assert projects == {each: sum(row[0] == each for row in mine) for each in PROJECTS}
        assert {each: use.logs for each, use in configs.items()} == {
            each: sum(row[1] == each for row in mine) for each in CONFIGS
        }
        for each, use in configs.items():
            times = [row[3] for row in mine if row[1] == each]
            assert (use.last_at is None) == (not times)
            # A last one that was deleted is still the last.
            assert use.last_at is None or use.last_at >= max(times)
        for project_id in PROJECTS:
            ids = sorted((row[2] for row in mine if row[0] == project_id), key=str.encode, reverse=True)
            for offset in range(len(ids) + 2):
                page = await logs.page(scope, project_id, PageRequest(offset, 3))
                assert [each.id for each in page.items] == ids[offset : offset + 3]
                assert page.total == len(ids)


def is_exact(connection: sqlite3.Connection) -> bool:
    """Whether all logs are counted, and nothing else."""
    fold_all(connection.execute)
    before = kept(connection)
    recount(connection.execute)
    return before == kept(connection)


def kept(connection: sqlite3.Connection) -> list[list[tuple[str, ...]]]:
    """Without the times between which logs lie: these may reach further once some were deleted."""
    tables = (
        "SELECT organisation_id, project_id, stretch, config_id, source, logs FROM project_logs",
        "SELECT * FROM config_logs",
    )
    return [connection.execute(each).fetchall() for each in tables]


@pytest.mark.parametrize("seed", range(8))
async def test_counts_and_pages_are_those_of_the_rows(
    connection: sqlite3.Connection, database: Database, file: Path, seed: int
):
    past, old_logs = Past(connection, seed), OldLogs(file)
    for _ in range(12):
        for _ in range(past.chance.randrange(7)):
            past.add()
        if past.chance.random() < 0.5:
            fold(connection.execute, past.chance.randrange(1, 6))
        if past.chance.random() < 0.3:
            await old_logs.delete_logs(past.chance.randrange(5 * STRETCH), 5)
    await check(connection, database)
    assert is_exact(connection)
    await check(connection, database)


async def test_nothing_is_left_of_what_has_gone(connection: sqlite3.Connection, database: Database, file: Path):
    past = Past(connection, 1)
    for _ in range(20):
        past.add()
    fold_all(connection.execute)
    while await OldLogs(file).delete_logs(5 * STRETCH, 7):
        pass
    assert connection.execute(
        "SELECT (SELECT count(*) FROM project_logs), (SELECT count(*) FROM config_logs)"
    ).fetchall() == [(0, 0)]
    past.add()
    await check(connection, database)
    assert is_exact(connection)


async def test_a_mark_that_others_deleted_is_no_harm(connection: sqlite3.Connection, database: Database):
    past = Past(connection, 2)
    for _ in range(20):
        past.add()
    fold_all(connection.execute)
    connection.execute("DELETE FROM log_body WHERE log_id IN (SELECT id FROM log ORDER BY rowid DESC LIMIT 3)")
    connection.execute("DELETE FROM log WHERE rowid > 17")
    await check(connection, database)
    past.add()
    fold(connection.execute)
    await check(connection, database)
    assert is_exact(connection)


def at_revision(revision: str, file: Path, newer: Path) -> sqlite3.Connection:
    """A database of an older version with the logs of another database."""
    with _engine(file).connect() as made, made.begin():
        config = _config()
        config.attributes["connection"] = made
        command.upgrade(config, revision)
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("ATTACH ? AS newer", (str(newer),))
    for table in ("organisation", "log", "log_body", "folding"):
        found = connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
        names = ", ".join(f'"{name}"' for (name,) in found)
        connection.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM newer.{table} ORDER BY rowid")  # noqa: S608 - our own tables
    connection.execute("DETACH newer")
    return connection


async def test_what_was_there_before_is_counted_when_the_database_is_brought_up_to_date(
    connection: sqlite3.Connection, file: Path, tmp_path: Path
):
    """Up to the mark; the rest is counted when it is folded."""
    past = Past(connection, 3)
    for number in range(30):
        past.add()
        if number == 19:
            fold_all(connection.execute)
    with closing(at_revision("0005", tmp_path / "older.db", file)) as older:
        migrate(f"sqlite:///{tmp_path}/older.db")
        database = Database(tmp_path / "older.db")
        await check(older, database)
        await database.close()
        assert older.execute("SELECT sum(logs) FROM project_logs").fetchone() == (20,)
        assert is_exact(older)


async def test_only_what_is_above_the_mark_is_looked_at(connection: sqlite3.Connection, database: Database):
    """Counts that are wrong below it are told as they are."""
    past = Past(connection, 4)
    past.add()
    mark_newest(connection.execute)
    async with database.read() as reader:
        assert sum((await of_projects(reader, ORGANISATIONS[0], PROJECTS)).values()) == 0
        assert sum((await of_projects(reader, ORGANISATIONS[1], PROJECTS)).values()) == 0
    count(connection.execute, 0, 1)
    await check(connection, database)
