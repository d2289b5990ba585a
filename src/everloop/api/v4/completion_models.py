"""The wire models of completions."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from everloop.api.fields import Int64, Name, Reference, Request, Text

# What can go into a header: visible ASCII.
Key = Annotated[str, Field(max_length=10_000, pattern=r"^[\x21-\x7e]*$")]


class ProviderApiKeys(Request):
    """Keys for this call alone, by provider; never stored, never logged."""

    openai: Key | None = None
    ai21: Key | None = None
    mock: Key | None = None
    anthropic: Key | None = None
    bedrock: Key | None = None
    cohere: Key | None = None
    openai_azure: Key | None = None
    openai_azure_endpoint: Text | None = None


class CompletionRequest(Request):
    """What every completion takes. Unknown keys are ignored, as old SDKs send some; null means absent."""

    project: Name | None = Field(None, description="The project's name; made when new. Give it or `project_id`.")
    project_id: Text | None = Field(None, description="The project's id (`pr_…`).")
    session_id: Text | None = Field(None, description="A session made before (`sesh_…`).")
    session_reference_id: Reference | None = Field(None, description="Your own name of a session; made on first use.")
    parent_id: Text | None = Field(None, description="The log that this call belongs under (`data_…`).")
    parent_reference_id: Reference | None = Field(
        None, description="The same, by the `reference_id` that you gave the log."
    )
    inputs: dict[str, Any] | None = Field(None, description="Values for the variables of the prompt template.")
    source: Text | None = Field(None, description="Where the call comes from, such as `landing-page`.")
    metadata: dict[str, Any] | None = Field(None, description="Anything that you want to find on the log.")
    save: bool | None = Field(None, description="false: keep ids, numbers and metadata, but no text (default true).")
    source_datapoint_id: Text | None = Field(None, description="The datapoint that the inputs come from.")
    provider_api_keys: ProviderApiKeys | None = None
    num_samples: int | None = Field(None, description="How many answers (default 1).")
    stream: bool | None = Field(None, description="true: server-sent events (default false).")
    user: Text | None = Field(
        None, description="Your end user's id; goes on to the provider. An experiment gives one user one config."
    )
    seed: Int64 | None = Field(
        None, json_schema_extra={"deprecated": True}, description="Used when the config has none."
    )
    return_inputs: bool | None = Field(None, description="false: leave the inputs out of the answer (default true).")
    logprobs: Annotated[int, Field(ge=0, le=100)] | None = Field(
        None, description="How many log probabilities a token."
    )
    suffix: str | None = Field(None, description="Text that comes after the completion, for models that can insert.")


class CompletionDeployedRequest(CompletionRequest):
    """A call of what is deployed."""

    environment: Text | None = Field(None, description="The environment's name; the default one when absent.")


class CompletionExperimentRequest(CompletionRequest):
    """A call of an experiment. `project` and `project_id` may be left out; another project's are refused."""

    experiment_id: Text = Field(description="The experiment (`exp_…`), live or not.")


class Usage(BaseModel):
    """Tokens of the whole call."""

    prompt_tokens: int
    generation_tokens: int
    total_tokens: int
    reasoning_tokens: int | None = None


class ToolResultResponse(BaseModel):
    """The result of a tool that ran while the template was filled."""

    id: str
    name: str
    signature: str
    result: str


class DataResponse(BaseModel):
    """One sample. `output` has no white space at its ends; `raw_output` is the provider's text."""

    id: str
    index: int
    output: str
    raw_output: str
    inputs: dict[str, Any]
    finish_reason: str | None = None
    model_config_id: str
    tool_results: list[ToolResultResponse] | None = None


class CompletionResponse(BaseModel):
    """The answer of a completion; while streaming, each event is one of these with a piece of one sample."""

    project_id: str | None = None
    num_samples: int | None = 1
    logprobs: int | None = None
    suffix: str | None = None
    user: str | None = None
    data: list[DataResponse]
    usage: Usage | None = None
    metadata: dict[str, Any] | None = None
    provider_responses: list[Any]
    provider_request: dict[str, Any] | None = None
    session_id: str | None = None
