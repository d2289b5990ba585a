"""An answer waits for its log: seen over HTTP, while somebody else holds what its commit needs."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.faults.databases import Kept, KeptByPostgres, KeptInFile
from tests.server import serving


@contextmanager
def held(database: Kept) -> Iterator[None]:
    """Nobody else can add a log."""
    if isinstance(database, KeptByPostgres):
        with database.cluster.session(database.name) as run:
            run("BEGIN")
            run("LOCK TABLE log IN EXCLUSIVE MODE")
            yield
        return
    assert isinstance(database, KeptInFile)
    lock = sqlite3.connect(database.file, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    yield
    lock.close()


def test_an_answer_waits_while_nothing_can_be_committed(database: Kept):
    with serving(database.data_dir, database.settings) as server, ThreadPoolExecutor(1) as callers:
        with held(database):
            answer = callers.submit(
                server.post, "/v4/completion-deployed", {"project": "hello", "inputs": {"name": "Ada"}}
            )
            with pytest.raises(TimeoutError):
                answer.result(1)
        identifier = answer.result(30).expect(200)["data"][0]["id"]
        assert database.query(f"SELECT count(*) FROM log WHERE id = '{identifier}'") == [(1,)]  # noqa: S608 - an id
        server.stop()
