"""The events of a streamed completion: each is a `CompletionResponse` with a piece of one sample."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any, Final

from everloop.api import sse
from everloop.domain.generation import Usage
from everloop.services.answer import StreamedAnswer
from everloop.services.sample import Chunk

# Stands for a text while an event's constant parts are written; ids never contain it.
_MARK: Final = "\ue000"


async def frames(answer: StreamedAnswer) -> AsyncGenerator[bytes, None]:
    """The stream's bytes; one error event however many samples the error ended."""
    told = None
    events = _Events(answer)
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

    def __init__(self, answer: StreamedAnswer) -> None:
        self._answer = answer
        self._constant: dict[int, list[str]] = {}

    def of(self, chunk: Chunk) -> bytes:
        """The chunk as an event."""
        if chunk.finish_reason is not None or chunk.usage is not None:
            return sse.event(_event(self._answer, chunk))
        parts = self._constant.get(chunk.index)
        if parts is None:
            marked = Chunk(chunk.log_id, chunk.index, _MARK, _MARK)
            parts = self._constant[chunk.index] = sse.encode(_event(self._answer, marked)).split(sse.encode(_MARK))
        head, between, after, end = parts
        raw_output = sse.encode(chunk.raw_output)
        output = raw_output if chunk.output == chunk.raw_output else sse.encode(chunk.output)
        return sse.frame(f"{head}{output}{between}{raw_output}{after}{raw_output}{end}")


def _pieces(chunk: Chunk) -> Iterator[Chunk]:
    """The chunk, or several that fit into a line each."""
    if len(chunk.raw_output) <= sse.MAX_TEXT and len(chunk.output) <= sse.MAX_TEXT:
        yield chunk
        return
    for output in sse.slices(chunk.output):
        yield Chunk(chunk.log_id, chunk.index, output=output)
    for raw_output in sse.slices(chunk.raw_output):
        yield Chunk(chunk.log_id, chunk.index, raw_output=raw_output)


def _event(answer: StreamedAnswer, chunk: Chunk) -> dict[str, Any]:
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
                "tool_results": [],
            }
        ],
        "usage": usage_view(chunk.usage),
        "provider_responses": [{"choices": [{"index": chunk.index, "text": chunk.raw_output}]}],
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
