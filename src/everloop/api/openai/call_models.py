"""What chat completions and completions take alike, in OpenAI's words and in ours."""

from abc import ABC, abstractmethod
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from everloop.api.fields import Int64, Reference, Request, Text, document
from everloop.api.v4.call_models import Wishes
from everloop.domain.document import EMPTY_OBJECT, Document
from everloop.domain.live_model import LiveModel
from everloop.domain.reference import LinkReference, ProjectReference
from everloop.services.command import CompletionCommand

# The names of a project and of an environment, and what is between them.
_LONGEST_NAME: Final = 2 * 255 + 1


def _texts(pairs: dict[str, Any]) -> dict[str, Any]:
    """Said of the first wrong one: a million of them would make a million errors."""
    for key, each in pairs.items():
        if not isinstance(each, str):
            raise ValueError(f"the values of metadata are texts, and that of {key[:100]!r} is none")  # noqa: TRY004 - pydantic takes no TypeError for a wrong value
    return pairs


class StreamOptions(Request):
    """What a stream has besides."""

    include_usage: bool | None = Field(None, description="true: one more chunk in the end has the call's `usage`.")


class CallRequest(Request, ABC):
    """What every call takes. Parameters that the deployed config decides are ignored, and named in a header."""

    model: Annotated[str, Field(min_length=1, max_length=_LONGEST_NAME, pattern=r"^[^\x00]*$")] = Field(
        description="A project's name, for what is deployed in the default environment; or `project@environment`."
    )
    inputs: dict[str, Any] | None = Field(
        None, description="Ours (the client's `extra_body`): values for the variables of the template."
    )
    metadata: Annotated[dict[str, Any], AfterValidator(_texts)] | None = Field(
        None,
        description="Texts that you want to find on the log. Without `inputs` they are the values for the variables of"
        " the template, too.",
    )
    n: Int64 | None = Field(None, description="How many answers (default 1).")
    user: Text | None = Field(
        None, description="Your end user's id; goes on to the provider. An experiment gives one user one config."
    )
    safety_identifier: Text | None = Field(None, description="The newer name of `user`.")
    seed: Int64 | None = Field(None, description="Used when the config has none.")
    store: bool | None = Field(
        None, description="false: the log keeps ids, numbers and metadata, but no text (default true)."
    )
    stream: bool | None = Field(None, description="true: server-sent events (default false).")
    stream_options: StreamOptions | None = None
    session_id: Text | None = Field(None, description="Ours: a session made before (`sesh_…`).")
    session_reference_id: Reference | None = Field(
        None, description="Ours: your own name of a session; made on first use."
    )
    parent_id: Text | None = Field(None, description="Ours: the log that this call belongs under (`data_…`).")
    parent_reference_id: Reference | None = Field(None, description="Ours: the same, by the log's `reference_id`.")
    source: Text | None = Field(None, description="Ours: where the call comes from, such as `landing-page`.")

    def command(self, model: LiveModel) -> CompletionCommand:
        """The call of that model. Raises `InvalidFields`."""
        return CompletionCommand(
            project=ProjectReference(id=model.view.project.id),
            environment=model.environment.name,
            links=LinkReference(self.session_id, self.session_reference_id, self.parent_id, self.parent_reference_id),
            inputs=self.filling(),
            source=self.source,
            metadata=document(self.metadata),
            save=self.save,
            num_samples=1 if self.n is None else self.n,
            user=self.user or self.safety_identifier,
            seed=self.seed,
            **self.wishes(),
        )

    @property
    def save(self) -> bool:
        """Whether the log keeps texts."""
        return self.store is not False

    @property
    def counts_at_the_end(self) -> bool:
        """Whether a stream ends with the call's usage."""
        return self.stream_options is not None and self.stream_options.include_usage is True

    @property
    @abstractmethod
    def wants_logprobs(self) -> bool:
        """Whether answers have log probabilities."""

    @property
    def brings_tools(self) -> bool:
        """Whether it has tools for a config that has none."""
        return False

    def filling(self) -> Document:
        """The values for the variables of the template."""
        return document(self.metadata if self.inputs is None else self.inputs) or EMPTY_OBJECT

    @abstractmethod
    def wishes(self) -> Wishes:
        """What only a completion, or only a chat, can ask for."""
