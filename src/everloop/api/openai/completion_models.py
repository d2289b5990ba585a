"""The wire models of completions."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from everloop.api.fields import NoBoolean, document
from everloop.api.openai.answer_models import OpenAIUsage
from everloop.api.openai.call_models import CallRequest
from everloop.api.v4.call_models import Wishes
from everloop.domain.document import EMPTY_OBJECT, Document


def _one(prompt: object) -> object:
    """A list with one text is that text; more of them, or tokens, are calls and templates of their own."""
    if isinstance(prompt, list):
        if len(prompt) != 1 or not isinstance(prompt[0], str):
            raise ValueError("give one text: each further prompt is a call of its own, and tokens fill no template")
        return prompt[0]
    return prompt


class TextCompletionRequest(CallRequest):
    """A completion of the deployed config's prompt template."""

    prompt: Annotated[str, BeforeValidator(_one)] | None = Field(
        None, description="The value of the template's variable `prompt`, unless `inputs` has one."
    )
    suffix: str | None = Field(None, description="Text that comes after the completion, for models that can insert.")
    logprobs: Annotated[int, Field(ge=0, le=20), NoBoolean] | None = Field(
        None, description="How many log probabilities a token."
    )

    @property
    def wants_logprobs(self) -> bool:
        return self.logprobs is not None

    def filling(self) -> Document:
        if not self.prompt:
            return super().filling()
        given = {"prompt": self.prompt}
        values = {**(self.metadata or {}), **given} if self.inputs is None else {**given, **self.inputs}
        return document(values) or EMPTY_OBJECT

    def wishes(self) -> Wishes:
        return {"logprobs": self.logprobs, "suffix": self.suffix}


class TextLogprobs(BaseModel):
    """Log probabilities of the text's tokens."""

    tokens: list[str]
    token_logprobs: list[float | None]
    top_logprobs: list[dict[str, float] | None] | None
    text_offset: list[int]


class TextChoice(BaseModel):
    """One answer."""

    index: int
    text: str
    logprobs: TextLogprobs | None
    finish_reason: Literal["stop", "length", "content_filter"]


class TextCompletion(BaseModel):
    """The answers. A stream's events are of the same shape, with a piece of one answer in `choices[0]`."""

    id: str = Field(description="The id of the (first) answer's log.")
    object: Literal["text_completion"]
    created: int
    model: str
    system_fingerprint: Any
    choices: list[TextChoice]
    usage: OpenAIUsage
