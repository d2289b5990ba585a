"""Calls with an Idempotency-Key, one or many at once, for tests over HTTP."""

import http.client
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

from tests.application import ROUTE
from tests.server import CALL_SECONDS, Reply, RunningServer

REPLAYED: Final = "idempotent-replayed"


def keyed(
    server: RunningServer, key: str | bytes, body: Mapping[str, Any] | bytes, route: str = ROUTE, **more: str
) -> Reply:
    """One call; `body` goes as JSON unless it is bytes, `more` are headers."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    text = key.decode("latin-1") if isinstance(key, bytes) else key
    headers = {"X-API-KEY": server.key, "Content-Type": "application/json", "Idempotency-Key": text, **more}
    return server.send("POST", route, raw, headers)


@contextmanager
def open_call(server: RunningServer, key: str, body: Mapping[str, Any]) -> Iterator[http.client.HTTPResponse]:
    """A call whose answer has begun, read as it comes; hung up on at the end of the block."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=CALL_SECONDS)
    headers = {"X-API-KEY": server.key, "Idempotency-Key": key}
    connection.request("POST", ROUTE, json.dumps(body).encode(), headers)
    answer = connection.getresponse()
    try:
        yield answer
    finally:
        answer.close()
        connection.close()


def at_once(servers: Sequence[RunningServer], count: int, key: str, body: Mapping[str, Any]) -> list[Reply]:
    """Many calls that are the same, spread over the servers."""
    with ThreadPoolExecutor(count) as callers:
        return list(callers.map(lambda number: keyed(servers[number % len(servers)], key, body), range(count)))


def assert_one_answer(replies: Sequence[Reply], firsts: int = 1) -> bytes:
    """All are the same but for the request's id, and all but so many say that they are repeated; the body."""
    assert {reply.status for reply in replies} == {200}, {reply.status: reply.body for reply in replies}
    assert len({reply.body for reply in replies}) == 1
    assert len({reply.headers["content-type"] for reply in replies}) == 1
    assert len({reply.headers["x-request-id"] for reply in replies}) == len(replies)
    replayed = [reply for reply in replies if reply.headers.get(REPLAYED) == "true"]
    assert len(replayed) == len(replies) - firsts
    return replies[0].body
