"""A tool of an organisation: a function that configurations link, or snippets that templates call; and its changes."""

import re
from collections.abc import Mapping
from dataclasses import field, replace
from enum import StrEnum
from typing import Any, Final

from everloop.domain.ids import ToolId
from everloop.domain.json_schema import flaw_in
from everloop.domain.value import value
from everloop.errors import FieldIssue, InvalidFields

# v4's word for a tool of a configuration that is only a link.
LINKED: Final = "organization"
# What providers take as the name of a function, and templates as that of a tool.
NAME: Final = r"^[a-zA-Z0-9_-]{1,64}$"
# What a template's call can hold in quotes.
_KEY: Final = re.compile(r'(?! )[^"\x00-\x1f\x7f]{1,200}(?<! )')
MOST_SNIPPETS: Final = 1_000
# Characters of a caller's own word in an error.
_TOLD: Final = 200


class ToolKind(StrEnum):
    """What a tool is for: models, or templates."""

    FUNCTION = "json_schema"
    SNIPPETS = "snippet"


@value
class OrganisationTool:
    """A tool. Names are unique within the organisation; times are Unix milliseconds.

    A function has `parameters`, the JSON schema of its arguments, and `strict`; `snippets` has texts by their keys.
    """

    id: ToolId
    kind: ToolKind
    name: str
    created_at: int
    updated_at: int
    description: str | None = None
    parameters: Mapping[str, Any] | None = None
    strict: bool | None = None
    snippets: Mapping[str, str] = field(default_factory=dict)

    @property
    def definition(self) -> dict[str, Any]:
        """A function as a tool of a configuration, in v4's words."""
        told = {"description": self.description, "parameters": self.parameters, "strict": self.strict}
        named = {"id": self.id, "name": self.name, "source": LINKED}
        return named | {name: each for name, each in told.items() if each is not None}


@value
class ToolChange:
    """What is said of a tool; None leaves it as it is, and so do snippets that are not named. One that is None goes."""

    name: str | None = None
    description: str | None = None
    parameters: Mapping[str, Any] | None = None
    strict: bool | None = None
    snippets: Mapping[str, str | None] | None = None

    def applied(self, tool: OrganisationTool, now: int) -> OrganisationTool:
        """The tool as it then is. Raises `InvalidFields` for what its kind does not have and for what is no schema."""
        _check(tool.kind, self)
        snippets = {**tool.snippets, **(self.snippets or {})}
        if len(snippets) > MOST_SNIPPETS:
            raise InvalidFields.one(("body", "snippets"), f"A tool has at most {MOST_SNIPPETS} snippets.")
        return replace(
            tool,
            name=tool.name if self.name is None else self.name,
            description=tool.description if self.description is None else self.description,
            parameters=tool.parameters if self.parameters is None else self.parameters,
            strict=tool.strict if self.strict is None else self.strict,
            snippets={key: text for key, text in snippets.items() if text is not None},
            updated_at=now,
        )


def _check(kind: ToolKind, said: ToolChange) -> None:
    if kind is ToolKind.SNIPPETS:
        foreign = [name for name in ("parameters", "strict") if getattr(said, name) is not None]
    else:
        foreign = [] if said.snippets is None else ["snippets"]
    if foreign:
        raise InvalidFields(
            [FieldIssue(("body", name), f"A tool of kind `{kind}` has no `{name}`.") for name in foreign]
        )
    for key in said.snippets or {}:
        if not _KEY.fullmatch(key):
            message = (
                "A snippet's key has 1 to 200 characters: no quotes, no control characters, and no space at its ends."
            )
            raise InvalidFields.one(("body", "snippets", key[:_TOLD]), message)
    if said.parameters is not None:
        _check_parameters(said.parameters)


def _check_parameters(schema: Mapping[str, Any]) -> None:
    flaw = flaw_in(schema)
    if flaw is not None:
        path = (each[:_TOLD] if isinstance(each, str) else each for each in flaw.path)
        raise InvalidFields.one(("body", "parameters", *path), f"This is no JSON schema: {flaw.message}.")
    if schema.get("type", "object") != "object":
        message = "A function takes its arguments in an object: `type` is `object`, with the arguments in `properties`."
        raise InvalidFields.one(("body", "parameters", "type"), message)
