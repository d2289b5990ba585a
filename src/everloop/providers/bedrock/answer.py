"""A plain answer of Converse.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_ResponseSyntax
"""

from typing import Any, Final

import msgspec

from everloop.domain.generation import FinishReason, Sample, ToolCall, Usage
from everloop.providers.failures import decoded, malformed
from everloop.providers.redaction import Redactor

_REASONS: Final = {
    "end_turn": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "max_tokens": FinishReason.LENGTH,
    "model_context_window_exceeded": FinishReason.LENGTH,
    "tool_use": FinishReason.TOOL_CALL,
    "content_filtered": FinishReason.CONTENT_FILTER,
    "guardrail_intervened": FinishReason.CONTENT_FILTER,
}
# A call that the vendor answers itself.
SERVED: Final = "server_tool_use"


class TokenCount(msgspec.Struct, rename="camel"):
    """`usage`. What was read from a cache or written into one is not among the input tokens.

    https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html
    """

    input_tokens: int
    output_tokens: int = 0
    cache_read_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None

    def usage(self) -> Usage:
        """The count in our words; Bedrock does not tell apart what was thought."""
        cached = (self.cache_read_input_tokens or 0) + (self.cache_write_input_tokens or 0)
        return Usage(self.input_tokens + cached, self.output_tokens)


class _ToolUse(msgspec.Struct, rename="camel"):
    tool_use_id: str
    name: str
    input: Any = None
    type: str | None = None


class _Cited(msgspec.Struct):
    content: list[dict[str, Any]] = []


class _Block(msgspec.Struct, rename="camel"):
    """One of these; blocks of other kinds say nothing."""

    text: str | None = None
    tool_use: _ToolUse | None = None
    citations_content: _Cited | None = None


class _Message(msgspec.Struct):
    content: list[_Block]


class _Output(msgspec.Struct):
    message: _Message


class _Body(msgspec.Struct, rename="camel"):
    output: _Output
    stop_reason: str | None = None
    usage: TokenCount | None = None


def finish_reason(vendor: str | None) -> str | None:
    """The reason in v4's words; unknown ones stay as they are."""
    return _REASONS.get(vendor, vendor) if vendor is not None else None


def read(body: bytes, origin: str, redactor: Redactor) -> tuple[Sample, Usage | None]:
    """The sample, and usage if it was counted. `body` is already redacted. Raises ProviderFailure."""
    try:
        answer = msgspec.convert(decoded(body), _Body)
    except msgspec.ValidationError as error:
        raise malformed(origin, f"sent an answer of another shape than its format: {error}.") from None
    found = answer.output.message.content
    text = "".join(_text(each) for each in found)
    calls = tuple(_call(each.tool_use, redactor) for each in found if each.tool_use and each.tool_use.type != SERVED)
    usage = answer.usage.usage() if answer.usage is not None else None
    return Sample(0, redactor.text(text), finish_reason(answer.stop_reason), calls), usage


def _text(block: _Block) -> str:
    cited = block.citations_content.content if block.citations_content is not None else ()
    return (block.text or "") + "".join(said for each in cited if isinstance(said := each.get("text"), str))


def _call(use: _ToolUse, redactor: Redactor) -> ToolCall:
    arguments = msgspec.json.encode(use.input if use.input is not None else {}).decode()
    return ToolCall(use.tool_use_id, use.name, redactor.text(arguments))
