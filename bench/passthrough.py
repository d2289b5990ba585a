"""The yardstick: the smallest honest proxy, a bare ASGI app over one pooled aiohttp session.

It takes an OpenAI-style body, passes it to the upstream and relays the answer: whole when plain, chunk by chunk as
it arrives when it is an event stream. It authenticates nobody, parses no body, keeps nothing. Results are comparable
over time only as long as this file stays as it is: do not change it.

    python bench/passthrough.py --port 9001 --upstream http://127.0.0.1:9000
"""

import argparse
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import aiohttp
import uvicorn

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

UPSTREAM_HEADERS = {"content-type": "application/json", "authorization": "Bearer sk-bench"}
TIMEOUT = aiohttp.ClientTimeout(total=600)


class Passthrough:
    """An ASGI app that sends every POST to the same path of one upstream."""

    def __init__(self, upstream: str) -> None:
        """`upstream` is a base URL without a trailing slash."""
        self._upstream = upstream
        self._session: aiohttp.ClientSession  # opened inside the event loop that uses it, by the lifespan

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        connector = aiohttp.TCPConnector(limit=0)  # the load generator's connections are the limit, not the pool
        self._session = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), timeout=TIMEOUT, headers=UPSTREAM_HEADERS
        )
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._session.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _http(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await _answer(send, 200, b"application/json", b"{}")
            return
        body = await _read(receive)
        async with self._session.post(self._upstream + scope["path"], data=body) as response:
            content_type = response.headers.get("content-type", "application/octet-stream").encode()
            if content_type.startswith(b"text/event-stream"):
                await _relay(send, response, content_type)
            else:
                await _answer(send, response.status, content_type, await response.read())


async def _read(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    return body


async def _answer(send: Send, status: int, content_type: bytes, body: bytes) -> None:
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _relay(send: Send, response: aiohttp.ClientResponse, content_type: bytes) -> None:
    headers = [(b"content-type", content_type), (b"cache-control", b"no-cache")]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    async for chunk in response.content.iter_any():
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def main() -> None:
    """Serve until stopped: one worker, uvloop, httptools, no access log."""
    parser = argparse.ArgumentParser(description="The bare ASGI + aiohttp proxy that Everloop is measured against.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream", required=True, help="base URL, for example http://127.0.0.1:9000")
    options = parser.parse_args()
    uvicorn.run(
        Passthrough(options.upstream),
        host="127.0.0.1",
        port=options.port,
        loop="uvloop",
        http="httptools",
        workers=1,
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
