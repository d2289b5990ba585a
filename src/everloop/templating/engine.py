"""Templates in Jinja's language, rendered by MiniJinja in processes that the kernel keeps within limits."""

import asyncio
import logging
import signal
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from everloop.domain.document import Document
from everloop.domain.template_language import Rendered, TemplateFlaw
from everloop.domain.template_tool import TemplateTools
from everloop.errors import MissingInputs, Unavailable, Unprocessable
from everloop.templating import limits
from everloop.templating.process import ProcessEnded, RenderingProcess, Tool
from everloop.templating.toolbench import Toolbench
from everloop.templating.wire import Done, Flawed, Missing, Order

_log = logging.getLogger(__name__)

# Each takes some 20 MB. A template that computes for its whole second holds one of them up, and no other kind of call.
_MOST_PROCESSES: Final = 2

# Why the kernel or the process itself ended it; what ends it from outside is in none of them.
_EXCEEDED: Final[Mapping[int, str]] = {
    -signal.SIGPROF: f"it takes more than {limits.CPU_SECONDS:g} second of processor time",
    **dict.fromkeys(
        (-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGBUS),
        f"it takes more than {limits.MEMORY_BYTES // 1_000_000} MB of memory, or is nested too deeply",
    ),
}


class JinjaEngine:
    """`ports.templates.TemplateEngine`. Processes are started when they are needed, and kept."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(_MOST_PROCESSES)
        self._idle: list[RenderingProcess] = []

    async def check(self, templates: Sequence[str]) -> TemplateFlaw | None:
        """The first flaw in the syntax of any of them. Raises `Unavailable`."""
        reply = await self._carried_out(Order("check", list(templates)), _no_tool)
        return TemplateFlaw(reply.place, _sentence(reply, len(templates))) if isinstance(reply, Flawed) else None

    async def render(self, templates: Sequence[str], inputs: Document, tools: TemplateTools) -> Rendered:
        """All of them. Raises `MissingInputs`, `Unprocessable`, and `Unavailable` when there is no process to do it."""
        bench = Toolbench(tools)
        order = Order("render", list(templates), msgspec.Raw(inputs.text), list(tools))
        match await self._carried_out(order, bench.run):
            case Done(texts):
                return Rendered(tuple(texts), bench.results)
            case Missing(names):
                raise MissingInputs(names)
            case Flawed() as flawed:
                raise bench.refusal or Unprocessable(_sentence(flawed, len(templates)))

    async def close(self) -> None:
        """Ends the processes."""
        while self._idle:
            await self._idle.pop().end()

    async def _carried_out(self, order: Order, tool: Tool) -> Done | Missing | Flawed:
        async with self._room:
            try:
                return await self._once(order, tool)
            except ProcessEnded as ended:
                if (why := _EXCEEDED.get(ended.code)) is not None:
                    return Flawed(None, None, why)
                _log.warning("A rendering process ended with code %d and is replaced.", ended.code)
            try:
                return await self._once(order, tool)
            except ProcessEnded as ended:
                raise Unavailable(f"The process that renders templates ended (code {ended.code}). Try again.") from None

    async def _once(self, order: Order, tool: Tool) -> Done | Missing | Flawed:
        process = await self._taken()
        try:
            reply = await process.carry_out(order, tool)
        except TimeoutError:
            await process.end()
            raise Unavailable("The machine had no time to render the template. Try again.") from None
        except BaseException:
            await process.end()
            raise
        self._idle.append(process)
        return reply

    async def _taken(self) -> RenderingProcess:
        while self._idle:
            process = self._idle.pop()
            if process.alive:
                return process
            await process.end()
        try:
            return await RenderingProcess.start()
        except OSError as error:
            raise Unavailable(f"No process could be started to render the template: {error.strerror}.") from error


def _sentence(flawed: Flawed, templates: int) -> str:
    if templates == 1:
        which = "The template"
    elif flawed.place is None:
        which = f"One of the {templates} templates of the config"
    else:
        which = f"Template {flawed.place + 1} of the {templates} of the config"
    line = "" if flawed.line is None else f", line {flawed.line}"
    return f"{which}{line}: {flawed.message}."


def _no_tool(_name: str, _arguments: list[str]) -> None:
    """Nothing is called while the syntax is looked at."""
