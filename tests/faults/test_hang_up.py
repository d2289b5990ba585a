"""The caller hangs up in the middle of a stream: the vendor is hung up on too, and the log says what had come."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.application import Application, with_vendor
from tests.faults.databases import DATABASES, Kept, kept
from tests.server import KEY, RunningServer
from tests.upstream import End, event, stream

COLUMNS = ("error_kind", "finish_reason", "output_tokens", "raw_output", "output")
DEADLINE = 10.0  # generous; a second is what we promise


@pytest.fixture(scope="module", params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    yield from kept(request, tmp_path_factory.mktemp("hang-up"))


@pytest.fixture(scope="module")
def running(database: Kept) -> Iterator[Application]:
    with with_vendor(database.data_dir, database.settings) as application:
        yield application
        application.server.stop()


@pytest.fixture
def app(running: Application) -> Application:
    running.upstream.reset()
    return running


def word(text: str) -> bytes:
    return event({"choices": [{"index": 0, "delta": {"content": text}}]})


def hang_up_after(server: RunningServer, project: str, expected: bytes | None) -> None:
    """A streamed call over a bare socket, closed once `expected` has come (None: before anything comes)."""
    body = json.dumps({"project": project, "stream": True, "inputs": {"it": "x"}}).encode()
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


def logs(database: Kept, app: Application, project: str) -> list[dict[str, Any]]:
    query = (
        f"SELECT {', '.join(COLUMNS)} FROM log JOIN log_body ON log_body.log_id = log.id"  # noqa: S608 - a test's own
        f" WHERE project_id = '{app.project_id(project)}'"
    )
    return [dict(zip(COLUMNS, row, strict=True)) for row in database.query(query)]


def eventually(check: Any) -> Any:
    deadline = time.monotonic() + DEADLINE
    while not (found := check()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


@pytest.mark.parametrize("attempt", range(6))
def test_in_the_middle_of_a_stream(app: Application, database: Kept, attempt: int):
    project = app.project()
    app.upstream.answer(stream(word("Hello "), 0.01 * attempt, word("there"), End.STALL))
    hang_up_after(app.server, project, b"there")

    assert app.upstream.wait_for(1).hung_up.wait(DEADLINE)
    (log,) = eventually(lambda: logs(database, app, project))
    assert (log["error_kind"], log["finish_reason"]) == ("cancelled", None)
    assert (log["raw_output"], log["output"]) == ("Hello there", "Hello there")
    assert log["output_tokens"] > 0
    assert app.server.get("/readyz").status == 200


def test_before_the_first_word(app: Application, database: Kept):
    project = app.project()
    app.upstream.answer(stream(End.STALL))
    hang_up_after(app.server, project, None)

    assert app.upstream.wait_for(1).hung_up.wait(DEADLINE)
    (log,) = eventually(lambda: logs(database, app, project))
    assert (log["error_kind"], log["raw_output"]) == ("cancelled", None)


def test_nothing_is_left_behind(app: Application, database: Kept):
    """Sockets and tasks: the server's descriptors are as many after a hundred hang-ups as after five."""
    project = app.project()
    descriptors = Path(f"/proc/{app.server.process.pid}/fd")

    def hang_up(times: int) -> None:
        for _ in range(times):
            app.upstream.answer(stream(word("Hello"), End.STALL))
            hang_up_after(app.server, project, b"Hello")
        assert app.upstream.idle()

    def counted() -> int:
        return len(logs(database, app, project))

    hang_up(5)
    assert eventually(lambda: counted() == 5)
    before = len(list(descriptors.iterdir()))
    hang_up(100)
    assert eventually(lambda: counted() == 105)
    assert eventually(lambda: len(list(descriptors.iterdir())) <= before + 2)
