"""SIGTERM under load: what is being answered is answered, nobody new is let in, and the server ends well.

So do workers whose supervisor is killed, which is all that they are told.
"""

import json
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from tests.faults.databases import Kept
from tests.server import Reply, RunningServer, serving

CALLERS = 8
DEADLINE = 20.0
SLOW = {"mock": {"chunk_delay_ms": 250}}  # an answer of ten words takes more than two seconds


@pytest.fixture
def server(workers: int, database: Kept) -> Iterator[RunningServer]:
    with serving(database.data_dir, database.settings, ("--workers", str(workers))) as running:
        template = "Say ten words that take a little while, please do"
        body = {"project": "slow", "provider": "mock", "model": "m", "prompt_template": template, "other": SLOW}
        running.post("/v4/model-configs", body).expect(200)
        yield running


@pytest.mark.parametrize(("workers", "signals"), [(1, 1), (1, 3), (2, 3)])
def test_open_answers_finish_and_nobody_new_is_let_in(server: RunningServer, database: Kept, signals: int):
    with ThreadPoolExecutor(CALLERS) as callers:
        coming = calls(server, callers)
        for _ in range(signals):
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.1)
        refused = is_refused(server)
        under_way = [answer for answer in coming if not answer.done()]
        answers = [answer.result(DEADLINE) for answer in coming]
    code = server.process.wait(DEADLINE)

    assert code == 0, server.log.read_text()
    assert "Traceback" not in server.log.read_text()
    assert refused, "new connections are still taken, by a server that will not answer them"
    assert under_way, "all answers had ended before the door was shut, so nothing was shown"
    assert_answered_and_kept(answers, database)


@pytest.mark.parametrize("workers", [3])
def test_workers_whose_supervisor_is_killed_answer_and_end(server: RunningServer, database: Kept):
    with ThreadPoolExecutor(CALLERS) as callers:
        coming = calls(server, callers)
        server.process.kill()
        server.process.wait()
        until_nobody_listens(server.port)
        under_way = [answer for answer in coming if not answer.done()]
        answers = [answer.result(DEADLINE) for answer in coming]
    assert under_way, "all answers had ended before the door was shut, so nothing was shown"
    assert_answered_and_kept(answers, database)
    log = server.log.read_text()
    assert log.count("the supervisor of this worker is gone") == 3, log
    assert "Traceback" not in log, log


def calls(server: RunningServer, callers: ThreadPoolExecutor) -> list[Future[Reply]]:
    """Some that have begun, and take a while."""

    def call(number: int) -> Reply:
        return server.post("/v4/completion-deployed", {"project": "slow", "stream": number % 2 == 0})

    coming = [callers.submit(call, number) for number in range(CALLERS)]
    time.sleep(0.5)
    return coming


def assert_answered_and_kept(answers: list[Reply], database: Kept) -> None:
    """Whole, and each with a log."""
    assert [answer.status for answer in answers] == [200] * CALLERS
    assert [reason(answer) for answer in answers] == ["stop"] * CALLERS
    ids = {identifier(answer) for answer in answers}
    assert ids <= {row[0] for row in database.query("SELECT id FROM log")}
    assert len(ids) == CALLERS


def until_nobody_listens(port: int) -> None:
    deadline = time.monotonic() + DEADLINE
    with suppress(ConnectionRefusedError):
        while time.monotonic() < deadline:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            time.sleep(0.05)
        raise AssertionError("somebody still listens")


def is_refused(server: RunningServer) -> bool:
    """Whether a new connection is refused before the server has ended; asked until then."""
    deadline = time.monotonic() + DEADLINE
    while server.process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
        except ConnectionRefusedError:
            return server.process.poll() is None
        time.sleep(0.05)
    return False


def events(answer: Reply) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in answer.body.splitlines() if line.startswith(b"data: ")]


def last(answer: Reply) -> dict[str, Any]:
    streamed = answer.headers["content-type"].startswith("text/event-stream")
    sample: dict[str, Any] = (events(answer)[-1] if streamed else answer.json)["data"][0]
    return sample


def reason(answer: Reply) -> str | None:
    found: str | None = last(answer)["finish_reason"]
    return found


def identifier(answer: Reply) -> str:
    found: str = last(answer)["id"]
    return found
