"""An answer in the wire format of Gemini: a plain one, or one piece of a stream, which has the same shape.

https://ai.google.dev/api/generate-content#generatecontentresponse
"""

from typing import Annotated, Any, Final

import msgspec

from everloop.domain.generation import FinishReason, Sample, ToolCall, Usage
from everloop.providers.failures import decoded, malformed
from everloop.providers.google import error
from everloop.providers.redaction import Redactor

# https://ai.google.dev/api/generate-content#FinishReason. `STOP` also ends answers that are tool calls; `CONTINUATION`
# is what one request may give, short of what the model wants to say.
_REASONS: Final = {
    "STOP": FinishReason.STOP,
    "MAX_TOKENS": FinishReason.LENGTH,
    "CONTINUATION": FinishReason.LENGTH,
    **dict.fromkeys(
        (
            "BLOCKLIST",
            "ESCALATION",
            "IMAGE_PROHIBITED_CONTENT",
            "IMAGE_RECITATION",
            "IMAGE_SAFETY",
            "MODEL_ARMOR",
            "PROHIBITED_CONTENT",
            "RECITATION",
            "SAFETY",
            "SPII",
        ),
        FinishReason.CONTENT_FILTER,
    ),
}
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**48)]


class TokenCount(msgspec.Struct, rename="camel"):
    """`usageMetadata`. Cached tokens are among those of the prompt; thoughts are not among those of the candidates."""

    prompt_token_count: _Count | None = None
    tool_use_prompt_token_count: _Count | None = None
    candidates_token_count: _Count | None = None
    thoughts_token_count: _Count | None = None

    def usage(self) -> Usage | None:
        """The count in our words; None when nothing was counted."""
        if self.prompt_token_count is None:
            return None
        prompt = self.prompt_token_count + (self.tool_use_prompt_token_count or 0)
        thoughts = self.thoughts_token_count
        return Usage(prompt, (self.candidates_token_count or 0) + (thoughts or 0), thoughts)


class FunctionCall(msgspec.Struct):
    """A call of one of the caller's functions."""

    name: str
    id: str | None = None
    args: dict[str, Any] | None = None

    @property
    def arguments(self) -> str:
        """JSON in a text."""
        return msgspec.json.encode(self.args or {}).decode()


class Part(msgspec.Struct, rename="camel"):
    """A piece of content: a text (or a thought), a call, or something else, which is not read."""

    text: str | None = None
    thought: bool | None = None
    function_call: FunctionCall | None = None

    @property
    def said(self) -> str:
        """What belongs to the answer: thoughts do not."""
        return "" if self.thought else self.text or ""


class _Content(msgspec.Struct):
    parts: list[Part] | None = None


class Candidate(msgspec.Struct, rename="camel"):
    """One answer."""

    content: _Content | None = None
    finish_reason: str | None = None

    @property
    def parts(self) -> list[Part]:
        """Its pieces; none where nothing was said, or nothing may be."""
        return (self.content.parts if self.content is not None else None) or []


class _Feedback(msgspec.Struct, rename="camel"):
    block_reason: str | None = None


class Answer(msgspec.Struct, rename="camel"):
    """`GenerateContentResponse`."""

    candidates: list[Candidate] | None = None
    prompt_feedback: _Feedback | None = None
    usage_metadata: TokenCount | None = None

    @property
    def candidate(self) -> Candidate | None:
        """The one candidate, if there is any."""
        return self.candidates[0] if self.candidates else None

    @property
    def blocked(self) -> bool:
        """Whether Google refused to answer this prompt: there are no candidates then."""
        return self.prompt_feedback is not None and self.prompt_feedback.block_reason is not None

    @property
    def usage(self) -> Usage | None:
        """What was counted, of a stream up to here."""
        return self.usage_metadata.usage() if self.usage_metadata is not None else None


def finish_reason(vendor: str | None, *, calls: bool) -> str | None:
    """The reason in v4's words; unknown ones stay as they are."""
    if vendor == "STOP" and calls:
        return FinishReason.TOOL_CALL
    return _REASONS.get(vendor, vendor) if vendor is not None else None


def parsed(value: Any, origin: str) -> Answer:  # noqa: ANN401 - any JSON value
    """The answer, or the piece of one, that a JSON value is; it has one candidate at most. Raises ProviderFailure."""
    if error.holds(value):
        raise error.from_object(origin, value)
    if not isinstance(value, dict):
        raise malformed(origin, "sent an answer that is not a JSON object.")
    try:
        answer = msgspec.convert(value, Answer)
    except msgspec.ValidationError as wrong:
        raise malformed(origin, f"sent an answer of another shape than its format: {wrong}.") from None
    if len(answer.candidates or ()) > 1:
        raise malformed(origin, "sent several candidates where one was asked for.")
    return answer


def read(body: bytes, origin: str, redactor: Redactor) -> tuple[tuple[Sample, ...], Usage | None]:
    """The sample, and usage if it was counted. `body` is already redacted. Raises ProviderFailure."""
    answer = parsed(decoded(body), origin)
    candidate = answer.candidate
    if candidate is not None:
        return (_sample(candidate, redactor),), answer.usage
    if answer.blocked:
        return (Sample(0, "", FinishReason.CONTENT_FILTER),), answer.usage
    raise malformed(origin, "sent an answer without a candidate, and without a reason for that.")


def _sample(candidate: Candidate, redactor: Redactor) -> Sample:
    found = [part.function_call for part in candidate.parts if part.function_call is not None]
    calls = tuple(
        ToolCall(call.id or f"call_{place}", call.name, redactor.text(call.arguments))
        for place, call in enumerate(found)
    )
    text = "".join(part.said for part in candidate.parts)
    return Sample(0, redactor.text(text), finish_reason(candidate.finish_reason, calls=bool(calls)), calls)
