"""The events of a streamed answer as OpenAI writes them."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Final

import msgspec

from everloop.api import sse
from everloop.api.openai.call_models import CallRequest
from everloop.api.openai.errors import OPENAI
from everloop.api.openai.logprobs import logprobs_in
from everloop.api.openai.whole import envelope
from everloop.api.openai.wire import Wire, usage_view
from everloop.domain.generation import Usage
from everloop.domain.usage import total
from everloop.errors import EverloopError
from everloop.services.answer import StreamedAnswer
from everloop.services.sample import Chunk

_DONE: Final = b"data: [DONE]\n\n"


async def frames(answer: StreamedAnswer, request: CallRequest, wire: Wire) -> AsyncGenerator[bytes, None]:
    """The stream's bytes. Raises an error that ended all of it before anything of it was told.

    An error of one sample comes last: clients end at the first they see, and the others would be lost.
    """
    events = _Events(answer, request, wire)
    failure: EverloopError | None = None
    async with aclosing(answer.chunks) as chunks:
        async for chunk in chunks:
            if chunk.error is None:
                yield events.of(chunk)
            else:
                failure = failure or chunk.error
    if failure is not None:
        if not events.begun:
            raise failure
        yield sse.error_event(failure, OPENAI)
    elif request.counts_at_the_end:
        yield events.usage()
    yield _DONE


class _Events:
    """Writes the events of one answer; what is the same in all of them is written once."""

    def __init__(self, answer: StreamedAnswer, request: CallRequest, wire: Wire) -> None:
        around = envelope(answer.log_ids[0], wire.event, request.model)
        self._head = f'{sse.encode(around)[:-1]},"choices":['
        # Where the usage is asked for every event says that it is not the one that has it.
        self._tail = '],"usage":null}' if request.counts_at_the_end else "]}"
        self._wire = wire
        self._wants_logprobs = request.wants_logprobs
        self._usages: list[Usage] = []
        self._called: set[tuple[int, int]] = set()
        self._samples = range(len(answer.log_ids))
        # Answers that were opened when nobody knew whether they would have text, and have said nothing.
        self._silent: set[int] = set()
        self.begun = False

    def of(self, chunk: Chunk) -> bytes:
        """The chunk, as one event or several."""
        return b"".join(self._frames(chunk))

    def usage(self) -> bytes:
        """The event without a choice, which has the usage of them all."""
        return sse.frame(f'{self._head}],"usage":{sse.encode(usage_view(total(self._usages)))}}}')

    def _frames(self, chunk: Chunk) -> Iterator[bytes]:
        if not self.begun:
            yield from self._opening(chunk)
        if chunk.usage is not None:
            yield self._end(chunk, chunk.usage)
            return
        self._silent.discard(chunk.index)
        if chunk.tool_call is not None:
            yield from self._calls(chunk)
        elif chunk.raw_output:
            for text in sse.slices(chunk.raw_output):
                yield self._frame(chunk.index, self._wire.text(text))

    def _opening(self, chunk: Chunk) -> Iterator[bytes]:
        """All answers begin with the first piece of any: the official client wants to hear of them in their order."""
        self.begun = True
        for index in self._samples:
            opening = self._wire.opening(chunk if index == chunk.index else None)
            if opening is not None:
                yield self._frame(index, opening)
            if index != chunk.index:
                self._silent.add(index)

    def _end(self, chunk: Chunk, usage: Usage) -> bytes:
        self._usages.append(usage)
        ending = self._wire.text("") if chunk.index in self._silent else self._wire.ending
        return self._frame(chunk.index, ending, sse.encode(self._wire.reason(chunk.finish_reason)), self._told(chunk))

    def _calls(self, chunk: Chunk) -> Iterator[bytes]:
        piece = chunk.tool_call
        assert piece is not None  # noqa: S101 - the caller has looked
        call = (chunk.index, piece.place)
        for arguments in sse.slices(piece.call.arguments):
            yield self._frame(chunk.index, self._wire.called(piece, arguments, call not in self._called))
            self._called.add(call)

    def _told(self, chunk: Chunk) -> str:
        """All log probabilities of an answer, which come with its end."""
        if not self._wants_logprobs or chunk.response is None:
            return "null"
        told = logprobs_in([chunk.response])
        return sse.encode(msgspec.to_builtins(self._wire.logprobs(told[0] if told else None)))

    def _frame(self, index: int, said: str, reason: str = "null", logprobs: str = "null") -> bytes:
        choice = f'{{"index":{index},{said},"logprobs":{logprobs},"finish_reason":{reason}}}'
        return sse.frame(f"{self._head}{choice}{self._tail}")
