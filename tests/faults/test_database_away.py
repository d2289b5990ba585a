"""The database cannot be written: no provider is asked for an answer that could not be kept, and it heals by itself."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import RunningServer, serving
from tests.upstream import Upstream


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        yield server


@pytest.fixture
def server(tmp_path: Path, upstream: Upstream) -> Iterator[RunningServer]:
    with serving(tmp_path / "data", {"OPENAI_BASE_URL": upstream.base_url}) as running:
        body = {"project": "p", "provider": "openai", "model": "gpt-4o", "prompt_template": "Hi"}
        running.post("/v4/model-configs", body).expect(200)
        yield running
        running.process.terminate()  # its log holds the cause of the trouble, traceback included
        assert running.process.wait(40) == 0


def test_a_locked_database(server: RunningServer, upstream: Upstream):
    call = {"project": "p"}
    server.post("/v4/completion-deployed", call).expect(200)
    lock = sqlite3.connect(server.data_dir / "everloop.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")

    first = server.post("/v4/completion-deployed", call)
    asked = len(upstream.requests)
    answers = [server.post("/v4/completion-deployed", call | {"stream": streamed}) for streamed in (False, True)]

    for answer in (first, *answers):
        assert answer.status == 503, answer.body
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.detail["type"] == "service_unavailable_error"
        assert answer.detail["origin"] == "Everloop"
    assert len(upstream.requests) == asked, "a provider was asked while nothing could be kept"
    assert server.send("GET", "/readyz").status == 503
    assert server.send("GET", "/healthz").status == 200

    lock.execute("ROLLBACK")
    lock.close()
    deadline = time.monotonic() + 30
    while (answer := server.post("/v4/completion-deployed", call)).status == 503 and time.monotonic() < deadline:
        time.sleep(0.1)
    kept = server.get(f"/v4/logs/{answer.expect(200)['data'][0]['id']}").expect(200)
    assert kept["output"] == answer.json["data"][0]["output"]
    assert server.send("GET", "/readyz").status == 200
