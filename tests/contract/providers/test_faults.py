"""Everything that a vendor or the way to it can do wrong: one typed error each, or one honest partial stream."""

import asyncio
import gzip
import json
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from everloop.domain.generation import Failure, Finish, Secret, TextDelta
from everloop.domain.policy import Timeouts
from everloop.errors import FailureKind, ProviderFailure
from tests.contract.providers.conftest import KEY, Caller
from tests.upstream import (
    DONE,
    STREAM_END,
    STREAM_HEAD,
    End,
    Reply,
    Step,
    Upstream,
    body,
    completion,
    event,
    http,
    piece,
    raw,
    status,
    stream,
)

ECHO = {"error": {"message": f"Incorrect API key provided: {KEY.value}.", "code": "invalid_api_key"}}
WHOLE = json.dumps({"choices": [{"index": 0, "message": {"content": "Hello"}, "finish_reason": "stop"}]}).encode()
HTML = http(200, b"<html><h1>Welcome</h1></html>", {"content-type": "text/html"})
Calling = Callable[..., Caller]
SHORT = Timeouts(connect=0.3, first_byte=0.3, gap=0.3, total=3)


@dataclass(frozen=True)
class Fault:
    """What the vendor does, every time it is called, and what has to come of it."""

    name: str
    reply: Reply
    kind: FailureKind
    code: int | None
    tries: int = 1
    retry_after: float | None = None
    timeouts: Timeouts = SHORT

    def __str__(self) -> str:
        return self.name


def refused(code: int, kind: FailureKind, tries: int = 1) -> Fault:
    return Fault(f"status {code}", status(code), kind, code, tries)


BEFORE_ANYTHING = [
    refused(400, FailureKind.BAD_REQUEST),
    refused(401, FailureKind.AUTHENTICATION),
    refused(403, FailureKind.PERMISSION),
    refused(404, FailureKind.NOT_FOUND),
    refused(408, FailureKind.TIMEOUT, tries=3),
    refused(413, FailureKind.TOO_LARGE),
    refused(422, FailureKind.UNPROCESSABLE),
    refused(429, FailureKind.RATE_LIMIT, tries=3),
    refused(500, FailureKind.SERVER_ERROR, tries=3),
    refused(502, FailureKind.SERVER_ERROR, tries=3),
    refused(503, FailureKind.OVERLOADED, tries=3),
    refused(504, FailureKind.SERVER_ERROR, tries=3),
    refused(529, FailureKind.OVERLOADED, tries=3),
    Fault("short Retry-After", status(429, headers={"Retry-After": "1"}), FailureKind.RATE_LIMIT, 429, 3, 1.0),
    Fault("long Retry-After", status(429, headers={"Retry-After": "30"}), FailureKind.RATE_LIMIT, 429, 1, 30.0),
    Fault(
        "Retry-After in the past",
        status(429, headers={"Retry-After": "Tue, 14 Nov 2023 22:13:30 GMT"}),
        FailureKind.RATE_LIMIT,
        429,
        3,
        0.0,
    ),
    Fault("no more money", status(429, {"error": {"code": "insufficient_quota"}}), FailureKind.RATE_LIMIT, 429),
    Fault("redirect", raw(http(307, b"", {"location": "/v1/elsewhere"})), FailureKind.MALFORMED, 307),
    Fault("echo of the key", status(401, ECHO), FailureKind.AUTHENTICATION, 401),
    Fault("echo of the key in HTML", status(500, f"<b>{KEY.value}</b>".encode()), FailureKind.SERVER_ERROR, 500, 3),
    Fault("HTML body", raw(HTML), FailureKind.MALFORMED, 200),
    Fault("empty body", body(b""), FailureKind.MALFORMED, 200),
    Fault("JSON of another kind", body({"answer": "Hello"}), FailureKind.MALFORMED, 200),
    Fault("torn JSON", body(WHOLE[:-5]), FailureKind.MALFORMED, 200),
    Fault("deep JSON", body(b"[" * 100_000), FailureKind.MALFORMED, 200),
    Fault("error in a 200", body({"error": {"message": "Busy", "code": 503}}), FailureKind.OVERLOADED, 503),
    Fault("no HTTP", raw(b"SSH-2.0-OpenSSH_9.6\r\n", End.CLOSE), FailureKind.MALFORMED, None),
    Fault("closed at once", raw(End.CLOSE), FailureKind.CONNECTION, None, tries=3),
    Fault("reset at once", raw(End.RESET), FailureKind.CONNECTION, None, tries=3),
    Fault("no first byte", raw(End.STALL), FailureKind.TIMEOUT, None, tries=3),
    Fault("half a head", raw(STREAM_HEAD[:20], End.STALL), FailureKind.TIMEOUT, None, tries=3),
]


