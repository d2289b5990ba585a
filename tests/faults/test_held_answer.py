"""An answer waits for its log: seen over HTTP, while somebody else holds the database's write lock."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.server import RunningServer


def test_an_answer_waits_while_nothing_can_be_committed(fresh_server: RunningServer):
    lock = sqlite3.connect(fresh_server.data_dir / "everloop.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as callers:
        answer = callers.submit(
            fresh_server.post, "/v4/completion-deployed", {"project": "hello", "inputs": {"name": "Ada"}}
        )
        with pytest.raises(TimeoutError):
            answer.result(1)
        lock.execute("ROLLBACK")
        identifier = answer.result(30).expect(200)["data"][0]["id"]
    assert lock.execute("SELECT count(*) FROM log WHERE id = ?", (identifier,)).fetchone() == (1,)
    lock.close()
