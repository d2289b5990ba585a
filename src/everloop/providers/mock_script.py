"""What a mock configuration asks of the mock provider: the `mock` object in its `other`."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec

from everloop.domain.generation import FinishReason
from everloop.errors import Unprocessable
from everloop.providers.mock_fault import Fault

_Milliseconds = Annotated[float, msgspec.Meta(ge=0, le=3_600_000)]
# OpenAI takes so many tools, and what a script says is written anew for each sample.
_MOST_CALLS: Final = 128
_MOST_CHARACTERS: Final = 200_000


class ScriptedCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tool to call; `arguments` is an object, or any text for applications that shall see nonsense."""

    name: str
    arguments: dict[str, Any] | str = {}

    @property
    def text(self) -> str:
        """The arguments as a model writes them."""
        if isinstance(self.arguments, str):
            return self.arguments
        return msgspec.json.encode(self.arguments).decode()


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it is optional; without any of it the mock answers at once with an echo."""

    text: str | list[str] | None = None
    delay_ms: _Milliseconds = 0.0
    chunk_delay_ms: _Milliseconds | list[_Milliseconds] = 0.0
    finish_reason: FinishReason | None = None
    fault: Fault | None = None
    tool_calls: Annotated[list[ScriptedCall], msgspec.Meta(max_length=_MOST_CALLS)] = []

    @property
    def characters(self) -> int:
        """All that it says."""
        texts = [self.text] if isinstance(self.text, str) else self.text or []
        return sum(map(len, texts)) + sum(len(each.name) + len(each.text) for each in self.tool_calls)

    def chunk_delay(self, sample: int) -> float:
        """Seconds between two chunks of a sample; a list that is too short begins anew."""
        if isinstance(self.chunk_delay_ms, list):
            delays = self.chunk_delay_ms
            return delays[sample % len(delays)] / 1000 if delays else 0.0
        return self.chunk_delay_ms / 1000

    def scripted_text(self, sample: int) -> str | None:
        """The text of a sample, or None when it shall be an echo."""
        if isinstance(self.text, list):
            return self.text[sample % len(self.text)] if self.text else None
        return self.text


def script_of(other: Mapping[str, Any]) -> Script:
    """The script in a configuration's `other`. Raises Unprocessable for what is not one."""
    try:
        script = msgspec.convert(other.get("mock", {}), Script)
    except msgspec.ValidationError as error:
        raise Unprocessable(f"`mock` in `other` is not a script for the mock provider: {error}.") from None
    if script.characters > _MOST_CHARACTERS:
        raise Unprocessable(f"`mock` in `other` says more than {_MOST_CHARACTERS:,} characters.")
    return script
