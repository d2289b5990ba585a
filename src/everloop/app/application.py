"""The ASGI application."""

import gc
import sys
from typing import Any

from everloop.api.edge import Edge
from everloop.api.exchange import Receive, Send
from everloop.api.idempotency import Once
from everloop.api.openai.routes import openai_routes
from everloop.api.router import build_fastapi
from everloop.api.v4.chats import chat_routes
from everloop.api.v4.completions import completion_routes
from everloop.app.background import running
from everloop.app.house import open_house
from everloop.jobs.idempotency import IdempotencySweep
from everloop.security.redaction import redact
from everloop.settings import Settings
from everloop.telemetry.logging import configure


class Application:
    """The ASGI application: the house opens when the server starts and closes when it stops."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._edge: Edge | None = None

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Speaks the lifespan protocol itself and leaves every request to the edge."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif self._edge is not None:
            await self._edge(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with open_house(self._settings) as house:
            completion, once = house.services.completion, Once(house.idempotency)
            hot = [
                *completion_routes(completion, once),
                *chat_routes(completion, once),
                *openai_routes(completion, house.services.models, once),
            ]
            framework = build_fastapi(house.services, hot)
            self._edge = Edge(
                framework,
                house.services,
                hot,
                max_body_bytes=self._settings.max_body_bytes,
                max_calls=self._settings.max_calls,
            )
            sweep = IdempotencySweep(house.storage.idempotency, house.world.clock)
            jobs = [house.directory.watch, house.idempotency.keep_alive, sweep.run, house.meter.run]
            if house.retention is not None:
                jobs.append(house.retention.run)
            await house.meter.exchange()
            async with running(jobs):
                _settle_interpreter()
                await send({"type": "lifespan.startup.complete"})
                await receive()
                await house.drains.finish()
            await house.meter.tell()
        await send({"type": "lifespan.shutdown.complete"})


def _settle_interpreter() -> None:
    """Spares what start-up has made all later garbage collections, makes those rarer, and lets threads in sooner.

    Requests make little garbage in cycles, yet full collections walked all modules again and again: they cost an eighth
    of the CPU time and made the slowest calls five times slower. The thread that writes logs comes back from the disk
    to a busy loop, and would wait 5 ms for its turn, with all who wait for it: at 2 ms a crowd is served 1 to 5 %
    faster, below that the turns themselves cost more.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 50, 100)
    sys.setswitchinterval(0.002)


def create() -> Application:
    """What the server's worker processes call."""
    settings = Settings.read()
    configure(settings.log_level, redact)
    return Application(settings)
