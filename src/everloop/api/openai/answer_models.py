"""What chat completions and completions answer alike, and errors."""

from typing import Final, Literal

from pydantic import BaseModel, Field

from everloop.api.documentation import Responses


class CompletionTokensDetails(BaseModel):
    """What is counted among `completion_tokens`."""

    reasoning_tokens: int


class OpenAIUsage(BaseModel):
    """Tokens of the whole call."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    completion_tokens_details: CompletionTokensDetails | None


class OpenAIError(BaseModel):
    """What went wrong: `param` is the field that is wrong, `code` a word for programs."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIErrorResponse(BaseModel):
    """Any error."""

    error: OpenAIError


class Model(BaseModel):
    """What can be called: what is live in one environment of one project."""

    id: str = Field(description="The project's name; with `@` and the environment's unless it is the default one.")
    object: Literal["model"]
    created: int = Field(description="When the project was made, in Unix seconds.")
    owned_by: str


class ModelList(BaseModel):
    """All that can be called, by name."""

    object: Literal["list"]
    data: list[Model]


ERRORS: Final[Responses] = {
    400: {"model": OpenAIErrorResponse, "description": "Something in the request is wrong."},
    404: {"model": OpenAIErrorResponse, "description": "Nothing is live under the model's name (`model_not_found`)."},
    409: {"model": OpenAIErrorResponse, "description": "The `Idempotency-Key` was used for a call with another body."},
    "default": {"model": OpenAIErrorResponse, "description": "The call failed; `error` says why."},
}
