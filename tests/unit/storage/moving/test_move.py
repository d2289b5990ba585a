import asyncio
import random
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from everloop import errors
from everloop.domain.scope import Scope
from everloop.storage.log_writer import SqliteLogWriter
from everloop.storage.migrating import migrate
from everloop.storage.moving.move import Moved, move
from everloop.storage.moving.plan import STAYS
from everloop.storage.opening import open_storage
from everloop.storage.tables import metadata
from tests.contract.stores.samples import StillClock, Tally, a_log, a_project, an_organisation
from tests.postgres import Cluster
from tests.unit.storage.moving.house import Silent, fill, rows_here, rows_there
from tests.unit.storage.test_postgres_connecting import pooler

ANYWHERE = "postgresql://me:secret@127.0.0.1:1/everloop"


async def moved(url: str, target: str, watcher: Any = None, **options: Any) -> Moved:
    """In a thread, because a loop runs here."""
    return await asyncio.to_thread(move, url, target, StillClock(), watcher or Silent(), **options)


def execute(file: Path, *statements: str) -> None:
    connection = sqlite3.connect(file)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize("batch", [1, 7, 4_000])
async def test_everything_is_there(filled: Path, url: str, postgres: Cluster, empty: str, batch: int):
    here, watcher = rows_here(filled), Silent()
    assert sum(map(bool, here.values())) >= 20, "house.fill puts rows into too few tables"
    done = await moved(url, postgres.url(empty), watcher, batch=batch)
    assert rows_there(postgres.url(empty)) == here == rows_here(filled)
    assert {each.name: (each.here, each.there) for each in done.tables} == {
        name: (len(rows), len(rows)) for name, rows in here.items()
    }
    assert (done.differing(), done.before) == ((), None)
    assert watcher.rows == sum(rows for _, rows in watcher.told) == sum(map(len, here.values()))
    # Of each organisation: 30 outputs and errors, three descriptions, a reference in two tables, and a user.
    assert sum(each.respelled for each in done.tables) == 2 * (2 * 30 + 3 + 2 + 1)


async def test_the_target_is_served_as_ever(filled: Path, url: str, postgres: Cluster, empty: str):
    """Numbers go on above those that were ever given, also where their rows are gone."""
    execute(filled, "UPDATE sqlite_sequence SET seq = 7777 WHERE name = 'change'")
    await moved(url, postgres.url(empty))
    migrate(postgres.url(empty))
    storage = await open_storage(postgres.url(empty), StillClock(), Tally())
    scope = Scope(an_organisation("a").id, "key_a")
    await storage.projects.create(scope, a_project("pr_2"))
    await storage.log_writer.append(scope, [a_log("data_new")])
    assert await storage.logs.get(scope, a_log("data_new").id) is not None
    assert (await storage.feed.load()).epoch == 7778
    await storage.close()
    for table in metadata.sorted_tables:
        if table.autoincrement_column is not None and table.name != "change":
            count, greatest = postgres.run(f'SELECT count(*), max(number) FROM "{table.name}"', empty)[0]  # noqa: S608 - our own table
            assert count == (greatest or 0), table.name


async def test_the_database_knows_what_it_has_before_it_plans_its_first_query(
    url: str, filled: Path, postgres: Cluster, empty: str
):
    assert rows_here(filled)
    await moved(url, postgres.url(empty))
    known = (
        "SELECT relname FROM pg_class WHERE relname IN ('project', 'log', 'log_2023_11') AND reltuples > 0 ORDER BY 1"
    )
    assert postgres.run(known, empty) == [("log",), ("log_2023_11",), ("project",)]


async def test_logs_are_in_the_partitions_of_their_own_months(filled: Path, url: str, postgres: Cluster, empty: str):
    await moved(url, postgres.url(empty))
    for column, table in (("id", "log"), ("log_id", "log_body")):
        query = f"SELECT tableoid::regclass::text, count(*), min({column}) FROM {table} GROUP BY 1 ORDER BY 1"  # noqa: S608 - a test's
        places = postgres.run(query, empty)
        assert [(place, count) for place, count, _ in places] == [
            (f"{table}_2023_11", 20),
            (f"{table}_2023_12", 20),
            (f"{table}_2024_01", 20),
            (f"{table}_other", 10),
        ]


