"""The caller hangs up: the vendor is hung up on too, and the log says what had come; or the call goes on without it."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.application import Application, with_vendor
from tests.faults.databases import DATABASES, Kept, KeptInFile, kept
from tests.server import KEY
from tests.upstream import End, completion, event, raw, stream

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


def hang_up_after(app: Application, project: str, expected: bytes | None, *, streamed: bool = True) -> None:
    """A call over a bare socket, closed once `expected` has come (None: once the vendor has been asked)."""
    server, asked = app.server, len(app.upstream.requests)
    body = json.dumps({"project": project, "stream": streamed, "inputs": {"it": "x"}}).encode()
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
            app.upstream.wait_for(asked + 1)


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
    hang_up_after(app, project, b"there")

    assert app.upstream.wait_for(1).hung_up.wait(DEADLINE)
    (log,) = eventually(lambda: logs(database, app, project))
    assert (log["error_kind"], log["finish_reason"]) == ("cancelled", None)
    assert (log["raw_output"], log["output"]) == ("Hello there", "Hello there")
    assert log["output_tokens"] > 0
    assert app.server.get("/readyz").status == 200


def test_before_the_first_word(app: Application, database: Kept):
    project = app.project()
    app.upstream.answer(stream(End.STALL))
    hang_up_after(app, project, None)

    assert app.upstream.wait_for(1).hung_up.wait(DEADLINE)
    (log,) = eventually(lambda: logs(database, app, project))
    assert (log["error_kind"], log["raw_output"]) == ("cancelled", None)


def test_while_a_plain_answer_is_made(app: Application, database: Kept):
    project = app.project()
    app.upstream.answer(raw(End.STALL))
    hang_up_after(app, project, None, streamed=False)

    assert app.upstream.wait_for(1).hung_up.wait(DEADLINE)
    (log,) = eventually(lambda: logs(database, app, project))
    assert (log["error_kind"], log["raw_output"]) == ("cancelled", None)
    assert len(app.upstream.requests) == 1


def drained(app: Application) -> str:
    """The name of a project whose calls go on without their callers."""
    made = app.register()
    (default,) = [each for each in app.server.get("/api/environments").expect(200) if each["tag"] == "default"]
    place = f"/api/projects/{made['project_id']}/environments/{default['id']}/policy"
    app.server.put(place, {"on_disconnect": "drain"}).expect(200)
    name: str = made["project_name"]
    return name


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "plain"])
def test_a_place_that_drains_has_the_whole_log(app: Application, database: Kept, streamed: bool):
    project = drained(app)
    app.upstream.answer(completion("one two three four", pause=0.3))
    hang_up_after(app, project, b"one" if streamed else None, streamed=streamed)

    assert app.upstream.wait_for(1).answered.wait(DEADLINE)
    (log,) = eventually(lambda: logs(database, app, project))
    assert (log["error_kind"], log["finish_reason"]) == (None, "stop")
    assert log["output"] == "one two three four"


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "plain"])
def test_nothing_is_left_behind(app: Application, database: Kept, streamed: bool):
    """Sockets and tasks: the server's descriptors are as many after a hundred hang-ups as after five."""
    project = app.project()
    descriptors = Path(f"/proc/{app.server.process.pid}/fd")

    def hang_up(times: int) -> None:
        for _ in range(times):
            app.upstream.answer(stream(word("Hello"), End.STALL) if streamed else raw(End.STALL))
            hang_up_after(app, project, b"Hello" if streamed else None, streamed=streamed)
        assert app.upstream.idle()

    def counted() -> int:
        return len(logs(database, app, project))

    hang_up(5)
    assert eventually(lambda: counted() == 5)
    before = len(list(descriptors.iterdir()))
    hang_up(100)
    assert eventually(lambda: counted() == 105)
    assert eventually(lambda: len(list(descriptors.iterdir())) <= before + 2)


def test_a_server_that_stops_waits_for_calls_that_go_on(tmp_path: Path):
    """SIGTERM while nobody is there but a call that was to be drained: its log is whole."""
    database = KeptInFile(tmp_path)
    with with_vendor(database.data_dir) as app:
        project = drained(app)
        query = f"SELECT id FROM log WHERE project_id = '{app.project_id(project)}' AND finish_reason = 'stop'"  # noqa: S608 - a test's own
        app.upstream.answer(completion("one two three four", pause=0.7))
        hang_up_after(app, project, b"one")
        time.sleep(0.3)
        app.server.stop()
        assert app.upstream.wait_for(1).answered.is_set()
        assert len(database.query(query)) == 1
