"""Calls with an Idempotency-Key over several processes, and over the end of one."""

import http.client
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.application import OPERATOR_KEY, Application, Streamed
from tests.faults.databases import Kept, lent
from tests.keyed_calls import REPLAYED, assert_one_answer, at_once, keyed, open_call
from tests.postgres import Cluster
from tests.server import STOP_SECONDS, RunningServer, serving
from tests.upstream import End, Upstream, completion, event, stream

WORDS = "one two three four five"
SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as vendor:
        yield vendor


@contextmanager
def server_on(database: Kept, upstream: Upstream, arguments: Sequence[str] = ()) -> Iterator[RunningServer]:
    settings = {"OPENAI_API_KEY": OPERATOR_KEY, "OPENAI_BASE_URL": upstream.base_url, **database.settings}
    with serving(database.data_dir, settings, arguments) as server:
        yield server


def made(server: RunningServer, upstream: Upstream, streamed: bool = False) -> dict[str, Any]:
    """A call of what is deployed in a new project."""
    return {"project": Application(server, upstream).project(), "inputs": {"it": "hello"}, "stream": streamed}


def logs_in(database: Kept, call: dict[str, Any]) -> int:
    """How many logs the call's project has."""
    project = f"SELECT id FROM project WHERE name = '{call['project']}'"  # noqa: S608 - a test's own name
    return int(database.query(f"SELECT count(*) FROM log WHERE project_id = ({project})")[0][0])  # noqa: S608 - as above


def test_two_workers_make_one_call(database: Kept, upstream: Upstream):
    with server_on(database, upstream, ("--workers", "2")) as server:
        upstream.always(completion(WORDS, pause=0.3))
        for streamed in (False, True):
            upstream.requests.clear()
            call = made(server, upstream, streamed)
            replies = at_once([server], 50, f"workers-{streamed}", call)
            assert_one_answer(replies)
            assert len(upstream.requests) == 1
            assert logs_in(database, call) == 1
        server.stop()


@pytest.fixture
def servers(postgres: Cluster, upstream: Upstream, tmp_path: Path) -> Iterator[list[RunningServer]]:
    """Two on one PostgreSQL."""
    with lent(postgres) as name, ExitStack() as stack:
        settings = {
            "EVERLOOP_DATABASE_URL": postgres.url(name),
            "EVERLOOP_SECRET_KEY": SECRET,
            "OPENAI_API_KEY": OPERATOR_KEY,
            "OPENAI_BASE_URL": upstream.base_url,
        }
        yield [stack.enter_context(serving(tmp_path / each, settings)) for each in ("one", "two")]


@pytest.mark.parametrize("streamed", [False, True])
def test_two_servers_make_one_call(servers: list[RunningServer], upstream: Upstream, streamed: bool):
    upstream.always(completion(WORDS, pause=0.3))
    call = made(servers[0], upstream, streamed)
    replies = at_once(servers, 50, "servers", call)
    assert_one_answer(replies)
    assert len(upstream.requests) == 1
    assert keyed(servers[1], "servers", call | {"user": "another"}).status == 409


def test_another_server_makes_the_call_of_one_that_is_killed(servers: list[RunningServer], upstream: Upstream):
    one, two = servers
    upstream.answer(stream(End.STALL))
    call = made(one, upstream)
    with ThreadPoolExecutor(2) as callers:
        lost = callers.submit(keyed, one, "killed", call)
        upstream.wait_for(1)
        waits = callers.submit(keyed, two, "killed", call)
        one.process.kill()
        with pytest.raises(ConnectionError):
            lost.result()
        reply = waits.result()
    assert reply.status == 200
    assert REPLAYED not in reply.headers
    assert keyed(two, "killed", call).body == reply.body
    assert len(upstream.requests) == 2


@pytest.mark.parametrize("streamed", [False, True])
def test_the_key_of_a_call_that_was_killed_works_again(database: Kept, upstream: Upstream, streamed: bool):
    with server_on(database, upstream) as server:
        call = made(server, upstream, streamed)
        word = event({"choices": [{"index": 0, "delta": {"content": "Hello"}}]})
        upstream.answer(stream(word, End.STALL))
        with ThreadPoolExecutor(1) as callers:
            lost = callers.submit(keyed, server, "killed", call)
            upstream.wait_for(1)
            server.process.kill()
            with pytest.raises((ConnectionError, http.client.HTTPException)):
                lost.result()
    database.check()
    with server_on(database, upstream) as server:
        first, second = (keyed(server, "killed", call) for _ in range(2))
        assert_one_answer([first, second])
        assert logs_in(database, call) == 1
        assert len(upstream.requests) == 2
        server.stop()


@pytest.mark.parametrize("streamed", [False, True])
def test_an_answer_that_was_given_survives_a_kill(database: Kept, upstream: Upstream, streamed: bool):
    with server_on(database, upstream) as server:
        call = made(server, upstream, streamed)
        first = keyed(server, "given", call)
        server.process.kill()
        server.process.wait()
    with server_on(database, upstream) as server:
        assert_one_answer([first, keyed(server, "given", call)])
        assert len(upstream.requests) == 1
        assert logs_in(database, call) == 1
        server.stop()


def test_a_server_that_stops_ends_the_call_of_who_hung_up(database: Kept, upstream: Upstream):
    upstream.always(completion(WORDS, pause=0.3))
    with server_on(database, upstream) as server:
        call = made(server, upstream, streamed=True)
        with open_call(server, "left", call) as answer:
            answer.read(10)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(STOP_SECONDS) == 0
    with server_on(database, upstream) as server:
        reply = keyed(server, "left", call)
        assert reply.headers[REPLAYED] == "true"
        assert Streamed(200, reply.headers, reply.body).text() == WORDS
        assert len(upstream.requests) == 1
        server.stop()