async def test_what_only_the_logs_tell_yet_is_in_the_sums(filled: Path, url: str, postgres: Cluster, empty: str):
    columns = "project_id, config_id, created_at, updated_at, environment_id, experiment_id, save, sample_index"
    execute(
        filled,
        f"INSERT INTO log (organisation_id, id, trial_id, {columns})"  # noqa: S608 - a test's
        f" SELECT organisation_id, 'data_late', 'trial_late', {columns} FROM log WHERE id = 'data_exposed'",
    )
    await moved(url, postgres.url(empty))
    query = "SELECT trials, logs FROM arm_usage WHERE config_id = 'config_1' ORDER BY organisation_id"
    assert postgres.run(query, empty) == [(2, 2), (2, 2)]
    assert rows_there(postgres.url(empty)) == rows_here(filled)


async def test_what_was_said_is_counted_there_too(filled: Path, url: str, postgres: Cluster, empty: str):
    await moved(url, postgres.url(empty))
    for query in (
        (
            "SELECT cell.organisation_id, type, value, stretch, config_id, source, logs, newest_logs, first_at, last_at"
            " FROM said_cell cell JOIN said_value ON said_value.number = cell.said"
        ),
        (
            "SELECT said_log.organisation_id, type, value, log_id, newest FROM said_log"
            " JOIN said_value ON said_value.number = said_log.said"
        ),
    ):
        connection = sqlite3.connect(filled)
        here = sorted(connection.execute(query).fetchall())
        connection.close()
        assert len(here) > 2
        assert sorted(postgres.run(query, empty)) == here
    assert postgres.run("SELECT reltuples > 0 FROM pg_class WHERE relname = 'said_log'", empty) == [(True,)]


async def test_a_second_run_changes_nothing(filled: Path, url: str, postgres: Cluster, empty: str):
    await moved(url, postgres.url(empty))
    postgres.run("DELETE FROM feedback", empty)
    assert await moved(url, postgres.url(empty)) == Moved(before=StillClock().now())
    assert postgres.run("SELECT count(*) FROM feedback", empty) == [(0,)]


class Stop(Exception):
    pass


class Stopping(Silent):
    """Stops the run after that many reports."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after

    def moved(self, table: str, rows: int) -> None:
        super().moved(table, rows)
        if len(self.told) > self.after:
            raise Stop


async def test_it_goes_on_where_it_was(filled: Path, url: str, postgres: Cluster, empty: str):
    first, last = Stopping(60), Silent()
    with pytest.raises(Stop):
        await moved(url, postgres.url(empty), first, batch=5)
    done = await moved(url, postgres.url(empty), last, batch=9)
    assert done.differing() == ()
    assert sum(rows for _, rows in last.told) == last.rows
    assert rows_there(postgres.url(empty)) == rows_here(filled)


async def test_no_server_uses_a_half(filled: Path, url: str, postgres: Cluster, empty: str):
    with pytest.raises(Stop):
        await moved(url, postgres.url(empty), Stopping(60), batch=5)
    with pytest.raises(errors.Unavailable, match=r"not finished.*everloop migrate"):
        migrate(postgres.url(empty))
    await moved(url, postgres.url(empty))
    migrate(postgres.url(empty))


async def test_after_something_was_written_it_does_not_go_on(filled: Path, url: str, postgres: Cluster, empty: str):
    with pytest.raises(Stop):
        await moved(url, postgres.url(empty), Stopping(60), batch=5)
    execute(filled, "UPDATE project SET updated_at = 1")
    with pytest.raises(errors.Conflict, match="before something was written"):
        await moved(url, postgres.url(empty))


async def test_another_source_is_refused(filled: Path, url: str, postgres: Cluster, empty: str, tmp_path: Path):
    other = f"sqlite:///{tmp_path}/other/everloop.db"
    await fill(other, "c", 1)
    await moved(other, postgres.url(empty))
    with pytest.raises(errors.Conflict, match="another database"):
        await moved(url, postgres.url(empty))


KILLED = """
    import os, signal, sys, threading
    from everloop.storage.moving.move import move
    from everloop.telemetry.clock import SystemClock

    reports, delay = int(sys.argv[3]), float(sys.argv[4])

    def die():
        os.kill(os.getpid(), signal.SIGKILL)

    timer = threading.Timer(delay, die)
    timer.daemon = True

    class Watcher:
        told = 0

        def begins(self, rows):
            self.tell()

        def moved(self, table, rows):
            self.told += 1
            self.tell()

        def tell(self):
            if self.told == reports:
                timer.start() if delay else die()

    move(sys.argv[1], sys.argv[2], SystemClock(), Watcher(), batch=3)
    timer.cancel()
