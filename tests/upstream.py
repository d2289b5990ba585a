"""A model vendor for tests: a real HTTP server on loopback, in a thread of its own, that does as it is told.

    with Upstream() as upstream:
        upstream.answer(completion("Hi"), status(503))    # one reply a call, in this order; then completion() for ever
        ...                                               # call upstream.base_url
        assert upstream.requests[0].json["model"] == "gpt-4o"

A reply is a function of the request that gives steps: bytes to write, a number of seconds to pause, or an End. Its
bytes are HTTP as it goes over the wire, so that a reply can be as wrong as it likes.
"""

import asyncio
import enum
import json
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Self


class End(enum.Enum):
    """How a reply may end other than properly."""

    CLOSE = "close the connection"
    RESET = "reset it"
    STALL = "say nothing more, until the peer hangs up"


Step = bytes | float | End


@dataclass
class Received:
    """One request. `answered` is set once the reply is out; `hung_up` when the connection closed before that."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)
    hung_up: threading.Event = field(default_factory=threading.Event)
    answered: threading.Event = field(default_factory=threading.Event)

    @property
    def json(self) -> Any:
        """The parsed body."""
        return json.loads(self.body)


Reply = Callable[[Received], Iterable[Step]]


# ------------------------------------------------------------------------------------------------------------- replies


def http(code: int, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    """A whole HTTP answer; JSON unless the headers say otherwise."""
    fields = {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
    return head(code, fields) + body


def head(code: int, fields: Mapping[str, str]) -> bytes:
    """The head of an HTTP answer."""
    phrase = HTTPStatus(code).phrase if code in set(HTTPStatus) else "Whatever"
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {code} {phrase}\r\n{lines}\r\n".encode()


def raw(*steps: Step) -> Reply:
    """Exactly these steps."""
    return lambda _: steps


def status(code: int, error: Any = "it went wrong", headers: Mapping[str, str] | None = None) -> Reply:
    """An error in OpenAI's shape; `error` is its message, or the whole body when it is a dict or bytes."""
    value = error if isinstance(error, dict) else {"error": {"message": error, "type": "made_up", "code": None}}
    body = error if isinstance(error, bytes) else json.dumps(value).encode()
    return raw(http(code, body, headers))


def body(value: Any, headers: Mapping[str, str] | None = None) -> Reply:
    """A 200 with this body: bytes as they are, anything else as JSON."""
    return raw(http(200, value if isinstance(value, bytes) else json.dumps(value).encode(), headers))


STREAM_HEAD = head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
TLS = b"\x16"  # a handshake begins with it, and would be waited for to end like a request
STREAM_END = b"0\r\n\r\n"
DONE = b"data: [DONE]\n\n"


