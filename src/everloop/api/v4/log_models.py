"""Logs on the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from everloop.api.fields import (
    Answer,
    Count,
    Items,
    Moment,
    Nothing,
    Number,
    OneOrMany,
    Plain,
    Reference,
    Request,
    Shape,
    Text,
    document,
    listed,
    milliseconds,
)
from everloop.api.v4.call_models import ToolResultResponse
from everloop.api.v4.chat_models import ToolChoice, Word
from everloop.api.v4.feedback_models import Feedback, FeedbackResponse, Location
from everloop.api.v4.logged_config_models import LogConfigRequest
from everloop.api.v4.message_models import ChatMessageWithToolCall, Message
from everloop.api.v4.project_config_models import ConfigResponse, ProjectConfigResponse
from everloop.domain.document import EMPTY_OBJECT
from everloop.domain.reference import LinkReference, ProjectReference
from everloop.services.configs import Labels
from everloop.services.logs import LogCommand


class LogRequest(Request):
    """A generation that happened elsewhere. `config`, `config_id` or `trial_id` says what made it."""

    project: Text | None = Field(None, description="The project's name; made when new. Give it or `project_id`.")
    project_id: Text | None = None
    session_id: Text | None = Field(None, description="A session made before (`sesh_…`).")
    session_reference_id: Text | None = Field(None, description="Your own name of a session; made on first use.")
    parent_id: Text | None = Field(None, description="The log that this one belongs under (`data_…`).")
    parent_reference_id: Text | None = Field(None, description="The same, by the `reference_id` that you gave it.")
    inputs: dict[str, Any] | None = None
    source: Text | None = None
    metadata: dict[str, Any] | None = None
    save: bool | None = Field(None, description="false: keep ids, numbers and metadata, but no text (default true).")
    source_datapoint_id: Reference | None = None
    reference_id: Reference | None = Field(None, description="Your own name of this log.")
    messages: Items[ChatMessageWithToolCall] | None = None
    output: str | None = None
    judgment: Plain | None = None
    config_id: Text | None = None
    config: LogConfigRequest | None = None
    environment: Text | None = None
    feedback: OneOrMany[Feedback] | None = None
    created_at: Moment | None = Field(None, description="When it happened (default now).")
    error: str | None = None
    stdout: str | None = None
    duration: Number | None = Field(None, description="Seconds.")
    output_message: ChatMessageWithToolCall | None = None
    prompt_tokens: Count | None = None
    output_tokens: Count | None = None
    prompt_cost: Number | None = Field(None, description="US dollars.")
    output_cost: Number | None = Field(None, description="US dollars.")
    provider_request: dict[str, Any] | None = None
    provider_response: dict[str, Any] | None = None
    trial_id: Text | None = Field(None, description="The trial of an experiment that a sampled config came with.")

    def command(self, location: Location) -> LogCommand:
        """What to keep. Raises `InvalidFields`."""
        return LogCommand(
            project=ProjectReference(self.project, self.project_id),
            links=LinkReference(self.session_id, self.session_reference_id, self.parent_id, self.parent_reference_id),
            config_id=self.config_id,
            config=self.config.config() if self.config else None,
            trial_id=self.trial_id or None,
            labels=self.config.labels() if self.config else Labels(),
            environment=self.environment,
            inputs=document(self.inputs) or EMPTY_OBJECT,
            messages=None if self.messages is None else document([each.stored() for each in self.messages]),
            metadata=document(self.metadata),
            source=self.source,
            source_datapoint_id=self.source_datapoint_id,
            reference_id=self.reference_id,
            save=self.save is not False,
            output=self.output,
            output_message=document(self.output_message.stored()) if self.output_message else None,
            judgment=document(self.judgment),
            error=self.error,
            stdout=self.stdout,
            duration=self.duration,
            prompt_tokens=self.prompt_tokens,
            output_tokens=self.output_tokens,
            prompt_cost=self.prompt_cost,
            output_cost=self.output_cost,
            provider_request=document(self.provider_request),
            provider_response=document(self.provider_response),
            created_at=milliseconds(self.created_at),
            feedback=tuple(each.command("", (*location, "feedback")) for each in listed(self.feedback or [])),
            location=location,
        )


class CreateLogResponse(Answer):
    """Where the log is."""

    id: str
    project_id: str
    session_id: str | None


class AttemptResponse(Answer):
    """A config that was to answer, and did not.

    `kind` is how its provider failed, or `passed_over` when it could not be asked; `status` is what the provider
    answered with, `tries` how often it was asked, `seconds` how long that took in all. `error` is null without `save`.
    """

    config_id: str
    provider: str
    model: str
    kind: str
    status: int | None
    tries: int
    seconds: float
    error: str | None


class LogResponse(Answer):
    """A log: one sample of one call. Times of a call are in seconds, costs in US dollars.

    The last fields are no part of v4.
    """

    project: str | None
    project_id: str | None
    session_id: str | None
    session_reference_id: str | None
    parent_id: str | None
    parent_reference_id: str | None
    inputs: dict[str, Any]
    source: str | None
    metadata: dict[str, Any] | None
    save: bool
    source_datapoint_id: str | None
    id: str
    reference_id: str | None
    messages: list[Message] | None
    output: str | None
    judgment: bool | int | float | str | list[str] | None
    config_id: str | None
    config: ConfigResponse | None
    environment: str | None
    feedback: list[FeedbackResponse]
    created_at: datetime
    error: str | None
    stdout: str | None
    duration: float | None
    output_message: Message | None
    prompt_tokens: int | None
    output_tokens: int | None
    prompt_cost: float | None
    output_cost: float | None
    provider_request: Any
    provider_response: Any
    user: str | None
    provider_latency: float | None
    tokens: int | None
    raw_output: str | None
    finish_reason: str | None
    tools: list[Annotated[dict[str, Any], Shape(ToolResultResponse)]]
    tool_choice: Annotated[str | dict[str, Any], Shape(Word | ToolChoice)] | None
    evaluation_results: Nothing
    observability_status: Literal["completed"]
    updated_at: datetime
    batch_ids: list[str]
    trial_id: str | None
    metric_values: Nothing
    project_config: ProjectConfigResponse | None = Field(
        serialization_alias="model_config", json_schema_extra={"deprecated": True}
    )
    error_kind: str | None = Field(
        description="What ended the call instead of a `finish_reason`: how the provider failed, `cancelled` when the"
        " caller went away, `reported` for an error that came with the log."
    )
    reasoning_tokens: int | None = Field(description="The part of `output_tokens` that is reasoning, if that is known.")
    tokens_estimated: bool | None = Field(
        description="Whether the tokens are an estimate and not the provider's count."
    )
    time_to_first_token: float | None = Field(description="Of a stream: from the call to the first piece of text.")
    added_latency: float | None = Field(description="`duration` less `provider_latency`: what Everloop took itself.")
    provider_calls: int | None = Field(description="How often the provider was asked: retries are counted.")
    attempts: list[Annotated[dict[str, Any], Shape(AttemptResponse)]] = Field(
        description="Configs that were to answer before the one of `config_id`, and did not: see fallbacks."
    )
    arm_id: str | None = Field(
        description="The config that the experiment had drawn, where a fallback (`config_id`) answered in its place."
    )
