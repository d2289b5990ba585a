"""F9 and F10 on the connection itself: lies about lengths, bad framing, too much of everything."""

import json
import socket
import time
from contextlib import contextmanager, suppress

import pytest

from tests.application import ROUTE

LIMIT = 25_000_000


@contextmanager
def connected(app):
    with socket.create_connection(("127.0.0.1", app.server.port), timeout=30) as connection:
        yield connection


def head(app, *lines):
    fields = ["Host: x", f"X-API-KEY: {app.server.key}", "Content-Type: application/json", *lines]
    return (f"POST {ROUTE} HTTP/1.1\r\n" + "\r\n".join(fields) + "\r\n\r\n").encode()


def answered(connection):
    """The whole answer, up to the end of the connection or half a second of silence."""
    connection.settimeout(0.5)
    received = b""
    with suppress(TimeoutError, ConnectionResetError):
        while part := connection.recv(65536):
            received += part
    return received


def statuses(received):
    return [int(line[9:12]) for line in received.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]


def good(app, project):
    return json.dumps({"project": project, "inputs": {"it": "x"}}).encode()


BAD_FRAMING = {
    "a chunk size that is no number": (["Transfer-Encoding: chunked"], b"ZZ\r\n{}\r\n0\r\n\r\n"),
    "a negative chunk size": (["Transfer-Encoding: chunked"], b"-1\r\n{}\r\n0\r\n\r\n"),
    "a huge chunk size": (["Transfer-Encoding: chunked"], b"f" * 40 + b"\r\n{}\r\n"),
    "a length and chunks": (["Content-Length: 2", "Transfer-Encoding: chunked"], b"2\r\n{}\r\n0\r\n\r\n"),
    "two lengths": (["Content-Length: 2", "Content-Length: 3"], b"{} "),
    "a negative length": (["Content-Length: -1"], b"{}"),
    "a length that is no number": (["Content-Length: two"], b"{}"),
    "a length beyond numbers": (["Content-Length: " + "9" * 40], b"{}"),
}


@pytest.mark.parametrize("what", BAD_FRAMING)
def test_bad_framing_is_the_callers_error(app, what):
    lines, body = BAD_FRAMING[what]
    with connected(app) as connection:
        connection.sendall(head(app, *lines) + body)
        received = answered(connection)
    assert all(400 <= status < 500 for status in statuses(received)), received
    assert statuses(received), received
    assert app.server.send("GET", "/healthz").status == 200


def test_a_body_shorter_than_it_said_is_nobodys(app):
    project = app.project()
    with connected(app) as connection:
        connection.sendall(head(app, f"Content-Length: {len(good(app, project)) + 1}") + good(app, project))
        connection.shutdown(socket.SHUT_WR)
        assert all(400 <= status < 500 for status in statuses(answered(connection)))
    assert app.upstream.requests == []
    assert app.logs(project) == []


def test_what_comes_after_the_said_length_is_not_part_of_it(app):
    project = app.project()
    with connected(app) as connection:
        body = good(app, project)
        connection.sendall(head(app, f"Content-Length: {len(body)}") + body + b"GARBAGE\r\n\r\n")
        first, *rest = statuses(answered(connection)) or [0]
    assert first in {200, 400}
    assert all(status == 400 for status in rest)
    assert len(app.logs(project)) <= 1


def test_64_kib_of_headers(app):
    project = app.project()
    for lines in ([f"X-Long: {'x' * 65_536}"], [f"X-{number}: x" for number in range(6000)]):
        with connected(app) as connection:
            body = good(app, project)
            connection.sendall(head(app, *lines, f"Content-Length: {len(body)}") + body)
            (status,) = statuses(answered(connection))
        assert status == 200 or 400 <= status < 500


NO_REQUESTS = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00",
    "an address that is none": b"GET ::: HTTP/1.1\r\nHost: x\r\n\r\n",
    "a broken header": b"GET /healthz HTTP/1.1\r\nno colon\r\n\r\n",
    "an address too long": b"GET /healthz?" + b"x" * 65_535 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("what", NO_REQUESTS)
def test_what_is_no_request_is_refused_as_everything_else_is(app, what):
    with connected(app) as connection:
        connection.sendall(NO_REQUESTS[what])
        received = answered(connection)
    assert statuses(received) == [400]
    head, body = received.split(b"\r\n\r\n", 1)
    assert b"content-type: application/json\r\n" in head
    detail = json.loads(body)["detail"]
    assert (detail["code"], detail["type"], detail["origin"]) == (400, "bad_request_error", "Everloop")
    assert ("65535" in detail["message"]) == (what == "an address too long")


