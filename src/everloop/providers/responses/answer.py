"""A plain answer of OpenAI's Responses: one sample, in output items that follow each other."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from everloop.domain.generation import FinishReason, Sample, ToolCall, Usage
from everloop.providers.failures import decoded, malformed
from everloop.providers.redaction import Redactor
from everloop.providers.responses.error import from_error

_REASONS: Final = {"max_output_tokens": FinishReason.LENGTH}


class _TokenDetails(msgspec.Struct):
    reasoning_tokens: int | None = None


class _TokenCount(msgspec.Struct):
    input_tokens: int
    output_tokens: int = 0
    output_tokens_details: _TokenDetails | None = None

    def usage(self) -> Usage:
        """The count in our words; cached tokens are among the input tokens."""
        details = self.output_tokens_details
        return Usage(self.input_tokens, self.output_tokens, details.reasoning_tokens if details else None)


class _Part(msgspec.Struct):
    """Of a message: text, or a refusal instead of it. Of other items nothing is read."""

    type: str | None = None
    text: str | None = None
    refusal: str | None = None


class _Message(msgspec.Struct):
    content: list[_Part]


class FunctionCall(msgspec.Struct):
    """An item that wants a function called."""

    name: str
    call_id: str | None = None
    arguments: str = ""


class _Incomplete(msgspec.Struct):
    reason: str | None = None


class _Body(msgspec.Struct):
    output: list[dict[str, Any]]
    status: str | None = None
    error: Any = None
    incomplete_details: _Incomplete | None = None
    usage: _TokenCount | None = None


def read(body: bytes, origin: str, redactor: Redactor) -> tuple[Sample, Usage | None]:
    """The sample, and usage if it was counted. `body` is already redacted. Raises ProviderFailure."""
    return from_value(decoded(body), origin, redactor)


def from_value(value: Any, origin: str, redactor: Redactor) -> tuple[Sample, Usage | None]:  # noqa: ANN401 - any JSON
    """As `read`, of the JSON value of a body."""
    if isinstance(value, dict) and value.get("error"):
        raise from_error(origin, value["error"])
    try:
        answer = msgspec.convert(value, _Body)
        sample = _sample(answer, origin, redactor)
    except msgspec.ValidationError as error:
        raise malformed(origin, f"sent an answer of another shape than its format: {error}.") from None
    return sample, answer.usage.usage() if answer.usage is not None else None


def usage_of(body: Mapping[str, Any]) -> Usage | None:
    """What was counted, of a body that holds no answer. Raises `msgspec.ValidationError`."""
    counted = body.get("usage")
    return msgspec.convert(counted, _TokenCount).usage() if counted is not None else None


def _sample(answer: _Body, origin: str, redactor: Redactor) -> Sample:
    texts: list[str] = []
    calls: list[ToolCall] = []
    for item in answer.output:
        match item.get("type"):
            case "message":
                texts += [_said(each) for each in msgspec.convert(item, _Message).content]
            case "function_call":
                call = msgspec.convert(item, FunctionCall)
                arguments = redactor.text(call.arguments)
                calls.append(ToolCall(call.call_id or f"call_{len(calls)}", call.name, arguments))
            case _:
                pass  # what a model thought, and tools that the vendor ran itself
    return Sample(0, redactor.text("".join(texts)), _reason(answer, origin, called=bool(calls)), tuple(calls))


def _said(part: _Part) -> str:
    """The text of a part. A refusal stands where the text would, and is all that there is to show."""
    return (part.refusal if part.type == "refusal" else part.text if part.type == "output_text" else None) or ""


def _reason(answer: _Body, origin: str, *, called: bool) -> str:
    """Why it ended, in v4's words. Some servers send no status."""
    match answer.status:
        case "completed" | None:
            return FinishReason.TOOL_CALL if called else FinishReason.STOP
        case "incomplete":
            reason = (answer.incomplete_details and answer.incomplete_details.reason) or "incomplete"
            return _REASONS.get(reason, reason)
        case "failed":
            raise from_error(origin, None)
        case status:
            raise malformed(origin, f"answered before it was done: its status is {status[:40]}.")
