"""What the mock provider says, in the shape of OpenAI's answers."""

import hashlib
import re
import zlib
from collections.abc import Iterable, Sequence
from itertools import accumulate, islice
from typing import Any, Final

import msgspec

from everloop.domain.generation import FinishReason, GenerationRequest, PreparedCall, Sample, ToolCall, Usage
from everloop.domain.message import answered, text_of
from everloop.domain.value import value
from everloop.providers.mock_calls import calls
from everloop.providers.mock_script import Script
from everloop.providers.openai import request as openai_request

_WORD: Final = re.compile(r"\s*\S+|\s+$")
_LONGEST_ECHO: Final = 4000
# Of all samples of a call together.
_MOST_WORDS: Final = 100_000
_MOST_LOGPROBS: Final = 10_000


@value
class MockSample:
    """One answer as words; each begins with the space before it, so that together they are the text."""

    index: int
    words: tuple[str, ...]
    finish_reason: FinishReason
    tool_calls: tuple[ToolCall, ...] = ()

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.words)

    @property
    def sample(self) -> Sample:
        """The same as an answer has it."""
        return Sample(self.index, self.text, self.finish_reason, self.tool_calls)


def sample(request: GenerationRequest, script: Script, index: int) -> MockSample:
    """The answer of one sample: the same for the same request, another for each sample."""
    config, called = request.config, calls(request, script, index)
    scripted = script.scripted_text(index)
    if scripted is None:
        scripted = "" if called else _echo(request, index)
    most = _MOST_WORDS // request.samples
    most = most if config.max_tokens < 0 else min(config.max_tokens, most)
    words = tuple(found[0] for found in islice(_WORD.finditer(_before_stop(scripted, config.stop)), most + 1))
    reason = FinishReason.TOOL_CALL if called else FinishReason.STOP
    if len(words) > most:
        words, reason = words[:most], FinishReason.LENGTH
    return MockSample(index, words, script.finish_reason or reason, called)


def _echo(request: GenerationRequest, index: int) -> str:
    prompt = _cut(text_of(request.messages[-1:]) if request.messages else request.prompt)
    number = f" #{index + 1}" if index else ""
    suffix = f" [suffix: {_cut(request.suffix)}]" if request.suffix else ""
    return f"[mock {request.config.model}{number}] You said: {prompt}{suffix}"


def _cut(text: str) -> str:
    more = len(text) - _LONGEST_ECHO
    return text if more <= 0 else f"{text[:_LONGEST_ECHO]}… ({more} more characters)"


def _before_stop(text: str, stops: Iterable[str]) -> str:
    """The text up to the first stop sequence, which is never part of an answer."""
    return text[: min((text.find(stop) for stop in stops if stop and stop in text), default=len(text))]


def usage(request: GenerationRequest, samples: Sequence[MockSample]) -> Usage:
    """A count of words: the mock's tokens."""
    written = sum(
        len(each.words) + sum(len(call.arguments.split()) + 1 for call in each.tool_calls) for each in samples
    )
    return Usage(len(request.prompt.split()), written)


def body(call: PreparedCall, samples: Sequence[MockSample], usage: Usage | None) -> bytes:
    """The raw answer: a chat completion or, for completion models, a text completion."""
    chat = openai_request.chats(call)
    answer: dict[str, Any] = {
        "id": f"mock-{hashlib.sha256(call.body).hexdigest()[:24]}",
        "object": "chat.completion" if chat else "text_completion",
        "created": 0,
        "model": call.request.config.model,
        "choices": [_choice(each, call.request, chat=chat) for each in samples],
    }
    if usage is not None:
        answer["usage"] = {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.output_tokens,
            "total_tokens": usage.prompt_tokens + usage.output_tokens,
        }
    return msgspec.json.encode(answer)


def _choice(sample: MockSample, request: GenerationRequest, *, chat: bool) -> dict[str, Any]:
    content = {"message": answered(sample.text, sample.tool_calls)} if chat else {"text": sample.text}
    reason = "tool_calls" if sample.finish_reason is FinishReason.TOOL_CALL else sample.finish_reason
    return {
        "index": sample.index,
        **content,
        "logprobs": None
        if request.logprobs is None
        else _logprobs(sample, request.logprobs, request.samples, chat=chat),
        "finish_reason": reason,
    }


def _logprobs(sample: MockSample, top: int, samples: int, *, chat: bool) -> dict[str, Any]:
    """Of the first words alone, when there are many: each of them has `top` and its own."""
    words = sample.words[: _MOST_LOGPROBS // ((top + 1) * samples)]
    return _chat_logprobs(words, top) if chat else _completion_logprobs(words, top)


def _chat_logprobs(words: Sequence[str], top: int) -> dict[str, Any]:
    return {"content": [_entry(word, 0) | {"top_logprobs": [_entry(word, k) for k in range(top)]} for word in words]}


def _entry(word: str, rank: int) -> dict[str, Any]:
    token = _alternative(word, rank)
    return {"token": token, "logprob": _logprob(word, rank), "bytes": list(token.encode())}


def _completion_logprobs(words: Sequence[str], top: int) -> dict[str, Any]:
    return {
        "tokens": list(words),
        "token_logprobs": [_logprob(word, 0) for word in words],
        "top_logprobs": [{_alternative(word, k): _logprob(word, k) for k in range(top)} for word in words],
        "text_offset": list(accumulate((len(word) for word in words[:-1]), initial=0)) if words else [],
    }


def _alternative(word: str, rank: int) -> str:
    """The word itself, or one that the mock claims to have nearly said."""
    return word if rank == 0 else f"{word}~{rank}"


def _logprob(word: str, rank: int) -> float:
    return -(zlib.crc32(word.encode()) % 500 + 1) / 1000 - rank
