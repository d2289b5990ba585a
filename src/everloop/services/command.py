"""One call, as the caller makes it."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final

from everloop.domain.config import Endpoint, ModelConfig
from everloop.domain.document import EMPTY_OBJECT, Document
from everloop.domain.message import Message
from everloop.domain.reference import LinkReference, ProjectReference
from everloop.domain.value import value
from everloop.services.configs import Labels

_NO_LABELS: Final = Labels()


@value
class Chat:
    """What a chat brings that a completion does not; `messages` come after those of the configuration's template.

    `tool_choice` is v4's: `none`, `auto`, `required`, or an object that names one tool. `response_format` and
    `reasoning_effort` go before those of the configuration; `tools` (v4's) are for one that has none of its own.
    """

    messages: tuple[Message, ...]
    tool_choice: str | Mapping[str, Any] | None = None
    response_format: Mapping[str, Any] | None = None
    reasoning_effort: str | int | None = None
    tools: tuple[Mapping[str, Any], ...] = ()


@value
class CompletionCommand:
    """One call: a completion, or a chat when `chat` is given.

    What answers it: an experiment (`experiment_id`), a registered configuration (`config_id`), or one that comes with
    the call (`config`, which is found or made in the project); without any of them whatever is deployed. `project` may
    be None with the first two. `provider_api_keys` maps a provider's name to a key for this call alone, and
    `provider_endpoints` to where it is.
    """

    project: ProjectReference | None
    experiment_id: str | None = None
    links: LinkReference = field(default_factory=LinkReference)
    environment: str | None = None
    inputs: Document = EMPTY_OBJECT
    source: str | None = None
    metadata: Document | None = None
    save: bool = True
    source_datapoint_id: str | None = None
    provider_api_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    provider_endpoints: Mapping[str, str] = field(default_factory=dict)
    num_samples: int = 1
    user: str | None = None
    seed: int | None = None
    logprobs: int | None = None
    suffix: str | None = None
    chat: Chat | None = None
    config_id: str | None = None
    config: ModelConfig | None = None
    labels: Labels = _NO_LABELS

    @property
    def endpoint(self) -> Endpoint:
        """How the call wants its configuration to be called."""
        return Endpoint.COMPLETE if self.chat is None else Endpoint.CHAT