def piece(data: bytes) -> bytes:
    """Bytes in the chunked transfer coding."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def event(payload: Any) -> bytes:
    """A server-sent event; bytes as they are, anything else as JSON."""
    return b"data: " + (payload if isinstance(payload, bytes) else json.dumps(payload).encode()) + b"\n\n"


def stream(*steps: Step | Mapping[str, Any], done: bool = True) -> Reply:
    """A 200 with an event stream: dicts become events, bytes are written as they are; properly ended when `done`."""
    framed = [piece(each) if isinstance(each, bytes) else piece(event(each)) if isinstance(each, Mapping) else each
              for each in steps]  # fmt: skip
    return raw(STREAM_HEAD, *framed, *([piece(DONE), STREAM_END] if done else []))


def completion(
    text: str | Sequence[str] | None = None,
    *,
    finish_reason: str = "stop",
    pause: float = 0.0,
    pauses: Sequence[float] = (),
    usage: bool = True,
) -> Reply:
    """A good answer, as OpenAI gives it: chat or legacy by the path, streamed when asked, `n` choices.

    The text is an echo unless given; a list gives each choice its own. A stream comes word by word, `pause` seconds
    between words; with `pauses`, one for each choice, each at its own pace. A plain
    answer takes one pause, the longest. Usage counts words.
    """

    def reply(request: Received) -> Iterator[Step]:
        asked = request.json
        samples = asked.get("n", 1)
        texts = [_text(text, asked, index) for index in range(samples)]
        if asked.get("stream"):
            yield from _streamed(request, texts, finish_reason, list(pauses) or [pause] * samples, usage=usage)
        else:
            yield max([pause, *pauses])
            yield http(200, json.dumps(_plain(request, texts, finish_reason, usage=usage)).encode())

    return reply


def _text(text: str | Sequence[str] | None, asked: Mapping[str, Any], index: int) -> str:
    if text is None:
        said = asked["messages"][-1]["content"] if "messages" in asked else asked["prompt"]
        return f"You said: {said}" + (f" ({index + 1})" if index else "")
    return text if isinstance(text, str) else text[index]


def words(text: str) -> list[str]:
    """The pieces in which a text is streamed: words with the space before them."""
    return [word if place == 0 else f" {word}" for place, word in enumerate(text.split(" "))]


def _count(asked: Mapping[str, Any], texts: Sequence[str]) -> dict[str, int]:
    prompt = len(str(asked.get("prompt") or asked["messages"]).split())
    output = sum(len(words(text)) for text in texts)
    return {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}


def _envelope(request: Received, *, streamed: bool) -> dict[str, Any]:
    chat = request.path.endswith("/chat/completions")
    kind = ("chat.completion.chunk" if streamed else "chat.completion") if chat else "text_completion"
    return {"id": "up-1", "object": kind, "created": 1_700_000_000, "model": request.json["model"]}


def _plain(request: Received, texts: Sequence[str], finish_reason: str, *, usage: bool) -> dict[str, Any]:
    chat = request.path.endswith("/chat/completions")
    choices = [
        {
            "index": index,
            **({"message": {"role": "assistant", "content": text}} if chat else {"text": text}),
            "logprobs": None,
            "finish_reason": finish_reason,
        }
        for index, text in enumerate(texts)
    ]
    count = {"usage": _count(request.json, texts)} if usage else {}
    return {**_envelope(request, streamed=False), "choices": choices, **count}


def _streamed(
    request: Received, texts: Sequence[str], finish_reason: str, pauses: Sequence[float], *, usage: bool
) -> Iterator[Step]:
    chat = request.path.endswith("/chat/completions")
    envelope = _envelope(request, streamed=True)

    def chunk(index: int, text: str | None, reason: str | None = None) -> bytes:
        said = {"delta": {} if text is None else {"content": text}} if chat else {"text": text or ""}
        choice = {"index": index, **said, "logprobs": None, "finish_reason": reason}
        return piece(event({**envelope, "choices": [choice]}))

    steps = sorted(
        (place * pauses[index], index, place, word)
        for index, text in enumerate(texts)
        for place, word in enumerate([*words(text), None])
    )
    yield STREAM_HEAD
    now = 0.0
    for due, index, _, word in steps:
        if due > now:
            yield due - now
            now = due
        yield chunk(index, word, finish_reason if word is None else None)
    if usage and request.json.get("stream_options", {}).get("include_usage"):
        yield piece(event({**envelope, "choices": [], "usage": _count(request.json, texts)}))
    yield piece(DONE)
    yield STREAM_END


# -------------------------------------------------------------------------------------------------------------- server


class _Gone(Exception):
    """The peer hung up."""


class Upstream:
    """The server. `requests` grows as they come; `connections` are open now, `accepted` counts all there were."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        self.accepted = 0
        self.default: Reply = completion()
        self._replies: deque[Reply] = deque()
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="upstream", daemon=True)
        self._ready = threading.Event()
        self._stopping: asyncio.Event
        self.port = 0

    @property
    def base_url(self) -> str:
        """What goes into OPENAI_BASE_URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    def answer(self, *replies: Reply) -> None:
        """Queue replies, one for each call to come."""
        self._replies.extend(replies)

    def always(self, reply: Reply) -> None:
        """What every call gets once the queue is empty."""
        self.default = reply

    def reset(self) -> None:
        """Forget the queue and what was received."""
        self._replies.clear()
        self.requests.clear()
        self.default = completion()

    def wait_for(self, count: int, seconds: float = 10.0) -> Received:
        """The count-th request (from 1), once it has come."""
        end = time.monotonic() + seconds
        while len(self.requests) < count:
            assert time.monotonic() < end, f"only {len(self.requests)} of {count} requests came within {seconds} s"
            time.sleep(0.005)
        return self.requests[count - 1]

    def idle(self, seconds: float = 10.0) -> bool:
        """Whether every connection gets closed within so many seconds."""
        end = time.monotonic() + seconds
        while self.connections and time.monotonic() < end:
            time.sleep(0.005)
        return self.connections == 0

    def start(self) -> Self:
        """Serve on a free port of 127.0.0.1."""
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def stop(self) -> None:
        """Hang up on everybody."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)
        assert not self._thread.is_alive()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stopping = asyncio.Event()
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0, limit=2**24, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopping.wait()
        server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with self._counted(writer):
            with suppress(_Gone, ConnectionError, asyncio.IncompleteReadError):
                while await self._exchange(reader, writer):
                    pass

    @asynccontextmanager
    async def _counted(self, writer: asyncio.StreamWriter) -> AsyncIterator[None]:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.accepted += 1
        try:
            yield
        except asyncio.CancelledError:
            pass  # the server stops
        finally:
            self._tasks.discard(task)
            self.connections -= 1
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = await _read(reader)
        self.requests.append(request)
        reply = self._replies.popleft() if self._replies else self.default
        try:
            for step in reply(request):
                await _play(step, reader, writer)
            request.answered.set()
        finally:
            if not request.answered.is_set():
                request.hung_up.set()
        return True


async def _read(reader: asyncio.StreamReader) -> Received:
    begin = await reader.readexactly(1)
    if begin == TLS:
        raise _Gone
    head = (begin + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    content = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, path, headers, content)


async def _play(step: Step, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    match step:
        case bytes():
            writer.write(step)
            await writer.drain()
        case End.CLOSE:
            raise _Gone
        case End.RESET:
            connection = writer.get_extra_info("socket")
            connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )  # closing is then a reset
            raise _Gone
        case End.STALL:
            await reader.read(1)
            raise _Gone
        case _ if step > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(1), step)
                raise _Gone
        case _:
            await asyncio.sleep(0)
