"""The header `Idempotency-Key`: a generating call is made once, and whoever repeats it gets the same answer."""

import asyncio
import re
from hashlib import sha256
from typing import Any, Final

import msgspec

from everloop.api.exchange import JSON, Exchange
from everloop.api.hot import Handler
from everloop.api.recording import LARGEST, Recording, replay
from everloop.api.relay import relay
from everloop.api.strict_json import decode
from everloop.domain.idempotency import KeptAnswer, KeyedCall
from everloop.domain.scope import Scope
from everloop.errors import InvalidFields, ProviderFailure, Unavailable, Unprocessable
from everloop.services.idempotency import IdempotencyService, Told

# Longer than any call takes whose provider is heard of now and then.
_PATIENCE_SECONDS: Final = 15 * 60.0
_BARE: Final = re.compile(rb"[\x21-\x7e]{1,255}")
# A string of structured fields (RFC 9651, 3.3.3): the same key as without the quotes.
_QUOTED: Final = re.compile(rb'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_ESCAPED: Final = re.compile(rb"\\(.)")
_SYNTAX: Final = (
    "An Idempotency-Key is 1 to 255 visible ASCII characters (no spaces), bare or as a quoted string, and comes once."
)


class Once:
    """What a generating handler hands its call to when the request has a key."""

    def __init__(self, service: IdempotencyService, largest: int = LARGEST) -> None:
        self._service = service
        self._largest = largest

    async def answer(
        self, operation: str, handler: Handler, caller: Scope, body: bytes, exchange: Exchange, *, save: bool
    ) -> None:
        """Answers the request by `handler`, which gets it without the key, or by what was answered before.

        Raises `InvalidFields` for a key that is none, `Unprocessable` when nothing may be kept (`save` is false),
        `Conflict` when the key is another call's, `Unavailable`, and what the handler raises.
        """
        key = _key(exchange.idempotency_key or b"")
        if not save:
            raise Unprocessable(
                "`save: false` says that nothing is to be kept, and an Idempotency-Key asks to keep the answer:"
                " leave one of them out."
            )
        recording = Recording(exchange.request_id, self._largest)
        recording.exchange.wording = exchange.wording

        async def make() -> KeptAnswer:
            await _record(recording.exchange, handler, caller, body)
            return await recording.kept()

        task, first = self._service.join(caller, KeyedCall(operation, key, _fingerprint(body)), make)
        if first:
            await self._lead(exchange, recording, task)
        else:
            await self._follow(exchange, task)

    async def _lead(self, exchange: Exchange, recording: Recording, task: "asyncio.Task[Told]") -> None:
        """Stays until the call is through, also when its caller is not: a server that stops waits for who stays."""
        try:
            either: set[asyncio.Future[Any]] = {task, recording.streams}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if recording.streams.done():
                await relay(exchange, recording.pieces(task), recording.headers)
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task})
            raise
        told = task.result()
        if told.replayed:
            await replay(exchange, told.answer)
        elif not recording.streams.done():
            await exchange.start(recording.status, list(recording.headers))
            await exchange.last(recording.whole)

    async def _follow(self, exchange: Exchange, task: "asyncio.Task[Told]") -> None:
        gone = asyncio.create_task(exchange.disconnected())
        try:
            with self._service.waiting():
                await asyncio.wait({task, gone}, timeout=_PATIENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
        if exchange.gone:
            return
        if not task.done():
            raise Unavailable("The first call with this Idempotency-Key is not answered yet.", retry_after=5)
        if task.cancelled():
            raise Unavailable("The first call with this Idempotency-Key was broken off. It may be made again.")
        await replay(exchange, task.result().answer)


async def _record(exchange: Exchange, handler: Handler, caller: Scope, body: bytes) -> None:
    """A provider's failure is an answer like others: the call was made, and has a log."""
    try:
        await handler(caller, body, exchange)
    except ProviderFailure as error:
        refusal = exchange.wording.answer(error)
        await exchange.answer(refusal.status, refusal.body, [JSON, *refusal.raw_headers])


def _key(raw: bytes) -> str:
    raw = raw.strip(b" \t")
    quoted = _QUOTED.fullmatch(raw)
    key = _ESCAPED.sub(rb"\1", quoted[1]) if quoted else raw
    if not _BARE.fullmatch(key) or (not quoted and raw.startswith(b'"')):
        raise InvalidFields.one(("header", "Idempotency-Key"), _SYNTAX)
    return key.decode("ascii")


def _fingerprint(body: bytes) -> bytes:
    """The same for bodies that say the same: spaces and the order of keys do not matter."""
    return sha256(msgspec.json.encode(decode(body), order="sorted")).digest()
