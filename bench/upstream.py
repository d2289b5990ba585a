"""An instant OpenAI-compatible model server: it answers at once, with bytes made before the first request.

It speaks `/v1/chat/completions` and `/v1/completions`, plain and streamed, with usage at the end of a stream when
`stream_options.include_usage` asks for it. A stream leaves as a real one does, one write for each event, so that
nobody downstream gets all tokens in one packet by construction. It stays a raw protocol to cost little beside what is
measured. `GET /count` tells how many calls it has answered.

    python bench/upstream.py --port 9000
"""

import argparse
import asyncio
import json
import re
from typing import Any, cast

import uvloop

TEXT = "The quick answer to that is simply this : measure it twice , write it down , then compare again"
WORDS = TEXT.split()
USAGE = {"prompt_tokens": 200, "completion_tokens": len(WORDS), "total_tokens": 200 + len(WORDS)}
CREATED = 1_700_000_000

STREAM = re.compile(rb'"stream"\s*:\s*true')
INCLUDE_USAGE = re.compile(rb'"include_usage"\s*:\s*true')
CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)


def _http(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _event(payload: object) -> bytes:
    return b"data: " + json.dumps(payload, separators=(",", ":")).encode() + b"\n\n"


def _piece(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def _envelope(*, chat: bool, streamed: bool, **fields: object) -> dict[str, Any]:
    kind = ("chat.completion.chunk" if streamed else "chat.completion") if chat else "text_completion"
    name = "chatcmpl-bench" if chat else "cmpl-bench"
    model = "gpt-4o-2024-08-06" if chat else "gpt-3.5-turbo-instruct"
    return {"id": name, "object": kind, "created": CREATED, "model": model, **fields}


def _plain(*, chat: bool) -> bytes:
    content: dict[str, Any] = {"message": {"role": "assistant", "content": TEXT}} if chat else {"text": TEXT}
    choice = {"index": 0, **content, "logprobs": None, "finish_reason": "stop"}
    return _http("200 OK", json.dumps(_envelope(chat=chat, streamed=False, choices=[choice], usage=USAGE)).encode())


def _stream(*, chat: bool, usage: bool) -> list[bytes]:
    """One element a write: the head with the first event, each token, the end (finish, usage, terminator)."""
    silent = {"usage": None} if usage else {}

    def event(delta: dict[str, Any], text: str, finish: str | None = None) -> bytes:
        content: dict[str, Any] = {"delta": delta} if chat else {"text": text}
        choice = {"index": 0, **content, "logprobs": None, "finish_reason": finish}
        return _event(_envelope(chat=chat, streamed=True, choices=[choice], **silent))

    texts = [word if place == 0 else f" {word}" for place, word in enumerate(WORDS)]
    pieces = [_piece(event({"content": text}, text)) for text in texts]
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    opening = _piece(event({"role": "assistant", "content": ""}, "")) if chat else b""
    end = _piece(event({}, "", "stop"))
    if usage:
        end += _piece(_event(_envelope(chat=chat, streamed=True, choices=[], usage=USAGE)))
    return [head + opening, *pieces, end + _piece(b"data: [DONE]\n\n") + b"0\r\n\r\n"]


PLAIN = {chat: _plain(chat=chat) for chat in (True, False)}
STREAMED = {(chat, usage): _stream(chat=chat, usage=usage) for chat in (True, False) for usage in (True, False)}
NOT_FOUND = _http("404 Not Found", b'{"error":{"message":"no such route","type":"invalid_request_error"}}')
LENGTH_REQUIRED = _http("411 Length Required", b'{"error":{"message":"send a content-length"}}')


class Upstream(asyncio.Protocol):
    """One connection: requests are answered in order, each as soon as its body is complete."""

    answered = 0  # over all connections: one process, one event loop

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._buffer = b""
        self._pieces: list[bytes] = []
        self._next_piece = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports do not inherit from asyncio's

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._pieces:
            self._answer_what_is_complete()

    def _answer_what_is_complete(self) -> None:
        while not self._pieces:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._buffer[:end]
            found = CONTENT_LENGTH.search(head)
            if found is None and head.startswith(b"POST "):
                self._transport.write(LENGTH_REQUIRED)
                self._transport.close()
                return
            stop = end + 4 + (int(found[1]) if found else 0)
            if len(self._buffer) < stop:
                return
            body, self._buffer = self._buffer[end + 4 : stop], self._buffer[stop:]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        chat = head.startswith(b"POST /v1/chat/completions ")
        if not chat and not head.startswith(b"POST /v1/completions "):
            count = json.dumps({"answered": Upstream.answered}).encode()
            self._transport.write(_http("200 OK", count) if head.startswith(b"GET /count ") else NOT_FOUND)
            return
        Upstream.answered += 1
        if STREAM.search(body) is None:
            self._transport.write(PLAIN[chat])
            return
        self._pieces = STREAMED[chat, INCLUDE_USAGE.search(body) is not None]
        self._next_piece = 0
        self._write_piece()

    def _write_piece(self) -> None:
        """Write one event in each turn of the loop: uvloop joins the writes of one turn into one packet."""
        if self._transport.is_closing():
            return
        self._transport.write(self._pieces[self._next_piece])
        self._next_piece += 1
        if self._next_piece < len(self._pieces):
            self._loop.call_soon(self._write_piece)
        else:
            self._pieces = []
            self._answer_what_is_complete()


async def _serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Upstream(loop), "127.0.0.1", port, backlog=1024)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Serve on loopback until stopped."""
    parser = argparse.ArgumentParser(description="An instant OpenAI-compatible upstream for benchmarks.")
    parser.add_argument("--port", type=int, required=True)
    uvloop.run(_serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
