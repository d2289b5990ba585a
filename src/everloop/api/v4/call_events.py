"""The events of a streamed call: each is a whole answer in shape, with a piece of one sample in `data[0]`."""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Final

from everloop.api import sse
from everloop.domain.generation import Usage
from everloop.services.answer import StreamedAnswer
from everloop.services.sample import Chunk

# Writes a chunk as v4 has it. `output` comes before all places in which it writes `raw_output`.
Describe = Callable[[StreamedAnswer, Chunk], dict[str, Any]]

# Stands for a text while an event's constant parts are written; ids never contain it.
_MARK: Final = "\ue000"


async def frames(answer: StreamedAnswer, describe: Describe) -> AsyncGenerator[bytes, None]:
    """The stream's bytes; one error event however many samples the error ended."""
    told = None
    events = _Events(answer, describe)
    async with aclosing(answer.chunks) as chunks:
        async for chunk in chunks:
            if chunk.error is not None:
                if chunk.error is not told:
                    told = chunk.error
                    yield sse.error_event(chunk.error)
                continue
            for piece in _pieces(chunk):
                yield events.of(piece)


class _Events:
    """Writes the events of one answer; what is the same in all events of a sample is written once."""

    def __init__(self, answer: StreamedAnswer, describe: Describe) -> None:
        self._answer = answer
        self._describe = describe
        self._constant: dict[int, tuple[str, list[str]]] = {}

    def of(self, chunk: Chunk) -> bytes:
        """The chunk as an event."""
        if chunk.finish_reason is not None or chunk.usage is not None or chunk.tool_call is not None:
            return sse.event(self._describe(self._answer, chunk))
        parts = self._constant.get(chunk.index)
        if parts is None:
            marked = Chunk(chunk.log_id, chunk.index, _MARK, _MARK)
            head, *rest = sse.encode(self._describe(self._answer, marked)).split(sse.encode(_MARK))
            parts = self._constant[chunk.index] = head, rest
        head, rest = parts
        raw_output = sse.encode(chunk.raw_output)
        output = raw_output if chunk.output == chunk.raw_output else sse.encode(chunk.output)
        return sse.frame(f"{head}{output}{raw_output.join(rest)}")


def _pieces(chunk: Chunk) -> Iterator[Chunk]:
    """The chunk, or several that fit into a line each."""
    if chunk.tool_call is not None:
        yield from _pieces_of_call(chunk)
        return
    if len(chunk.raw_output) <= sse.MAX_TEXT and len(chunk.output) <= sse.MAX_TEXT:
        yield chunk
        return
    for output in sse.slices(chunk.output):
        yield Chunk(chunk.log_id, chunk.index, output=output)
    for raw_output in sse.slices(chunk.raw_output):
        yield Chunk(chunk.log_id, chunk.index, raw_output=raw_output)


def _pieces_of_call(chunk: Chunk) -> Iterator[Chunk]:
    piece = chunk.tool_call
    assert piece is not None  # noqa: S101 - the caller has looked
    for arguments in sse.slices(piece.call.arguments):
        yield replace(chunk, tool_call=replace(piece, call=replace(piece.call, arguments=arguments)))


def event_view(answer: StreamedAnswer, chunk: Chunk, data: dict[str, Any], choice: dict[str, Any]) -> dict[str, Any]:
    """An event with a piece of one sample: `data` has what completions and chats differ in.

    `choice` is the same piece as OpenAI would have sent it: what clients of the first generation read.
    """
    return {
        "project_id": answer.project_id,
        "data": [
            {
                "id": chunk.log_id,
                "index": chunk.index,
                "output": chunk.output,
                "raw_output": chunk.raw_output,
                "inputs": {},
                "finish_reason": chunk.finish_reason,
                "model_config_id": answer.config_ids[chunk.index],
                "tool_results": [each.view() for each in chunk.tool_results],
                **data,
            }
        ],
        "usage": usage_view(chunk.usage),
        "provider_responses": [{"choices": [{"index": chunk.index, **choice}]}],
        "session_id": answer.session_id,
    }


def usage_view(usage: Usage | None) -> dict[str, int | None] | None:
    """Tokens as v4 names them."""
    if usage is None:
        return None
    return {
        "prompt_tokens": usage.prompt_tokens,
        "generation_tokens": usage.output_tokens,
        "total_tokens": usage.prompt_tokens + usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
    }