ENDLESS = {
    "an address": (b"GET /", b"x" * 2**16),
    "a header": (b"GET / HTTP/1.1\r\nX-Long: ", b"x" * 2**16),
    "headers": (b"GET / HTTP/1.1\r\n", b"X-More: x\r\n" * 6_000),
    "trailers": (
        f"POST {ROUTE} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n".encode(),
        b"X-More: x\r\n" * 6_000,
    ),
    "an extension of a chunk": (
        f"POST {ROUTE} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;".encode(),
        b"x" * 2**16,
    ),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_what_strangers_send_without_end_is_cut_off(app, what):
    begin, more = ENDLESS[what]
    sent = 0
    with connected(app) as connection:
        connection.sendall(begin)
        with suppress(ConnectionError, TimeoutError):
            while sent < 100 * 2**20:
                connection.sendall(more)
                sent += len(more)
    assert sent < 20 * 2**20
    assert app.server.send("GET", "/healthz").status == 200


def test_requests_one_after_another_on_a_connection_are_not_added_up(app):
    one = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 60_000 + b"\r\n\r\n"
    with connected(app) as connection:
        for _ in range(30):
            connection.sendall(one)
        received = b""
        while received.count(b"HTTP/1.1 200") < 30:
            part = connection.recv(65_536)
            assert part, received
            received += part


def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes(app):
    with connected(app) as connection:
        connection.sendall(head(app, f"Content-Length: {LIMIT + 1}"))
        received = answered(connection)
    assert statuses(received) == [413]
    detail = json.loads(received.split(b"\r\n\r\n", 1)[1])["detail"]
    assert (detail["code"], detail["type"]) == (413, "request_too_large_error")


def test_an_endless_body_is_cut_off(app):
    sent, megabyte = 0, b"%x\r\n" % 2**20 + b" " * 2**20 + b"\r\n"
    with connected(app) as connection:
        connection.sendall(head(app, "Transfer-Encoding: chunked"))
        with suppress(ConnectionError, TimeoutError):
            while sent < 200:
                connection.sendall(megabyte)
                sent += 1
    assert sent < 100
    assert app.server.send("GET", "/healthz").status == 200


@pytest.mark.parametrize("attempt", range(3))
def test_a_client_that_sends_all_of_it_reads_why_it_was_refused(app, attempt):
    reply = app.server.post(ROUTE, b" " * (LIMIT + 1))
    assert (reply.status, reply.detail["code"]) == (413, 413)


def test_strangers_bodies_are_not_read(app):
    with connected(app) as connection:
        connection.sendall(b"POST " + ROUTE.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n")
        assert statuses(answered(connection)) == [401]


def test_a_body_of_exactly_the_limit_is_read(app):
    body = good(app, app.project())
    assert app.server.post(ROUTE, body + b" " * (LIMIT - len(body))).status == 200


def test_a_prompt_of_10_mb(app):
    project, text = app.project(), "x" * (10_000_000 - len("Say "))
    began = time.monotonic()
    answer = app.complete(project, inputs={"it": text}, return_inputs=False)
    assert time.monotonic() - began < 20, "1 s is the aim; this box may be busy"
    assert app.upstream.requests[0].json["messages"][0]["content"] == f"Say {text}"
    assert answer["data"][0]["output"] == f"You said: Say {text}"
    assert app.log(answer["data"][0]["id"])["inputs"] == {"it": text}


BODIES = {
    "nested arrays in inputs": b'{"project": "hostile", "inputs": {"it": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    "a 5,000-digit integer": b'{"project": "hostile", "inputs": {"it": ' + b"9" * 5000 + b"}}",
    "a 5,000-digit number of samples": b'{"project": "hostile", "num_samples": ' + b"9" * 5000 + b"}",
    "a lone surrogate": rb'{"project": "hostile", "inputs": {"it": "\ud800"}}',
    "1e999": b'{"project": "hostile", "inputs": {"it": 1e999}}',
    "invalid UTF-8": b'{"project": "hostile", "inputs": {"it": "\xff"}}',
    "NUL in the name": rb'{"project": "hostile\u0000", "inputs": {"it": "x"}}',
}


@pytest.mark.parametrize("what", BODIES)
def test_a_hostile_body_makes_no_project_and_no_call(app, what):
    reply = app.server.post(ROUTE, BODIES[what])
    assert reply.status == 422
    assert reply.detail
    assert app.upstream.requests == []
    assert app.server.get("/v4/projects?filter=hostile").expect(200)["total"] == 0


def test_nul_in_an_input_reaches_the_vendor_and_the_log_unaltered(app):
    answer = app.complete(app.project(), inputs={"it": "a\x00b"})
    assert app.upstream.requests[0].json["messages"][0]["content"] == "Say a\x00b"
    assert answer["data"][0]["output"] == "You said: Say a\x00b"
    log = app.log(answer["data"][0]["id"])
    assert (log["inputs"], log["output"]) == ({"it": "a\x00b"}, "You said: Say a\x00b")


def test_duplicate_keys_and_a_byte_order_mark_are_accepted(app):
    project = app.project()
    body = b'\xef\xbb\xbf{"inputs": {"it": "first"}, "project": %s, "inputs": {"it": "a", "it": "last"}}'
    assert app.server.post(ROUTE, body % json.dumps(project).encode()).status == 200
    assert app.upstream.requests[0].json["messages"][0]["content"] == "Say last"
