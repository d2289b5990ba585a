"""The edge: one layer over every route, for what no route may forget.

Request id, authentication (default deny), capacity, body limit, metrics, and the last net under errors. Hot routes go
straight on to their handlers; everything else to the framework, which gets the body already read.
"""

import logging
import random
import time
from collections.abc import Sequence
from typing import Any, Final

import structlog

from everloop.api.capacity import LARGEST_BODIES, Capacity
from everloop.api.errors import ErrorAnswer
from everloop.api.exchange import JSON, Exchange, Header, Message, Receive, Send
from everloop.api.hot import HotRoute
from everloop.api.services import SCOPE_KEY, Services
from everloop.api.wording import wording_of
from everloop.domain.keys import digest_of
from everloop.domain.scope import Scope
from everloop.errors import EverloopError, TooLarge, Unauthenticated

_log = logging.getLogger(__name__)

# What anybody may see: whether the server lives, and how to talk to it.
_PUBLIC: Final = frozenset({"/healthz", "/readyz", "/docs", "/openapi.json"})
_PUBLIC_PREFIX: Final = "/docs/"
_BEARER: Final = b"bearer "
_INTERNAL: Final = "Something went wrong inside the server. The request's id leads to the cause in its log."


class Edge:
    """An ASGI application around the framework's.

    `max_calls` hot ones may be under way at once, and as many others: a crowd of calls must not stop a deploy. The
    same is true of the bytes that their bodies take.
    """

    def __init__(
        self,
        framework: Any,  # noqa: ANN401 - any ASGI application
        services: Services,
        hot: Sequence[HotRoute],
        *,
        max_body_bytes: int,
        max_calls: int,
    ) -> None:
        self._framework = framework
        self._services = services
        self._hot = {(route.method, route.path): route for route in hot}
        self._max_body_bytes = max_body_bytes
        self._generating = Capacity(max_calls, LARGEST_BODIES * max_body_bytes)
        self._others = Capacity(max_calls, LARGEST_BODIES * max_body_bytes)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answers one request; the server's own lifespan events go to the framework."""
        if scope["type"] != "http":
            await self._framework(scope, receive, send)
            return
        began = time.perf_counter()
        headers = _Headers(scope["headers"])
        exchange = Exchange(receive, send, headers.request_id or _named())
        exchange.idempotency_key = headers.idempotency_key
        wording = exchange.wording = wording_of(scope["path"])
        structlog.contextvars.bind_contextvars(request_id=exchange.request_id.decode())
        hot = self._hot.get((scope["method"], scope["path"]))
        try:
            await self._answer(scope, headers, exchange, hot)
        except TooLarge as error:
            refusal = wording.answer(error)
            await exchange.refuse_body(refusal.status, refusal.body, [JSON], self._max_body_bytes)
        except EverloopError as error:
            await _refuse(exchange, wording.answer(error))
        except Exception:  # noqa: BLE001 - the last net: the cause goes to the log, the caller gets words
            _log.exception("unforeseen error", extra={"path": scope["path"]})
            await _refuse(exchange, wording.plain(500, _INTERNAL))
        self._services.metrics.request(_route(scope, hot), exchange.status, time.perf_counter() - began)

    async def _answer(
        self, scope: dict[str, Any], headers: "_Headers", exchange: Exchange, hot: HotRoute | None
    ) -> None:
        path = scope["path"]
        if path in _PUBLIC or path.startswith(_PUBLIC_PREFIX):
            # Strangers' bodies are not read: they would be held without a limit to how many.
            await self._by_framework(scope, None, b"", exchange)
            return
        caller = self._authenticate(headers)
        if hot is None:
            with self._others.place() as place:
                body = await exchange.read_body(headers.content_length, self._max_body_bytes, place.hold)
                await self._by_framework(scope, caller, body, exchange)
        else:
            with self._generating.place() as place:
                body = await exchange.read_body(headers.content_length, self._max_body_bytes, place.hold)
                await hot.handler(caller, body, exchange)

    async def _by_framework(self, scope: dict[str, Any], caller: Scope | None, body: bytes, exchange: Exchange) -> None:
        scope[SCOPE_KEY] = caller
        await self._framework(scope, _Replay(body, exchange).receive, _Watch(exchange).send)

    def _authenticate(self, headers: "_Headers") -> Scope:
        key = headers.api_key or headers.bearer
        if not key:
            raise Unauthenticated("Give your API key in the header X-API-KEY, or as `Authorization: Bearer …`.")
        return self._services.directory.authenticate(digest_of(key.decode("latin-1")))


class _Headers:
    """The few headers that matter here, found in one pass."""

    __slots__ = ("api_key", "bearer", "content_length", "idempotency_key", "request_id")

    def __init__(self, raw: Sequence[Header]) -> None:
        self.api_key = b""
        self.bearer = b""
        self.request_id = b""
        self.content_length: int | None = None
        self.idempotency_key: bytes | None = None
        for name, value in raw:
            if name == b"x-api-key":
                self.api_key = value
            elif name == b"authorization":
                self.bearer = value[len(_BEARER) :].strip() if value[: len(_BEARER)].lower() == _BEARER else b""
            elif name == b"content-length":
                self.content_length = int(value) if value.isdigit() and len(value) < 16 else None
            elif name == b"x-request-id" and len(value) <= 128 and value.isascii() and value.decode().isprintable():
                self.request_id = value
            elif name == b"idempotency-key":
                # Given twice it is joined as HTTP does, which makes it no key.
                self.idempotency_key = value if self.idempotency_key is None else self.idempotency_key + b", " + value


class _Replay:
    """Gives the framework the body that was already read, and then whatever the server says."""

    __slots__ = ("_body", "_exchange")

    def __init__(self, body: bytes, exchange: Exchange) -> None:
        self._body: bytes | None = body
        self._exchange = exchange

    async def receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._exchange.disconnected()
        return {"type": "http.disconnect"}


class _Watch:
    """Lets the framework's answer pass, adding the request's id."""

    __slots__ = ("_exchange",)

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._exchange.start(message["status"], list(message["headers"]))
        elif message.get("more_body"):
            await self._exchange.piece(message["body"])
        else:
            await self._exchange.last(message.get("body", b""))


def _named() -> bytes:
    """A request's id: a name for people, no secret. Asking the kernel for it would let go of the interpreter's lock."""
    return b"%016x" % random.getrandbits(64)


def _route(scope: dict[str, Any], hot: HotRoute | None) -> str:
    """The route's pattern, for counting: also of a call that was refused before it got there."""
    return hot.path if hot else str(getattr(scope.get("route"), "path", "unmatched"))


async def _refuse(exchange: Exchange, answer: ErrorAnswer) -> None:
    """Sends an error, unless an answer has begun already or nobody is there to hear it."""
    if exchange.status or exchange.gone:
        return
    await exchange.answer(answer.status, answer.body, [JSON, *answer.raw_headers])
