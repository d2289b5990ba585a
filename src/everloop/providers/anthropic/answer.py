"""A plain answer of the Messages API (https://platform.claude.com/docs/en/api/messages/create)."""

from typing import Annotated, Any, Final

import msgspec

from everloop.domain.generation import FinishReason, Sample, ToolCall, Usage
from everloop.providers.anthropic.error import from_object
from everloop.providers.failures import decoded, malformed
from everloop.providers.redaction import Redactor

# https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons
_REASONS: Final = {
    "end_turn": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "max_tokens": FinishReason.LENGTH,
    "model_context_window_exceeded": FinishReason.LENGTH,
    "tool_use": FinishReason.TOOL_CALL,
    "refusal": FinishReason.CONTENT_FILTER,
}

Count = Annotated[int, msgspec.Meta(ge=0, le=10**12)]


class TokenDetails(msgspec.Struct):
    """`output_tokens_details`."""

    thinking_tokens: Count | None = None


class TokenCount(msgspec.Struct):
    """`usage`. What was read from a cache, or written to one, is prompt as well, and no part of `input_tokens`."""

    output_tokens: Count
    input_tokens: Count | None = None
    cache_creation_input_tokens: Count | None = None
    cache_read_input_tokens: Count | None = None
    output_tokens_details: TokenDetails | None = None

    def usage(self) -> Usage:
        """The count in our words."""
        prompt = (self.input_tokens, self.cache_creation_input_tokens, self.cache_read_input_tokens)
        details = self.output_tokens_details
        return Usage(
            sum(count or 0 for count in prompt), self.output_tokens, details.thinking_tokens if details else None
        )


class _Body(msgspec.Struct):
    content: list[dict[str, Any]]
    stop_reason: str | None = None
    usage: TokenCount | None = None


def finish_reason(vendor: str | None) -> str | None:
    """The reason in v4's words; unknown ones stay as they are."""
    return _REASONS.get(vendor, vendor) if vendor is not None else None


def read(body: bytes, origin: str, redactor: Redactor) -> tuple[tuple[Sample, ...], Usage | None]:
    """The sample, and usage if it was counted. `body` is already redacted. Raises ProviderFailure."""
    value = decoded(body)
    if not isinstance(value, dict):
        raise malformed(origin, "sent an answer that is not a JSON object.")
    if value.get("error"):
        raise from_object(origin, value)
    try:
        answer = msgspec.convert(value, _Body)
    except msgspec.ValidationError as error:
        raise malformed(origin, f"sent an answer of another shape than its format: {error}.") from None
    texts: list[str] = []
    calls: list[ToolCall] = []
    for block in answer.content:
        _read(block, texts, calls, origin)
    shown = tuple(ToolCall(call.id, call.name, redactor.text(call.arguments)) for call in calls)
    sample = Sample(0, redactor.text("".join(texts)), finish_reason(answer.stop_reason), shown)
    return (sample,), answer.usage.usage() if answer.usage is not None else None


def _read(block: dict[str, Any], texts: list[str], calls: list[ToolCall], origin: str) -> None:
    """What one block says to people and to tools; there are many kinds more, and there will be others."""
    match block:
        case {"type": "text", "text": str(text)}:
            texts.append(text)
        case {"type": "tool_use", "id": str(call_id), "name": str(name), "input": dict(given)}:
            calls.append(ToolCall(call_id, name, written(given)))
        case {"type": str(kind)} if kind not in ("text", "tool_use"):
            pass
        case _:
            raise malformed(origin, "sent a block of another shape than its format.")


def written(given: dict[str, Any]) -> str:
    """A call's arguments as text."""
    return msgspec.json.encode(given).decode()
