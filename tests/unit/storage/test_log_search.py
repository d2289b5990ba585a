"""Pages that are found by kept counts are those of a plain model, whatever was folded, deleted or lost of the mark."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from everloop.domain.ids import LogId, ProjectId
from everloop.domain.log import Log
from everloop.domain.log_filter import EVERYTHING, LogColumn, LogFilter, LogSort, VersionStatus
from everloop.domain.page import PageRequest
from everloop.domain.scope import Scope
from everloop.storage import log_counted, log_places
from everloop.storage.database import Database
from everloop.storage.folding import fold, fold_all, mark_newest
from everloop.storage.log_batch import rows_of, write
from everloop.storage.logs import Logs
from everloop.storage.retention import OldLogs
from tests.contract.stores.samples import a_log, a_log_id, an_organisation
from tests.log_model import found

ORGANISATION = an_organisation("1").id
SCOPE = Scope(ORGANISATION, "key")
PROJECT, ELSEWHERE = ProjectId("pr_1"), ProjectId("pr_2")
MODELS: dict[str | None, str] = {"config_1": "gpt-4", "config_2": "gpt-4o", "config_3": "gpt-4", "config_4": "a b"}
SOURCES = [None, "", "=", "api", "web", "é", "nul \x00 x"]
STRETCH = 62**4  # milliseconds
# Ids that tell no time: as short as a stretch and shorter, and some that begin as others do.
ODD = ["data_", "data", "d", "zzz", "data_00", "é" * 9, "é" * 8, "\U0010ffff" * 9, "data_0000", "data_000"]
END = 5 * STRETCH


@pytest.fixture
def connection(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("INSERT INTO organisation VALUES (NULL, ?, 'x', 1)", (ORGANISATION,))
        for config, model in MODELS.items():
            connection.execute(
                "INSERT INTO model_config (organisation_id, id, project_id, fingerprint, config, created_at)"
                " VALUES (?, ?, ?, ?, json_object('model', ?), 1)",
                (ORGANISATION, config, PROJECT, config, model),
            )
        yield connection


class Past:
    """Logs whose times are those of their ids or others, in the order of neither."""

    def __init__(self, connection: sqlite3.Connection, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - the same tests in every run
        self.logs: dict[LogId, Log] = {}
        self._connection = connection
        self._odd = ODD.copy()

    def add(self) -> None:
        time = self.chance.randrange(END)
        identifier = a_log_id(len(self.logs), time)
        if self._odd and self.chance.random() < 0.2:
            identifier = LogId(self._odd.pop(self.chance.randrange(len(self._odd))))
        log = a_log(
            identifier,
            self.chance.choice([PROJECT, PROJECT, PROJECT, ELSEWHERE]),
            config=self.chance.choice([None, *MODELS]),
            created_at=time if self.chance.random() < 0.8 else self.chance.choice([0, STRETCH, 2 * STRETCH, END]),
        )
        self.logs[identifier] = replace(log, source=self.chance.choice(SOURCES))
        write(self._connection, [rows_of(ORGANISATION, [self.logs[identifier]])])

    async def grow(self, old_logs: OldLogs) -> None:
        """Some come, some are counted, and some go."""
        for _ in range(self.chance.randrange(8)):
            self.add()
        if self.chance.random() < 0.5:
            fold(self._connection.execute, self.chance.randrange(1, 8))
        if self.chance.random() < 0.2:
            await old_logs.delete_logs(self.chance.randrange(END), 4)
            there = {row[0] for row in self._connection.execute("SELECT id FROM log")}
            self.logs = {each: log for each, log in self.logs.items() if each in there}

    def filter(self) -> LogFilter:
        """Of columns alone."""
        maybe = self.chance.random
        keys = [LogSort(column, descending=descending) for column in LogColumn for descending in (True, False)]
        return LogFilter(
            version_status=self.chance.choice([*VersionStatus, VersionStatus.COMMITTED]) if maybe() < 0.2 else None,
            since=self._time() if maybe() < 0.3 else None,
            before=self._time() if maybe() < 0.3 else None,
            sources=("api", "", "=")[: self.chance.randrange(4)] if maybe() < 0.3 else (),
            models=self.chance.choice([("gpt-4",), ("a b", "none")]) if maybe() < 0.3 else (),
            order=tuple(self.chance.sample(keys, self.chance.choice([0, 1, 1, 1, 2]))),
        )

    def _time(self) -> int:
        some = [each.created_at for each in self.logs.values()] or [0]
        return self.chance.choice([self.chance.randrange(END), self.chance.choice(some), STRETCH, 2 * STRETCH])


async def check(past: Past, database: Database) -> None:
    """Pages of a few filters are those of the model."""
    mine = [each for each in past.logs.values() if each.project_id == PROJECT]
    mine.sort(key=lambda each: each.id.encode())
    logs = Logs(database)
    for chosen in [EVERYTHING, *(past.filter() for _ in range(12))]:
        expected = [each.id for each in found(mine, chosen, {}, MODELS)]
        for offset in {0, 1, past.chance.randrange(len(expected) + 2), max(len(expected) - 2, 0)}:
            page = await logs.find(SCOPE, PROJECT, chosen, PageRequest(offset, past.chance.choice([1, 3, 50])))
            size = len(page.items)
            assert [each.id for each in page.items] == expected[offset : offset + size], chosen
            assert size or offset >= len(expected), chosen
            assert page.total == len(expected), chosen


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("most", [log_places.MOST_UNITS, 2])
async def test_pages_are_those_of_the_model(
    connection: sqlite3.Connection,
    database: Database,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    most: int,
):
    for place in (log_places, log_counted):
        monkeypatch.setattr(place, "MOST_UNITS", most)
    past = Past(connection, seed)
    for _ in range(12):
        await past.grow(OldLogs(file))
    await check(past, database)
    fold_all(connection.execute)
    await check(past, database)


async def test_a_page_is_whole(connection: sqlite3.Connection, database: Database):
    """Of all sizes: those that end with the list are shorter."""
    past = Past(connection, 100)
    for _ in range(60):
        past.add()
    fold_all(connection.execute)
    mine = sum(each.project_id == PROJECT for each in past.logs.values())
    for sort in (LogSort(LogColumn.SOURCE), LogSort(LogColumn.MODEL), LogSort(LogColumn.TIMESTAMP, descending=True)):
        for offset in range(0, mine + 3, 3):
            chosen = LogFilter(order=(sort,))
            page = await Logs(database).find(SCOPE, PROJECT, chosen, PageRequest(offset, 7))
            assert len(page.items) == max(0, min(7, mine - offset))


@pytest.mark.parametrize("column", [None, *LogColumn])
async def test_a_page_may_be_as_far_back_as_numbers_reach(
    connection: sqlite3.Connection, database: Database, column: LogColumn | None
):
    past = Past(connection, 103)
    for _ in range(20):
        past.add()
    chosen = LogFilter(order=(LogSort(column),)) if column else LogFilter(since=1)
    far = 2**63 // 1000 * 1000
    assert (await Logs(database).find(SCOPE, PROJECT, chosen, PageRequest(far, 1000))).items == ()


async def test_counts_alone_tell_the_total_of_what_is_folded(connection: sqlite3.Connection, database: Database):
    """Where they are wrong, so is the total: no log is looked at for it."""
    past = Past(connection, 101)
    for _ in range(40):
        past.add()
    fold_all(connection.execute)
    connection.execute("UPDATE project_logs SET logs = logs + 1000 WHERE source = '=api'")
    page = await Logs(database).find(SCOPE, PROJECT, LogFilter(sources=("api",)), PageRequest(0, 1))
    assert page.total > 1000


async def test_without_a_mark_all_logs_are_looked_at(connection: sqlite3.Connection, database: Database):
    past = Past(connection, 102)
    for _ in range(40):
        past.add()
    fold_all(connection.execute)
    connection.execute("UPDATE project_logs SET logs = logs + 1000")
    connection.execute("DELETE FROM folding")
    await check(past, database)
    mark_newest(connection.execute)
    page = await Logs(database).find(SCOPE, PROJECT, LogFilter(sources=("api",)), PageRequest(0, 1))
    assert page.total > 1000
