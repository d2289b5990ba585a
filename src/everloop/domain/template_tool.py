"""Template tools: what a template calls by `{{ name(argument) }}` while it is filled."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Protocol

from everloop.domain.value import value


class TemplateTool(Protocol):
    """A tool that an organisation has, found by its name. It answers from memory: a call waits for nothing."""

    @property
    def id(self) -> str:
        """Its id, as results show it."""
        ...

    def knows(self, word: str) -> bool:
        """Whether an argument without quotes for which there is no input is a word of the tool's own, such as a key."""
        ...

    def run(self, arguments: Sequence[str]) -> str:
        """The text that stands in for the call. Raises `errors.Unprocessable` for arguments that it cannot serve."""
        ...


TemplateTools = Mapping[str, TemplateTool]
NO_TEMPLATE_TOOLS: Final[TemplateTools] = MappingProxyType({})


@value
class ToolResult:
    """One call that ran: the tool's id and name, the call as the template writes it, and the text it gave."""

    id: str
    name: str
    signature: str
    result: str

    def view(self) -> dict[str, str]:
        """The same in v4's words, for answers and logs."""
        return {"id": self.id, "name": self.name, "signature": self.signature, "result": self.result}
