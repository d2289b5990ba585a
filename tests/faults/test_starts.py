"""Starts: several at once on nothing, and what is said when the database is somebody else's at the moment."""

import sqlite3
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from everloop.storage.migrating import head_revision
from tests.faults.databases import DATABASES, Kept, KeptByPostgres, KeptInFile
from tests.postgres import Cluster
from tests.server import COMMAND, KEY, RunningServer, free_port, serving


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    """One without tables."""
    if request.param == "sqlite":
        yield KeptInFile(tmp_path)
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    name = cluster.fresh_name()
    cluster.create(name)
    yield KeptByPostgres(tmp_path, cluster, name)
    cluster.drop(name)


def said(database: Kept) -> str:
    """What a start that must fail says on stderr, in one line besides those of the log."""
    environment = {"PATH": "", "EVERLOOP_DATA_DIR": str(database.data_dir), **database.settings}
    done = subprocess.run(
        [COMMAND, "serve", "--port", str(free_port())],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    (line,) = [each for each in done.stderr.splitlines() if each.startswith("everloop: ")]
    assert "Traceback" not in done.stderr
    return line


def test_two_servers_of_three_workers_each_start_at_once_on_nothing(database: Kept):
    """Beside each other on one data directory, as after a deploy that did not wait."""
    with ExitStack() as stack, ThreadPoolExecutor(2) as starters:

        def start(_number: int) -> RunningServer:
            return stack.enter_context(serving(database.data_dir, database.settings, ("--workers", "3")))

        servers = list(starters.map(start, range(2)))
        answers = [server.get("/v4/projects") for server in servers for _ in range(20)]
        assert {answer.status for answer in answers} == {200}
        assert {answer.json["total"] for answer in answers} == {1}
        for server in servers:
            server.stop()
    for table in ("organisation", "project", "api_key"):
        assert database.query(f"SELECT count(*) FROM {table}") == [(1,)]  # noqa: S608 - our own


def test_a_database_of_a_newer_version_is_named_with_what_to_do(database: Kept):
    with serving(database.data_dir, database.settings) as server:
        server.stop()
    if isinstance(database, KeptInFile):
        connection = sqlite3.connect(database.file)
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
        connection.close()
    else:
        assert isinstance(database, KeptByPostgres)
        database.query("UPDATE alembic_version SET version_num = '9999'")
    line = said(database)
    assert "newer version of Everloop" in line
    assert "9999" in line
    assert head_revision() in line
    assert "Start the newer one, or restore a backup" in line
    assert database.query("SELECT version_num FROM alembic_version") == [("9999",)]


@contextmanager
def locked(database: Kept) -> Iterator[None]:
    if isinstance(database, KeptByPostgres):
        with database.cluster.session(database.name) as run:
            run("BEGIN; LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
            yield
        return
    assert isinstance(database, KeptInFile)
    connection = sqlite3.connect(database.file, isolation_level=None)
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    connection.execute("BEGIN EXCLUSIVE")
    yield
    connection.close()


def test_a_start_waits_for_a_locked_database_says_so_and_goes_on(database: Kept):
    """As for another start that migrates, which may take minutes."""
    with serving(database.data_dir, database.settings) as server:
        server.stop()
    environment = {
        "PATH": "",
        "EVERLOOP_DATA_DIR": str(database.data_dir),
        "EVERLOOP_API_KEY": KEY,
        **database.settings,
    }
    with locked(database):
        process = subprocess.Popen([COMMAND, "init"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(8)
    out, complaints = process.communicate(timeout=60)
    assert process.returncode == 0, complaints
    assert b"curl" in out
    assert b"Waiting for the database" in complaints