async def _fails(caller: Caller, *, streamed: bool) -> ProviderFailure:
    with pytest.raises(ProviderFailure) as caught:
        await (caller.streamed() if streamed else caller.plain())
    return caught.value


def _check(failure: ProviderFailure, kind: FailureKind, code: int | None) -> None:
    assert (failure.kind, failure.upstream_code, failure.origin) == (kind, code, "OpenAI")
    assert 0 < len(failure.message) <= 2000
    assert KEY.value not in f"{failure.message} {failure!r} {failure.__cause__!r}"
    assert failure.__suppress_context__ or failure.__context__ is None


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("fault", BEFORE_ANYTHING, ids=str)
async def test_before_anything_of_the_answer(upstream: Upstream, calling: Calling, fault: Fault, streamed: bool):
    caller = calling(upstream.base_url, fault.timeouts)
    upstream.always(fault.reply)
    failure = await _fails(caller, streamed=streamed)
    _check(failure, fault.kind, fault.code)
    assert failure.retry_after == fault.retry_after
    assert len(upstream.requests) == fault.tries
    assert len(caller.waited) == fault.tries - 1
    assert caller.metrics.calls == [("openai", fault.kind)]


def promised(*steps: Step) -> Reply:
    """A plain answer of 500 bytes, most of which never come."""
    return raw(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n", *steps)


def slowly(data: bytes) -> list[Step]:
    return [data, 0.1] * 100


def packed(data: bytes) -> Reply:
    return body(data, {"content-encoding": "gzip"})


def endless(head: bytes, more: bytes) -> Reply:
    return lambda _: chain([head], repeat(more))


PLAIN_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"
BOMB = gzip.compress(b" " * (64 * 1024 * 1024))
DRIP = Timeouts(connect=2, first_byte=2, gap=2, total=0.5)

IN_A_PLAIN_ANSWER = [
    Fault("end before the end", promised(WHOLE, End.CLOSE), FailureKind.CONNECTION, 200),
    Fault("reset", promised(WHOLE, End.RESET), FailureKind.CONNECTION, 200),
    Fault("stall", promised(WHOLE, End.STALL), FailureKind.TIMEOUT, 200),
    Fault("slow drip", promised(*slowly(b" ")), FailureKind.TIMEOUT, 200, timeouts=DRIP),
    Fault("endless body", endless(PLAIN_HEAD, b" " * 65536), FailureKind.MALFORMED, 200),
    Fault("gzip bomb", packed(BOMB), FailureKind.MALFORMED, 200),
    Fault("no gzip", packed(WHOLE), FailureKind.MALFORMED, 200),
]


@pytest.mark.parametrize("fault", IN_A_PLAIN_ANSWER, ids=str)
async def test_in_the_middle_of_a_plain_answer(upstream: Upstream, calling: Calling, fault: Fault):
    caller = calling(upstream.base_url, fault.timeouts)
    upstream.always(fault.reply)
    _check(await _fails(caller, streamed=False), fault.kind, fault.code)
    assert len(upstream.requests) == 1
    assert caller.metrics.calls == [("openai", fault.kind)]


def said(index: int, text: str | None, reason: str | None = None) -> dict[str, Any]:
    delta = {} if text is None else {"content": text}
    return {"id": "x", "choices": [{"index": index, "delta": delta, "finish_reason": reason}]}


BEGUN = (STREAM_HEAD, piece(event(said(1, "whole"))), piece(event(said(1, None, "stop"))), piece(event(said(0, "par"))))
ERROR = {"error": {"message": f"Overloaded, {KEY.value}", "type": "overloaded_error"}}

PROPERLY_ENDED = {"proper end before the end", "terminator before the end"}
IN_A_STREAM = [
    Fault("end before the end", raw(*BEGUN, End.CLOSE), FailureKind.CONNECTION, 200),
    Fault("proper end before the end", raw(*BEGUN, STREAM_END), FailureKind.CONNECTION, 200),
    Fault("terminator before the end", raw(*BEGUN, piece(DONE), STREAM_END), FailureKind.CONNECTION, 200),
    Fault("reset", raw(*BEGUN, 0.05, End.RESET), FailureKind.CONNECTION, 200),
    Fault("stall", raw(*BEGUN, End.STALL), FailureKind.TIMEOUT, 200),
    Fault("slow drip", raw(*BEGUN, *slowly(piece(b": drip\n\n"))), FailureKind.TIMEOUT, 200, timeouts=DRIP),
    Fault("broken JSON chunk", raw(*BEGUN, piece(b'data: {"choices": [{"ind\n\n')), FailureKind.MALFORMED, 200),
    Fault("error event", raw(*BEGUN, piece(event(ERROR))), FailureKind.OVERLOADED, 200),
    Fault("broken chunked coding", raw(*BEGUN, 0.05, b"five\r\nhello\r\n"), FailureKind.MALFORMED, 200),
    Fault("endless line", lambda _: chain(BEGUN, repeat(piece(b" " * 65536))), FailureKind.MALFORMED, 200),
    Fault("endless comments", lambda _: chain(BEGUN, repeat(piece(b": hi\n" * 5000))), FailureKind.MALFORMED, 200),
]


@pytest.mark.parametrize("fault", IN_A_STREAM, ids=str)
async def test_in_the_middle_of_a_stream(upstream: Upstream, calling: Calling, fault: Fault):
    """Of two samples one has finished, the other has begun: the first stands, the second has failed."""
    caller = calling(upstream.base_url, fault.timeouts)
    upstream.always(fault.reply)
    events = await caller.streamed(samples=2)
    assert [(each.sample, each.text) for each in events if isinstance(each, TextDelta)] == [(1, "whole"), (0, "par")]
    assert [each.sample for each in events if isinstance(each, Finish)] == [1]
    failures = [each for each in events if isinstance(each, Failure)]
    assert [each.sample for each in failures] in ([None], [0])
    assert events[-1] is failures[0]
    _check(failures[0].error, fault.kind, fault.code)
    assert len(upstream.requests) == 1
    assert caller.metrics.calls == [("openai", fault.kind)]
    if fault.name not in PROPERLY_ENDED:
        assert await asyncio.to_thread(upstream.idle), "the connection of the broken stream is still open"


BEFORE_THE_FIRST_EVENT = [
    Fault("nothing", raw(STREAM_HEAD, STREAM_END), FailureKind.CONNECTION, 200),
    Fault("nothing but the terminator", stream(), FailureKind.CONNECTION, 200),
    Fault(
        "nothing but a role", stream({"choices": [{"index": 0, "delta": {"role": "x"}}]}), FailureKind.CONNECTION, 200
    ),
    Fault("close", raw(STREAM_HEAD, End.CLOSE), FailureKind.CONNECTION, 200),
    Fault("stall", raw(STREAM_HEAD, End.STALL), FailureKind.TIMEOUT, 200),
    Fault("error event", stream(ERROR), FailureKind.OVERLOADED, 200),
    Fault("broken JSON", stream(event(b"{")), FailureKind.MALFORMED, 200),
]


@pytest.mark.parametrize("fault", BEFORE_THE_FIRST_EVENT, ids=str)
async def test_a_stream_that_breaks_before_its_first_event(upstream: Upstream, calling: Calling, fault: Fault):
    caller = calling(upstream.base_url, fault.timeouts)
    upstream.always(fault.reply)
    _check(await _fails(caller, streamed=True), fault.kind, fault.code)
    assert len(upstream.requests) == 1
    assert caller.metrics.calls == [("openai", fault.kind)]


ODD = json.dumps(said(0, "größer ☂"), ensure_ascii=False).encode()
CHUNK = json.dumps(said(0, "größer ☂")).encode()
END = json.dumps(said(0, None, "stop")).encode()
ODD_STREAMS = {
    "UTF-8 split over packets": [b"data: ", *(bytes([byte]) for byte in ODD), b"\n\n", event(END), DONE],
    "comments": [b": hello\n\n", event(CHUNK), b": ping\n\n: ping\n", event(END), DONE],
    "CRLF": [b"data: " + CHUNK + b"\r\n\r", b"\ndata: " + END + b"\r\n\r\ndata: [DONE]\r\n\r\n"],
    "CR": [b"data: " + CHUNK + b"\r\rdata: " + END + b"\r\rdata: [DONE]\r\r"],
    "no space": [b"data:" + CHUNK + b"\n\ndata:" + END + b"\n\ndata:[DONE]\n\n"],
    "event names and ids": [b"id: 1\nevent: chunk\n" + event(CHUNK), b"retry: 5\n\n", event(END), DONE],
    "data in lines": [b"data: " + CHUNK.replace(b', "', b',\ndata: "') + b"\n\n", event(END), DONE],
    "no terminator": [event(CHUNK), event(END)],
    "no blank line at the end": [event(CHUNK), event(END).rstrip()],
    "all in one packet": [event(CHUNK) + event(END) + DONE],
}


@pytest.mark.parametrize("steps", ODD_STREAMS.values(), ids=ODD_STREAMS)
async def test_odd_streams_that_are_right(upstream: Upstream, caller: Caller, steps: list[bytes]):
    upstream.answer(raw(STREAM_HEAD, *(piece(step) for step in steps), STREAM_END))
    events = await caller.streamed()
    assert events[0] == TextDelta(0, "größer ☂")
    assert [type(each) for each in events] == [TextDelta, Finish]
    assert caller.metrics.calls == [("openai", "ok")]


# ------------------------------------------------------------------------------------------------- no way to the vendor


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port that does not take connections: its queue is full."""
    with socket.socket() as listener, ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        for _ in range(8):
            each = waiting.enter_context(socket.socket())
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        yield port


@pytest.fixture
def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port


@pytest.fixture
async def untrusted_port(tmp_path: Path) -> AsyncIterator[int]:
    """A TLS server whose certificate nobody has signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    start = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    chain_file = tmp_path / "server.pem"
    chain_file.write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain_file)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _unreachable(
    calling: Calling, base_url: str, kind: FailureKind, words: str, *, streamed: bool, waits: int = 2
) -> None:
    caller = calling(base_url, SHORT)
    failure = await _fails(caller, streamed=streamed)
    _check(failure, kind, None)
    assert words in failure.message
    assert len(caller.waited) == waits
    assert caller.metrics.calls == [("openai", kind)]


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
class TestNoWay:
    async def test_connection_refused(self, calling: Calling, free_port: int, streamed: bool):
        await _unreachable(
            calling, f"http://127.0.0.1:{free_port}/v1", FailureKind.CONNECTION, "Connection refused", streamed=streamed
        )

    async def test_connect_timeout(self, calling: Calling, deaf_port: int, streamed: bool):
        url = f"http://127.0.0.1:{deaf_port}/v1"
        await _unreachable(
            calling, url, FailureKind.TIMEOUT, "could not be connected to within 0.3 s", streamed=streamed
        )

    async def test_unknown_name(self, calling: Calling, streamed: bool):
        await _unreachable(calling, "http://vendor.invalid/v1", FailureKind.CONNECTION, "not known", streamed=streamed)

    async def test_no_tls(self, calling: Calling, upstream: Upstream, streamed: bool):
        url = upstream.base_url.replace("http:", "https:")
        await _unreachable(calling, url, FailureKind.CONNECTION, "could not be connected to", streamed=streamed)

    async def test_untrusted_certificate(self, calling: Calling, untrusted_port: int, streamed: bool):
        url = f"https://127.0.0.1:{untrusted_port}/v1"
        await _unreachable(calling, url, FailureKind.CONNECTION, "CERTIFICATE_VERIFY_FAILED", streamed=streamed)

    @pytest.mark.parametrize("host", ["169.254.169.254", "[::ffff:169.254.169.254]", "[fe80::1]", "0.0.0.0"])  # noqa: S104
    async def test_forbidden_address(self, calling: Calling, host: str, streamed: bool):
        await _unreachable(
            calling, f"http://{host}/v1", FailureKind.CONNECTION, "never connected to", streamed=streamed, waits=0
        )


@pytest.mark.parametrize("key", ["", " ", "sk test", "sk-1\r\nHost: evil", "sk-ключ", "sk-\x00", "sk-\ud800-canary"])
@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
async def test_a_key_that_cannot_be_sent_is_not(upstream: Upstream, caller: Caller, key: str, streamed: bool):
    with pytest.raises(ProviderFailure) as caught:
        await (caller.streamed(key=Secret(key)) if streamed else caller.plain(key=Secret(key)))
    assert caught.value.kind is FailureKind.AUTHENTICATION
    assert key.strip() == "" or key not in caught.value.message
    assert upstream.requests == []


async def test_a_vendor_that_says_the_key_in_a_good_answer(upstream: Upstream, caller: Caller):
    upstream.answer(completion(f"Your key is {KEY.value} indeed"), completion(f"Your key is {KEY.value} indeed"))
    generation = await caller.plain()
    assert generation.samples[0].text == "Your key is [redacted] indeed"
    assert KEY.value.encode() not in generation.response
    json.loads(generation.response)
    assert KEY.value not in repr(await caller.streamed())
