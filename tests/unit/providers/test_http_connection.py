"""What HTTP/1.1 allows a server to say, over real sockets."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Iterator
from itertools import chain, repeat

import pytest

from everloop.domain.policy import Timeouts
from everloop.errors import FailureKind
from everloop.providers.client import Answer, HttpClient, TransportFailure
from everloop.providers.target import Target
from tests.upstream import STREAM_END, STREAM_HEAD, End, Reply, Upstream, http, piece, raw

SECONDS = Timeouts(2, 2, 2, 4)


@pytest.fixture(scope="module")
def server() -> Iterator[Upstream]:
    with Upstream() as server:
        yield server


@pytest.fixture
def upstream(server: Upstream) -> Upstream:
    server.reset()
    server.always(raw(http(200, b"")))
    return server


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    client = HttpClient(SECONDS, longest_answer=1_000_000)
    yield client
    await client.close()


def target(upstream: Upstream) -> Target:
    return Target.of(upstream.base_url + "/x")


async def post(client: HttpClient, upstream: Upstream, body: bytes = b"") -> Answer:
    return await client.post(target(upstream), body, {}, 4)


@pytest.mark.parametrize(
    "reply",
    [
        raw(http(200, b"body")),
        raw(*(bytes([byte]) for byte in http(200, b"body"))),
        raw(STREAM_HEAD, piece(b"bo"), piece(b"dy"), STREAM_END),
        raw(STREAM_HEAD + piece(b"body") + b"0\r\nx-checksum: 1\r\n\r\n"),
        raw(b"HTTP/1.1 100 Continue\r\nx-odd: 1\r\n\r\n", http(200, b"body")),
        raw(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + http(200, b"body")),
        raw(b"HTTP/1.1 200 OK\r\n\r\nbody", End.CLOSE),
        raw(b"HTTP/1.0 200 OK\r\n\r\nbo", 0.02, b"dy", End.CLOSE),
        raw(b"HTTP/1.1 200\r\ncontent-length: 4\r\n\r\nbody"),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length:4\r\nX-Empty:\r\n\r\nbody"),
        raw(http(200, gzip.compress(b"body"), {"content-encoding": "gzip"})),
        raw(http(200, zlib.compress(b"body"), {"content-encoding": "deflate"})),
        raw(http(200, b"body", {"content-encoding": "identity"})),
    ],
)
async def test_every_way_to_frame_an_answer(upstream: Upstream, client: HttpClient, reply: Reply):
    upstream.answer(reply)
    answer = await post(client, upstream)
    assert (answer.status, answer.body) == (200, b"body")
    assert (await post(client, upstream)).status == 200, "the next call is not disturbed"


@pytest.mark.parametrize("code", [204, 304])
async def test_an_answer_may_have_no_body(upstream: Upstream, client: HttpClient, code: int):
    upstream.answer(raw(f"HTTP/1.1 {code} x\r\n\r\n".encode()))
    answer = await post(client, upstream)
    assert (answer.status, answer.body) == (code, b"")


@pytest.mark.parametrize(
    ("reply", "kind", "answered"),
    [
        (raw(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nbody", End.CLOSE), FailureKind.CONNECTION, True),
        (raw(STREAM_HEAD, piece(b"body"), End.CLOSE), FailureKind.CONNECTION, True),
        (raw(b"HTTP/1.1 200 OK\r\n\r\nbody", End.RESET), FailureKind.CONNECTION, True),
        (raw(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n", End.CLOSE), FailureKind.CONNECTION, False),
        (raw(b"HTTP/1.1 100 Continue\r\n\r\n", End.CLOSE), FailureKind.CONNECTION, False),
        (raw(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nbody"), FailureKind.MALFORMED, False),
        (
            raw(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
            FailureKind.MALFORMED,
            False,
        ),
        (raw(b"HTTP/1.1 200 OK\r\nx: a\nb\x00\r\n\r\n"), FailureKind.MALFORMED, False),
        (raw(b"HTTP/9.9 200 OK\r\n\r\n"), FailureKind.MALFORMED, False),
        (raw(b"HTTP/1.1 200 OK\r\n", b"x: " + b"y" * 70_000 + b"\r\n\r\n"), FailureKind.MALFORMED, False),
        (lambda _: chain([b"HTTP/1.1 200 OK\r\n"], repeat(b"x: y\r\n" * 100)), FailureKind.MALFORMED, False),
        (raw(http(200, b"no gzip", {"content-encoding": "gzip"})), FailureKind.MALFORMED, True),
        (raw(http(200, gzip.compress(b"body" * 99)[:-9], {"content-encoding": "gzip"})), FailureKind.MALFORMED, True),
        (raw(http(200, b"\x0b\x02\x80body\x03", {"content-encoding": "br"})), FailureKind.MALFORMED, True),
        (raw(http(200, gzip.compress(bytes(10**8)), {"content-encoding": "gzip"})), FailureKind.MALFORMED, True),
    ],
)
async def test_what_is_no_whole_answer(
    upstream: Upstream, client: HttpClient, reply: Reply, kind: FailureKind, answered: bool
):
    upstream.answer(reply)
    with pytest.raises(TransportFailure) as caught:
        await post(client, upstream)
    assert (caught.value.kind, caught.value.answered) == (kind, answered)
    assert (await post(client, upstream)).status == 200, "the next call is not disturbed"


async def test_what_comes_before_a_break_is_not_lost(upstream: Upstream, client: HttpClient):
    upstream.answer(raw(STREAM_HEAD, piece(b"one"), End.CLOSE))
    incoming = await client.open(target(upstream), b"", {}, 4)
    await asyncio.to_thread(upstream.idle)
    await asyncio.sleep(0.02)
    assert await incoming.next() == b"one"
    for _ in range(2):
        with pytest.raises(TransportFailure, match="in the middle"):
            await incoming.next()


async def test_a_whole_answer_may_be_read_after_the_connection_went_to_others(upstream: Upstream, client: HttpClient):
    before = upstream.accepted
    upstream.answer(raw(http(200, b"first")), raw(http(200, b"second")))
    first = await client.open(target(upstream), b"", {}, 4)
    await asyncio.to_thread(upstream.wait_for, 1)
    await asyncio.sleep(0.05)
    second = await post(client, upstream)
    assert (await first.read(), second.body) == (b"first", b"second")
    first.close()
    assert (await post(client, upstream)).status == 200
    assert upstream.accepted - before <= 2


async def test_a_slow_reader_slows_the_sender(upstream: Upstream, client: HttpClient):
    sent = 0

    def steps() -> Iterator[bytes]:
        nonlocal sent
        yield STREAM_HEAD
        for _ in range(300):
            sent += 1
            yield piece(b"x" * 100_000)
        yield STREAM_END

    big = HttpClient(Timeouts(2, 2, 1, 30))
    upstream.answer(lambda _: steps())
    incoming = await big.open(target(upstream), b"", {}, 30)
    await asyncio.sleep(1.5)
    assert sent < 200, "what the kernels hold on both sides, and a little in the client"
    assert len(await incoming.read()) == 30_000_000, "a reader's pause is no silence of the sender"
    incoming.close()
    await big.close()


@pytest.mark.parametrize("size", [0, 1, 64 * 1024, 64 * 1024 + 1, 10_000_000])
async def test_bodies_of_any_size_go_out_whole(upstream: Upstream, client: HttpClient, size: int):
    sent = bytes(range(256)) * (size // 256 + 1)
    await post(client, upstream, sent[:size])
    assert upstream.requests[0].body == sent[:size]


async def test_headers_are_found_in_any_case(upstream: Upstream, client: HttpClient):
    upstream.answer(raw(b"HTTP/1.1 200 OK\r\nX-TWICE: 1\r\nx-twice:  2 \r\ncontent-length: 0\r\n\r\n"))
    headers = (await post(client, upstream)).headers
    assert headers["X-Twice"] == headers.get("x-TWICE") == "2"
    assert headers.get("absent") is None
