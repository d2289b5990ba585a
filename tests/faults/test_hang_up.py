"""The caller hangs up in the middle of a stream: the vendor is hung up on too, and the log says what had come."""

import json
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server import KEY, RunningServer, serving
from tests.upstream import End, Upstream, event, stream


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
        running.stop()


def word(text: str) -> bytes:
    return event({"choices": [{"index": 0, "delta": {"content": text}}]})


def hang_up_after(server: RunningServer, expected: bytes | None) -> None:
    """A streamed call over a bare socket, closed once `expected` has come (None: before anything comes)."""
    body = json.dumps({"project": "p", "stream": True}).encode()
    head = (
        f"POST /v4/completion-deployed HTTP/1.1\r\nHost: e\r\nX-API-KEY: {KEY}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head.encode() + body)
        received = b""
        while expected is not None and expected not in received:
            piece = connection.recv(65536)
            assert piece, received
            received += piece
        if expected is None:
            time.sleep(0.3)


def rows(data_dir: Path) -> list[dict[str, Any]]:
    database = sqlite3.connect(data_dir / "everloop.db")
    database.row_factory = sqlite3.Row
    found = database.execute(
        "SELECT l.*, b.raw_output, b.error FROM log l JOIN log_body b ON b.log_id = l.id WHERE l.project_id ="
        " (SELECT id FROM project WHERE name = 'p') ORDER BY l.id"
    ).fetchall()
    database.close()
    return [dict(row) for row in found]


def eventually(seconds: float, check: Any) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := check()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


@pytest.mark.parametrize("attempt", range(6))
def test_in_the_middle_of_a_stream(server: RunningServer, upstream: Upstream, attempt: int):
    upstream.answer(stream(word("Hello "), 0.01 * attempt, word("there"), End.STALL))
    hang_up_after(server, b"there")

    assert upstream.wait_for(1).hung_up.wait(10)
    log = eventually(10, lambda: rows(server.data_dir))
    assert len(log) == 1
    assert log[0]["error_kind"] == "cancelled"
    assert log[0]["raw_output"] == "Hello there"
    assert log[0]["finish_reason"] is None
    assert log[0]["output_tokens"] > 0
    assert server.get("/readyz").status == 200


def test_before_the_first_word(server: RunningServer, upstream: Upstream):
    upstream.answer(stream(End.STALL))
    hang_up_after(server, None)

    assert upstream.wait_for(1).hung_up.wait(10)
    log = eventually(10, lambda: rows(server.data_dir))
    assert [(row["error_kind"], row["raw_output"]) for row in log] == [("cancelled", None)]


def test_nothing_is_left_behind(server: RunningServer, upstream: Upstream):
    """Sockets and tasks: the server's descriptors are as many after fifty hang-ups as after five."""
    descriptors = Path(f"/proc/{server.process.pid}/fd")

    def hang_up(times: int) -> int:
        for _ in range(times):
            upstream.answer(stream(word("Hello"), End.STALL))
            hang_up_after(server, b"Hello")
        count = len(rows(server.data_dir))
        assert upstream.idle()
        return count

    hang_up(5)
    before = len(list(descriptors.iterdir()))
    hang_up(50)
    assert eventually(10, lambda: len(rows(server.data_dir)) == 55)
    assert eventually(10, lambda: len(list(descriptors.iterdir())) <= before + 2)
