"""The wire models of completions."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from everloop.api.fields import NoBoolean
from everloop.api.v4.call_models import (
    CallRequest,
    CallResponse,
    ConfigRequest,
    DataResponse,
    DeployedRequest,
    ExperimentRequest,
    Target,
    Wishes,
)
from everloop.api.v4.config_models import ModelConfigRequest


class CompletionCallRequest(CallRequest):
    """What every completion takes besides."""

    logprobs: Annotated[int, Field(ge=0, le=100), NoBoolean] | None = Field(
        None, description="How many log probabilities a token."
    )
    suffix: str | None = Field(None, description="Text that comes after the completion, for models that can insert.")

    def wishes(self) -> Wishes:
        return {"logprobs": self.logprobs, "suffix": self.suffix}


class CompletionDeployedRequest(CompletionCallRequest, DeployedRequest):
    """A completion by what is deployed."""


class CompletionExperimentRequest(CompletionCallRequest, ExperimentRequest):
    """A completion by an experiment."""


class CompletionModelConfigRequest(CompletionCallRequest, ConfigRequest):
    """A completion by a registered config."""


class ModelConfigCompletionRequest(ModelConfigRequest):
    """A config that comes with its call: one with a prompt template."""

    @model_validator(mode="after")
    def _of_a_completion(self) -> Self:
        if self.prompt_template is None:
            raise ValueError("give a `prompt_template`: it is what a completion completes")
        if self.endpoint == "chat" or self.chat_template:
            raise ValueError("a chat's config cannot complete: send it to /v4/chat")
        return self


class CompletionRequest(CompletionCallRequest):
    """A completion by a config that comes with it."""

    # pydantic keeps the name `model_config` for itself.
    given_config: ModelConfigCompletionRequest = Field(
        alias="model_config", description="What to ask, and whom. Registered in the project unless it is there already."
    )

    def target(self) -> Target:
        given = self.given_config
        return {"config": given.config(), "labels": given.labels()}


class CompletionResponse(CallResponse):
    """The answer of a completion; while streaming, each event is one of these with a piece of one sample."""

    data: list[DataResponse]
