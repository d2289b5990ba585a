"""What a provider is asked and what it says: one request, and a closed set of events."""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from enum import StrEnum
from typing import Any

from everloop.domain.config import ModelConfig
from everloop.domain.policy import Timeouts
from everloop.domain.template_tool import ToolResult
from everloop.domain.value import value
from everloop.errors import ProviderFailure


class FinishReason(StrEnum):
    """Why a sample ended, in v4's words."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALL = "tool_call"
    CONTENT_FILTER = "content_filter"


@value
class GenerationRequest:
    """One call of a provider: `samples` answers to one rendered prompt, or (in a chat) to a list of messages.

    Every tool of `config` has its definition, also one that the configuration only links.

    `messages` are v4's, as plain JSON objects, and None for a completion; of a chat, `prompt` is their text, for
    counting. `tool_choice` is v4's: a word, or the name of one tool in an object. `tool_results` are of
    the tools that ran while the template was filled: for people, not for the provider. `timeouts` are those of the
    place that is called; None leaves them to the server.
    """

    config: ModelConfig
    prompt: str
    samples: int = 1
    streamed: bool = False
    user: str | None = None
    seed: int | None = None
    logprobs: int | None = None
    suffix: str | None = None
    messages: tuple[Mapping[str, Any], ...] | None = None
    tool_choice: str | Mapping[str, Any] | None = None
    tool_results: tuple[ToolResult, ...] = ()
    timeouts: Timeouts | None = None


@value
class PreparedCall:
    """A request in the vendor's words: a path below the vendor's base URL, and a JSON body without keys."""

    request: GenerationRequest
    path: str
    body: bytes


@value
class Secret:
    """A provider key on its way to the provider; it shows itself to nobody."""

    value: str = field(repr=False)

    def __str__(self) -> str:
        return "[secret]"


@value
class Usage:
    """Tokens of one call (or, on a log, of one sample). `estimated` when the provider did not count them itself.

    `reasoning_tokens` are part of `output_tokens`.
    """

    prompt_tokens: int
    output_tokens: int
    reasoning_tokens: int | None = None
    estimated: bool = False


@value
class ToolCall:
    """A function that the model wants called. `arguments` is JSON in a text, as the model wrote it: maybe none."""

    id: str
    name: str
    arguments: str


@value
class Sample:
    """One finished answer: `text` is the provider's, white space included."""

    index: int
    text: str
    finish_reason: str | None
    tool_calls: tuple[ToolCall, ...] = ()

    @property
    def spoken(self) -> str:
        """All that the model wrote, for counting."""
        if not self.tool_calls:
            return self.text
        return self.text + "".join(f"{call.name}{call.arguments}" for call in self.tool_calls)


@value
class Generation:
    """A whole answer: its samples in order of index (fewer than asked when the provider gave fewer).

    `response` is the provider's body as it came (UTF-8 JSON, keys redacted); `latency` is in seconds, from the
    request's first byte to the answer's last; `attempts` counts the tries, the successful one included.
    """

    samples: tuple[Sample, ...]
    usage: Usage | None
    response: bytes
    latency: float
    attempts: int = 1


@value
class TextDelta:
    """More text of one sample."""

    sample: int
    text: str


@value
class ToolCallDelta:
    """More of one tool call of a sample: `call` numbers them from 0, and `id` and `name` come with its first piece."""

    sample: int
    call: int
    arguments: str
    id: str | None = None
    name: str | None = None


@value
class Finish:
    """One sample is complete. `response` is what a plain answer's body would have been for this sample alone."""

    sample: int
    reason: str | None
    response: bytes


@value
class UsageReport:
    """The provider's count for the whole call, every sample together, or (before it finishes) for one of them."""

    usage: Usage
    sample: int | None = None


@value
class Retried:
    """The provider was asked so many times more than once; told before what the last try brings."""

    times: int


@value
class Failure:
    """The stream broke after it had begun: for one sample, or (None) for all that were not finished."""

    sample: int | None
    error: ProviderFailure


Event = TextDelta | ToolCallDelta | Finish | UsageReport | Retried | Failure


def joined(events: Sequence[Event]) -> list[Event]:
    """The same events with the pieces that follow each other, of one sample or tool call, as one piece.

    For events that came at once: whoever is behind then has less to do for each of them, and nobody waits for it.
    """
    found: list[Event] = []
    for event in events:
        last = found[-1] if found else None
        if isinstance(event, TextDelta) and isinstance(last, TextDelta) and last.sample == event.sample:
            found[-1] = TextDelta(last.sample, last.text + event.text)
        elif isinstance(event, ToolCallDelta) and isinstance(last, ToolCallDelta) and _go_on(last, event):
            found[-1] = replace(last, arguments=last.arguments + event.arguments, name=last.name or event.name)
        else:
            found.append(event)
    return found


def _go_on(last: ToolCallDelta, event: ToolCallDelta) -> bool:
    return (last.sample, last.call) == (event.sample, event.call)
