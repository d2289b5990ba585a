"""A plain answer of Cohere's chat."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from everloop.domain.generation import FinishReason, Sample, ToolCall, Usage
from everloop.errors import FailureKind
from everloop.providers.cohere.error import broken, inside
from everloop.providers.failures import decoded, malformed
from everloop.providers.redaction import Redactor

_REASONS: Final = {
    "COMPLETE": FinishReason.STOP,
    "STOP_SEQUENCE": FinishReason.STOP,
    "MAX_TOKENS": FinishReason.LENGTH,
    "TOOL_CALL": FinishReason.TOOL_CALL,
}
# Reasons that are none: the answer is not whole.
_FAILURES: Final = {"ERROR": FailureKind.SERVER_ERROR, "TIMEOUT": FailureKind.TIMEOUT}
_LARGEST: Final = 2**63


class Function(msgspec.Struct):
    """What is to be called."""

    name: str | None = None
    arguments: str | None = None


class Call(msgspec.Struct):
    """One of `tool_calls`."""

    id: str | None = None
    function: Function | None = None


class _Text(msgspec.Struct):
    text: str


class _Message(msgspec.Struct):
    content: list[Any] | None = None
    tool_calls: list[Call] | None = None


class _Body(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None
    usage: Any = None


def read(body: bytes, origin: str, redactor: Redactor) -> tuple[tuple[Sample, ...], Usage | None]:
    """The sample, and usage if it was counted. `body` is already redacted. Raises ProviderFailure."""
    value = decoded(body)
    if not isinstance(value, dict):
        raise malformed(origin, "sent an answer that is not a JSON object.")
    if (failure := inside(origin, value)) is not None:
        raise failure
    try:
        answer = msgspec.convert(value, _Body)
        text = "".join([_text(block) for block in answer.message.content or ()])
    except msgspec.ValidationError as error:
        raise malformed(origin, f"sent an answer of another shape than its format: {error}.") from None
    reason = finish_reason(answer.finish_reason, None, origin)
    calls = _calls(answer.message.tool_calls or (), redactor)
    return (Sample(0, redactor.text(text), reason, calls),), usage(answer.usage)


def finish_reason(vendor: str | None, message: str | None, origin: str) -> str | None:
    """The reason in v4's words; unknown ones stay. Raises ProviderFailure for those that mean a failure.

    `message` is the vendor's own explanation of such a failure.
    """
    if vendor in _FAILURES:
        raise broken(origin, message, _FAILURES[vendor])
    return _REASONS.get(vendor, vendor) if vendor is not None else None


def usage(value: Any) -> Usage | None:  # noqa: ANN401 - any JSON value
    """What Cohere counted. What it bills goes before what its model read: that includes a preamble of Cohere's own.

    Numbers have a decimal point on the wire. A count that cannot be one is none.
    """
    if not isinstance(value, dict):
        return None
    for name in ("billed_units", "tokens"):
        match value.get(name):
            case {"input_tokens": int() | float() as read_, "output_tokens": int() | float() as wrote}:
                if all(0 <= count < _LARGEST for count in (read_, wrote)):
                    return Usage(int(read_), int(wrote))
            case _:
                continue
    return None


def _text(block: Any) -> str:  # noqa: ANN401 - any JSON value
    """The text of a block; nothing of those that think, or that we do not know."""
    if not isinstance(block, dict) or block.get("type") != "text":
        return ""
    return msgspec.convert(block, _Text).text


def _calls(calls: Sequence[Call], redactor: Redactor) -> tuple[ToolCall, ...]:
    """Those of functions; one without an id is numbered."""
    functions = [(call.id, call.function) for call in calls if call.function is not None]
    return tuple(
        ToolCall(call_id or f"call_{place}", each.name or "", redactor.text(each.arguments or ""))
        for place, (call_id, each) in enumerate(functions)
    )
