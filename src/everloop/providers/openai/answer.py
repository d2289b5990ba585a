"""A plain answer in the OpenAI wire format: chat completions and legacy completions alike."""

from typing import Any

import msgspec

from everloop.domain.generation import FinishReason, Sample, Usage
from everloop.providers.failures import decoded, malformed
from everloop.providers.openai.calls import Call, Function, whole
from everloop.providers.openai.error import from_object
from everloop.providers.redaction import Redactor

_REASONS = {"tool_calls": FinishReason.TOOL_CALL, "function_call": FinishReason.TOOL_CALL}


class _Message(msgspec.Struct):
    content: str | None = None
    tool_calls: list[Call] | None = None
    function_call: Function | None = None


class _Choice(msgspec.Struct):
    index: int | None = None
    message: _Message | None = None
    text: str | None = None
    finish_reason: str | None = None


class _Body(msgspec.Struct):
    choices: list[_Choice]
    usage: Any = None


def counted(usage: Any) -> Usage | None:  # noqa: ANN401 - any JSON value
    """`usage` in our words, or None: of the many servers of this format some leave numbers out, or send null.

    An answer is worth more than its count, which is then estimated.
    """
    if not isinstance(usage, dict):
        return None
    prompt, output = usage.get("prompt_tokens"), usage.get("completion_tokens", 0)
    if type(prompt) is not int or type(output) is not int:
        return None
    details = usage.get("completion_tokens_details")
    thought = details.get("reasoning_tokens") if isinstance(details, dict) else None
    return Usage(prompt, output, thought if type(thought) is int else None)


def finish_reason(vendor: str | None) -> str | None:
    """The reason in v4's words; unknown ones stay as they are."""
    return _REASONS.get(vendor, vendor) if vendor is not None else None


def read(body: bytes, origin: str, asked: int, redactor: Redactor) -> tuple[tuple[Sample, ...], Usage | None]:
    """Samples in order of index, and usage if it was counted. `body` is already redacted. Raises ProviderFailure."""
    value = decoded(body)
    if isinstance(value, dict) and value.get("error"):
        raise from_object(origin, value)
    answer = _convert(value, origin)
    samples = [_sample(choice, place, origin, redactor) for place, choice in enumerate(answer.choices)]
    usage = counted(answer.usage)
    if len(samples) == 1 and samples[0].index == 0:
        return (samples[0],), usage
    samples.sort(key=lambda sample: sample.index)
    indices = [sample.index for sample in samples]
    if not samples or len(set(indices)) < len(indices) or indices[0] < 0 or indices[-1] >= asked:
        raise malformed(origin, f"answered with choices {indices} where {asked} were asked for.")
    return tuple(samples), usage


def _convert(value: Any, origin: str) -> _Body:  # noqa: ANN401 - any JSON value
    if not isinstance(value, dict):
        raise malformed(origin, "sent an answer that is not a JSON object.")
    try:
        return msgspec.convert(value, _Body)
    except msgspec.ValidationError as error:
        raise malformed(origin, f"sent an answer of another shape than its format: {error}.") from None


def _sample(choice: _Choice, place: int, origin: str, redactor: Redactor) -> Sample:
    index, reason = choice.index if choice.index is not None else place, finish_reason(choice.finish_reason)
    message = choice.message
    if message is not None:
        calls = whole(message.tool_calls or (), message.function_call, redactor)
        return Sample(index, redactor.text(message.content or ""), reason, calls)
    if choice.text is None:
        raise malformed(origin, "sent a choice without a message or a text.")
    return Sample(index, redactor.text(choice.text), reason)
