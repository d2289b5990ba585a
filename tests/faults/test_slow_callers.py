"""Connections whose callers hardly send anything end by themselves, and honest slow ones do not."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

import pytest
import uvicorn

from everloop.api.connection import Connection

PATIENCE: Final = 0.3
LEAST: Final = 100
# Long enough that a connection without an end shows.
DEADLINE: Final = 30
BODY: Final = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n"
WHOLE: Final = b"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n"


class Hasty(Connection):
    """The real one, that looks more often and asks for less."""

    patience = PATIENCE
    least = LEAST


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answers with how long the body was: `/early` before it came, `/late` long after."""
    length = 0
    while scope["path"] != "/early":
        message = await receive()
        length += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    if scope["path"] == "/late":
        await asyncio.sleep(5 * PATIENCE)
    text = str(length).encode()
    headers = [(b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": text})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where a server listens whose connections are hasty."""
    config = uvicorn.Config(
        application, http=Hasty, ws="none", loop="uvloop", lifespan="off", log_config=None, timeout_keep_alive=DEADLINE
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(DEADLINE)


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)) as connection:
        yield connection


def until_cut(connection: socket.socket, drip: bytes) -> bytes:
    """What came before the server ended the connection, to which a drop is sent ever again. Fails at the deadline."""
    received, end = b"", time.monotonic() + DEADLINE
    connection.settimeout(PATIENCE / 5)
    while time.monotonic() < end:
        try:
            part = connection.recv(65_536)
        except TimeoutError:
            pass
        except ConnectionError:
            return received
        else:
            if not part:
                return received
            received += part
        try:
            connection.sendall(drip)
        except ConnectionError:
            drip = b""  # what it said last is still to be read
    raise AssertionError(f"the connection is still open: {received!r}")


def answer_of(connection: socket.socket, length: int) -> bytes:
    received = b""
    while not received.endswith(b"\r\n\r\n" + str(length).encode()):
        part = connection.recv(65_536)
        assert part, received
        received += part
    return received


SLOW: Final = {
    "a head": (b"GET /echo HTTP/1.1\r\n", b"x"),
    "a head that stands still": (b"GET /echo HTTP/1.1\r\n", b""),
    "a body": (BODY, b"x"),
    "a body that stands still": (BODY, b""),
    "a body in pieces": (b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
}


@pytest.mark.parametrize("what", SLOW)
def test_a_request_that_hardly_comes_is_refused(port: int, what: str):
    begin, drip = SLOW[what]
    with connected(port) as connection:
        connection.sendall(begin)
        received = until_cut(connection, drip)
    head, body = received.split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    detail = json.loads(body)["detail"]
    assert (detail["code"], detail["type"], detail["origin"]) == (408, "request_timeout_error", "Everloop")
    assert "too slowly" in detail["message"]


@pytest.mark.parametrize("drip", [b"", b"\r\n"])
def test_a_connection_without_a_request_ends_without_a_word(port: int, drip: bytes):
    with connected(port) as connection:
        assert until_cut(connection, drip) == b""


def test_a_second_request_is_no_other(port: int):
    with connected(port) as connection:
        connection.sendall(WHOLE)
        answer_of(connection, 0)
        connection.sendall(b"GET /echo HTTP/1.1\r\n")
        assert until_cut(connection, b"x").startswith(b"HTTP/1.1 408")


def test_empty_lines_keep_no_connection(port: int):
    with connected(port) as connection:
        connection.sendall(WHOLE)
        answer_of(connection, 0)
        assert until_cut(connection, b"\r\n") == b""


def test_what_was_answered_before_its_end_is_answered_once(port: int):
    with connected(port) as connection:
        connection.sendall(BODY.replace(b"/echo", b"/early"))
        received = until_cut(connection, b"x")
    assert received.count(b"HTTP/1.1") == 1
    assert received.startswith(b"HTTP/1.1 200")


def test_a_slow_body_that_goes_on_is_taken(port: int):
    with connected(port) as connection:
        connection.sendall(BODY)
        # Five times what is asked for, so that a busy machine is no reason to be cut off.
        for _ in range(20):
            time.sleep(PATIENCE / 5)
            connection.sendall(b"x" * LEAST)
        assert answer_of(connection, 2000).startswith(b"HTTP/1.1 200")


def test_an_answer_may_take_its_time(port: int):
    with connected(port) as connection:
        connection.sendall(WHOLE.replace(b"/echo", b"/late"))
        assert answer_of(connection, 0).startswith(b"HTTP/1.1 200")


def test_connections_that_are_used_again_last(port: int):
    with connected(port) as connection:
        for _ in range(10):
            connection.sendall(WHOLE)
            assert answer_of(connection, 0).startswith(b"HTTP/1.1 200")
            time.sleep(PATIENCE / 5)
