"""What every generating call takes on the wire, and what is common to their answers."""

from typing import Annotated, Any, TypedDict

from pydantic import BaseModel, ConfigDict, Field

from everloop.api.fields import Int64, Name, Reference, Request, Text, document
from everloop.domain.config import ModelConfig
from everloop.domain.document import EMPTY_OBJECT
from everloop.domain.reference import LinkReference, ProjectReference
from everloop.services.command import Chat, CompletionCommand
from everloop.services.configs import Labels

# What can go into a header: visible ASCII.
Key = Annotated[str, Field(max_length=10_000, pattern=r"^[\x21-\x7e]*$")]


class ProviderApiKeys(Request):
    """Keys for this call alone, by provider, connections of your own included; never stored, never logged.

    `openai_azure_endpoint` says where Azure OpenAI is, for a host that the operator allows.
    """

    model_config = ConfigDict(extra="allow")

    openai: Key | None = None
    ai21: Key | None = None
    mock: Key | None = None
    anthropic: Key | None = None
    bedrock: Key | None = None
    cohere: Key | None = None
    openai_azure: Key | None = None
    openai_azure_endpoint: Text | None = None

    def given(self) -> dict[str, str]:
        """Those that are given. What is no key at all under a name that nobody knows is left out, as all unknown is."""
        return {name: key for name, key in self if key and isinstance(key, str) and name != "openai_azure_endpoint"}

    def endpoints(self) -> dict[str, str]:
        """Where providers are, by their names."""
        return {"openai_azure": self.openai_azure_endpoint} if self.openai_azure_endpoint else {}


class Target(TypedDict, total=False):
    """What answers a call, in a command's words."""

    environment: str | None
    experiment_id: str
    config_id: str
    config: ModelConfig
    labels: Labels


class Wishes(TypedDict, total=False):
    """What only a completion, or only a chat, can ask for, in a command's words."""

    logprobs: int | None
    suffix: str | None
    chat: Chat


class CallRequest(Request):
    """What every call takes. Unknown keys are ignored, as old SDKs send some; null means absent."""

    project: Name | None = Field(None, description="The project's name; made when new. Give it or `project_id`.")
    project_id: Text | None = Field(None, description="The project's id (`pr_…`).")
    session_id: Text | None = Field(None, description="A session made before (`sesh_…`).")
    session_reference_id: Reference | None = Field(None, description="Your own name of a session; made on first use.")
    parent_id: Text | None = Field(None, description="The log that this call belongs under (`data_…`).")
    parent_reference_id: Reference | None = Field(
        None, description="The same, by the `reference_id` that you gave the log."
    )
    inputs: dict[str, Any] | None = Field(None, description="Values for the variables of the template.")
    source: Text | None = Field(None, description="Where the call comes from, such as `landing-page`.")
    metadata: dict[str, Any] | None = Field(None, description="Anything that you want to find on the log.")
    save: bool | None = Field(None, description="false: keep ids, numbers and metadata, but no text (default true).")
    source_datapoint_id: Text | None = Field(None, description="The datapoint that the inputs come from.")
    provider_api_keys: ProviderApiKeys | None = None
    num_samples: Int64 | None = Field(None, description="How many answers (default 1).")
    stream: bool | None = Field(None, description="true: server-sent events (default false).")
    user: Text | None = Field(
        None, description="Your end user's id; goes on to the provider. An experiment gives one user one config."
    )
    seed: Int64 | None = Field(
        None, json_schema_extra={"deprecated": True}, description="Used when the config has none."
    )
    return_inputs: bool | None = Field(None, description="false: leave the inputs out of the answer (default true).")

    def command(self) -> CompletionCommand:
        """The call. Raises `InvalidFields`."""
        keys = self.provider_api_keys
        return CompletionCommand(
            project=self.reference(),
            links=LinkReference(self.session_id, self.session_reference_id, self.parent_id, self.parent_reference_id),
            inputs=document(self.inputs) or EMPTY_OBJECT,
            source=self.source,
            metadata=document(self.metadata),
            save=self.save is not False,
            source_datapoint_id=self.source_datapoint_id,
            provider_api_keys=keys.given() if keys else {},
            provider_endpoints=keys.endpoints() if keys else {},
            num_samples=1 if self.num_samples is None else self.num_samples,
            user=self.user,
            seed=self.seed,
            **self.target(),
            **self.wishes(),
        )

    def reference(self) -> ProjectReference | None:
        """The project. Raises `InvalidFields` when none is named."""
        return ProjectReference(self.project, self.project_id)

    def target(self) -> Target:
        """What answers the call: whatever is deployed, unless a model says otherwise."""
        return {}

    def wishes(self) -> Wishes:
        """Nothing, unless a model says otherwise."""
        return {}


class DeployedRequest(CallRequest):
    """A call of what is deployed."""

    environment: Text | None = Field(None, description="The environment's name; the default one when absent.")

    def target(self) -> Target:
        return {"environment": self.environment}


class _WithoutProject(CallRequest):
    """A call that names something which belongs to a project already."""

    def reference(self) -> ProjectReference | None:
        return ProjectReference(self.project, self.project_id) if self.project or self.project_id else None


class ExperimentRequest(_WithoutProject):
    """A call of an experiment. `project` and `project_id` may be left out; another project's are refused."""

    experiment_id: Text = Field(description="The experiment (`exp_…`), live or not.")

    def target(self) -> Target:
        return {"experiment_id": self.experiment_id}


class ConfigRequest(_WithoutProject):
    """A call of a registered config. `project` and `project_id` may be left out; another project's are refused."""

    model_config_id: Text = Field(description="The config (`config_…`), deployed or not.")

    def target(self) -> Target:
        return {"config_id": self.model_config_id}


class Usage(BaseModel):
    """Tokens of the whole call."""

    prompt_tokens: int
    generation_tokens: int
    total_tokens: int
    reasoning_tokens: int | None


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
    finish_reason: str | None
    model_config_id: str
    tool_results: list[ToolResultResponse] | None


class CallResponse(BaseModel):
    """The answer of a call, without its samples."""

    project_id: str | None
    num_samples: int | None
    logprobs: int | None
    suffix: str | None
    user: str | None
    usage: Usage | None
    metadata: dict[str, Any] | None
    provider_responses: list[Any]
    provider_request: dict[str, Any] | None
    session_id: str | None
