"""A model that speaks at a pace: every stream gets a token each `--interval` seconds, `--tokens` of them.

With an interval of 0 a token leaves in each turn of the loop. Times count from the start of a stream, so that a late
token makes no later one late.

    python -m bench.streams.upstream --port 9000 --interval 0.05 --tokens 200
"""

import argparse
import asyncio
from functools import partial
from itertools import cycle, islice
from typing import cast

import uvloop

from bench.upstream import CONTENT_LENGTH, STREAMED

READY = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


class Upstream(asyncio.Protocol):
    """One connection: a chat completion's stream for every POST, one after the other."""

    def __init__(self, loop: asyncio.AbstractEventLoop, interval: float, pieces: list[bytes]) -> None:
        self._loop = loop
        self._interval = interval
        self._pieces = pieces
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports do not inherit from asyncio's

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        found = CONTENT_LENGTH.search(head)
        length = int(found[1]) if found else 0
        if not separator or len(body) < length:
            return
        self._buffer = body[length:]
        if head.startswith(b"POST "):
            self._say(0, self._loop.time())
        else:
            self._transport.write(READY)

    def _say(self, place: int, began: float) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(self._pieces[place])
        place += 1
        if place == len(self._pieces):
            return
        if self._interval:
            self._loop.call_at(began + place * self._interval, self._say, place, began)
        else:
            self._loop.call_soon(self._say, place, began)


async def _serve(port: int, interval: float, tokens: int) -> None:
    first, *words, end = STREAMED[True, True]
    pieces = [first, *islice(cycle(words), tokens), end]
    loop = asyncio.get_running_loop()
    server = await loop.create_server(partial(Upstream, loop, interval, pieces), "127.0.0.1", port, backlog=2048)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Serve on loopback until stopped."""
    parser = argparse.ArgumentParser(description="A paced OpenAI-compatible upstream for benchmarks.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--interval", type=float, required=True)
    parser.add_argument("--tokens", type=int, required=True)
    options = parser.parse_args()
    uvloop.run(_serve(options.port, options.interval, options.tokens))


if __name__ == "__main__":
    main()
