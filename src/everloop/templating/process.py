"""One rendering process, seen from the server."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from typing import Final

from everloop.templating.wire import HEAD, Called, Done, Flawed, Given, Missing, Order, frame, length_of, read_reply

# The process's own clock counts processor time. This one is for a machine that has none left for it.
_DEADLINE: Final = 30.0
# Isolated: nothing of the environment or the user's own packages gets in.
_COMMAND: Final = (sys.executable, "-I", "-m", "everloop.templating.worker")

Tool = Callable[[str, list[str]], str | None]


class ProcessEnded(Exception):
    """The process is gone. `code` is its exit code, or the number of the signal that ended it, negated."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class RenderingProcess:
    """Carries out one order at a time. It knows nothing but its orders: no environment, no files, no secrets."""

    def __init__(self, process: Process, incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        self._process = process
        self._incoming = incoming
        self._outgoing = outgoing

    @classmethod
    async def start(cls) -> "RenderingProcess":
        """A new one. Raises `OSError` when the system has no room for it."""
        process = await asyncio.create_subprocess_exec(
            *_COMMAND, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={}, start_new_session=True
        )
        if process.stdin is None or process.stdout is None:
            raise OSError("The rendering process has no standard input or output.")
        return cls(process, process.stdout, process.stdin)

    @property
    def alive(self) -> bool:
        """Whether it can take an order."""
        return self._process.returncode is None

    async def carry_out(self, order: Order, tool: Tool) -> Done | Missing | Flawed:
        """Its reply; `tool` answers the calls of templates. Raises `ProcessEnded`, and `TimeoutError` after a while.

        After an error, and when the caller is cancelled, the process is of no more use: `end` it.
        """
        try:
            async with asyncio.timeout(_DEADLINE):
                await self._say(order)
                while isinstance(reply := await self._heard(), Called):
                    await self._say(Given(tool(reply.name, reply.arguments)))
                return reply
        except (asyncio.IncompleteReadError, ConnectionError):
            raise ProcessEnded(await self._process.wait()) from None

    async def end(self) -> None:
        """Ends it, if it has not ended."""
        if self.alive:
            self._process.kill()
        self._outgoing.close()
        await self._process.wait()

    async def _say(self, message: Order | Given) -> None:
        if self._outgoing.is_closing():  # uvloop would have a RuntimeError for it
            raise ConnectionResetError
        self._outgoing.write(frame(message))
        await self._outgoing.drain()

    async def _heard(self) -> Called | Done | Missing | Flawed:
        length = length_of(await self._incoming.readexactly(HEAD))
        return read_reply.decode(await self._incoming.readexactly(length))