"""


@pytest.mark.timeout(240)
async def test_killed_at_any_moment_it_goes_on(filled: Path, url: str, postgres: Cluster, empty: str):
    """First before the first batch, then three times at some batch, then some milliseconds after some batches.

    Each table is reported once before its batches: some more reports than there are tables are some batches.
    """
    chance = random.Random(20_261_126)  # noqa: S311 - instants, not secrets
    here, halves = rows_here(filled), 0
    for attempt in range(30):
        reports = len(here) + chance.randrange(5 if attempt < 4 else 20) if attempt else 0
        last = [str(reports), str(0 if attempt < 4 else chance.uniform(0.001, 0.02))]
        command = [sys.executable, "-c", textwrap.dedent(KILLED), url, postgres.url(empty), *last]
        done = await asyncio.to_thread(subprocess.run, command, check=False, timeout=60)
        if done.returncode == 0:
            break
        assert done.returncode == -9
        halves += 0 < rows_of(postgres, empty) < sum(map(len, here.values()))
    else:
        pytest.fail("it does not come to an end")
    assert halves > 1, "it was not killed in the middle"
    assert rows_there(postgres.url(empty)) == here == rows_here(filled)


def rows_of(postgres: Cluster, name: str) -> int:
    if postgres.run("SELECT to_regclass('everloop_move_table') IS NULL", name) == [(True,)]:
        return 0
    return int(postgres.run("SELECT coalesce(sum(rows), 0)::int FROM everloop_move_table", name)[0][0])


async def test_nobody_uses_the_source_meanwhile(filled: Path, url: str, postgres: Cluster, empty: str):
    refused = []

    class Intruder(Silent):
        def moved(self, table: str, rows: int) -> None:
            program = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('SELECT * FROM log')"
            done = subprocess.run([sys.executable, "-c", program, filled], capture_output=True, text=True, check=False)
            refused.append("database is locked" in done.stderr)

    await moved(url, postgres.url(empty), Intruder())
    assert refused
    assert all(refused)


async def test_a_server_must_not_run(filled: Path, url: str, postgres: Cluster, empty: str):
    writer = SqliteLogWriter(filled, StillClock(), Tally())
    await writer.start()
    with pytest.raises(errors.Conflict, match="stop it first"):
        await moved(url, postgres.url(empty))
    await writer.close()
    await moved(url, postgres.url(empty))


async def test_a_target_with_rows_is_refused(filled: Path, url: str, postgres: Cluster, empty: str):
    await fill(postgres.url(empty), "z", 1)
    before = rows_there(postgres.url(empty))
    with pytest.raises(errors.Conflict, match=r"not empty.*organisation"):
        await moved(url, postgres.url(empty))
    assert rows_there(postgres.url(empty)) == before
    migrate(postgres.url(empty))  # nothing marks it


async def test_two_runs_at_once_do_not_mix(filled: Path, url: str, postgres: Cluster, empty: str, tmp_path: Path):
    """From a copy of the source, whose lock is another one."""
    shutil.copytree(filled.parent, tmp_path / "copy")
    copy = f"sqlite:///{tmp_path}/copy/everloop.db"

    class Overtaken(Silent):
        def moved(self, table: str, rows: int) -> None:
            super().moved(table, rows)
            if sum(each for _, each in self.told) == 1:
                with ThreadPoolExecutor(1) as thread:
                    thread.submit(move, copy, postgres.url(empty), StillClock(), Silent()).result()

    with pytest.raises(errors.Conflict, match="another run"):
        await moved(url, postgres.url(empty), Overtaken(), batch=1)
    assert rows_there(postgres.url(empty)) == rows_here(filled)


async def test_rows_of_others_are_told_from_our_own(filled: Path, url: str, postgres: Cluster, empty: str):
    class Server(Silent):
        def moved(self, table: str, rows: int) -> None:
            if not self.told:
                postgres.run("INSERT INTO organisation (number, id, name, created_at) VALUES (1, 'x', 'x', 1)", empty)
            super().moved(table, rows)

    with pytest.raises(errors.Conflict, match=r"organisation has rows in the way"):
        await moved(url, postgres.url(empty), Server())


async def test_sides_that_differ_are_told_and_not_served(filled: Path, url: str, postgres: Cluster, empty: str):
    class Intruder(Silent):
        def moved(self, table: str, rows: int) -> None:
            if table == "project" and rows:
                postgres.run("INSERT INTO change (number, organisation_id, at) VALUES (99999, 'org_a', 1)", empty)

    done = await moved(url, postgres.url(empty), Intruder())
    assert done.differing() == ("change",)
    with pytest.raises(errors.Unavailable, match="not finished"):
        migrate(postgres.url(empty))


async def test_a_value_that_cannot_be_held_is_named(filled: Path, url: str, postgres: Cluster, empty: str):
    execute(filled, "UPDATE trial SET rated = 1099511627776 WHERE id = 'trial_2' AND organisation_id = 'org_b'")
    with pytest.raises(errors.Unprocessable, match=r"trial.*org_b, trial_2"):
        await moved(url, postgres.url(empty))
    assert postgres.run("SELECT organisation_id, id FROM trial ORDER BY 1, 2", empty) == [
        ("org_a", "trial_1"),
        ("org_a", "trial_2"),
        ("org_b", "trial_1"),
    ]


async def test_a_pooler_may_stand_before_it(filled: Path, url: str, postgres: Cluster, empty: str):
    async with pooler(postgres) as port:
        await moved(url, f"postgresql://postgres@127.0.0.1:{port}/{empty}", batch=20)
    assert rows_there(postgres.url(empty)) == rows_here(filled)


async def test_nothing_is_changed_when_the_target_is_not_reached(filled: Path, url: str):
    execute(filled, "UPDATE alembic_version SET version_num = '0003'")
    for target, message in ((ANYWHERE, "^PostgreSQL: .* cannot be reached"), ("sqlite:///x.db", "postgresql://user")):
        with pytest.raises(errors.EverloopError, match=message) as refused:
            await moved(url, target)
        assert "secret" not in str(refused.value)
    connection = sqlite3.connect(filled)
    assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0003",)
    connection.close()


async def test_a_source_that_is_not_there(tmp_path: Path):
    with pytest.raises(errors.NotFound):
        await moved(f"sqlite:///{tmp_path}/none.db", ANYWHERE)
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240 - nobody waits


async def test_a_newer_schema_on_either_side_is_refused(filled: Path, url: str, postgres: Cluster, empty: str):
    migrate(postgres.url(empty))
    postgres.run("UPDATE alembic_version SET version_num = '9999'", empty)
    with pytest.raises(errors.Unavailable, match=r"^PostgreSQL: .*newer version"):
        await moved(url, postgres.url(empty))
    execute(filled, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(errors.Unavailable, match=r"^The database is of a newer version"):
        await moved(url, postgres.url(empty))


async def test_a_user_without_rights_is_told_so(filled: Path, url: str, postgres: Cluster, empty: str):
    postgres.run("DO $$ BEGIN CREATE ROLE nobody_much LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
    with pytest.raises(errors.Unavailable, match=r"^PostgreSQL: .*may not do this"):
        await moved(url, postgres.url(empty).replace("//postgres@", "//nobody_much@"))


async def test_a_table_that_is_not_ours_is_not_left_behind(filled: Path, url: str, postgres: Cluster, empty: str):
    execute(filled, "CREATE TABLE mine (x)")
    with pytest.raises(errors.Unprocessable, match="mine"):
        await moved(url, postgres.url(empty))


def test_each_table_is_moved_or_there_is_a_reason(filled: Path):
    connection = sqlite3.connect(filled)
    here = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.close()
    assert here - {"alembic_version", "sqlite_sequence"} == metadata.tables.keys()
    assert metadata.tables.keys() > STAYS.keys()
    assert all(STAYS.values())
