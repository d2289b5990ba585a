"""Tools of the organisation on the wire."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from everloop.api.fields import Answer, Request, Text, moment
from everloop.domain.organisation_tool import MOST_SNIPPETS, NAME, OrganisationTool, ToolChange, ToolKind
from everloop.services.tools import NewTool

ToolName = Annotated[str, Field(pattern=NAME, description="1 to 64 letters, digits, `_` and `-`; unique.")]
Description = Annotated[Text | None, Field(description="For the model, or for people.")]
Parameters = Annotated[dict[str, Any] | None, Field(description="JSON Schema of the arguments: of kind `json_schema`.")]
Strict = Annotated[bool | None, Field(description="Whether the model must keep to the schema exactly.")]
Snippet = Annotated[str, Field(max_length=100_000)]


def _few(value: object) -> object:
    """Before each is looked at: a million wrong ones would be a million errors."""
    if isinstance(value, dict) and len(value) > MOST_SNIPPETS:
        raise ValueError(f"at most {MOST_SNIPPETS} snippets")
    return value


Few: Final = (Field(max_length=MOST_SNIPPETS), BeforeValidator(_few))


class ToolCreateBody(Request):
    """A new tool."""

    id: str | None = Field(
        None, pattern=r"^oc_[a-zA-Z0-9]{1,64}$", description="For a tool that configs link by an id from elsewhere."
    )
    kind: Literal["json_schema", "snippet"]
    name: ToolName
    description: Description = None
    parameters: Parameters = None
    strict: Strict = None
    snippets: Annotated[dict[str, Snippet], *Few] | None = Field(
        None, description="Texts by their keys: of kind `snippet`."
    )

    def new(self) -> NewTool:
        """The tool that is meant."""
        said = ToolChange(None, self.description, self.parameters, self.strict, self.snippets)
        return NewTool(ToolKind(self.kind), self.name, said, self.id)


class ToolChangeBody(Request):
    """What becomes different; null and absent leave a field as it is."""

    name: ToolName | None = None
    description: Description = None
    parameters: Parameters = None
    strict: Strict = None
    snippets: Annotated[dict[str, Snippet | None], *Few] | None = Field(
        None,
        description="Texts by their keys; a key with null goes, those that are not named stay.",
    )

    def change(self) -> ToolChange:
        """The change that is meant."""
        return ToolChange(self.name, self.description, self.parameters, self.strict, self.snippets)


class OrganisationToolResponse(Answer):
    """A tool; what its kind has not is null."""

    id: str
    kind: Literal["json_schema", "snippet"]
    name: str
    description: str | None
    parameters: dict[str, Any] | None
    strict: bool | None
    snippets: dict[str, str] | None
    created_at: datetime
    updated_at: datetime


def tool_view(tool: OrganisationTool) -> OrganisationToolResponse:
    """A tool as it is shown."""
    return OrganisationToolResponse(
        id=tool.id,
        kind=tool.kind.value,
        name=tool.name,
        description=tool.description,
        parameters=None if tool.parameters is None else dict(tool.parameters),
        strict=tool.strict,
        snippets=dict(tool.snippets) if tool.kind is ToolKind.SNIPPETS else None,
        created_at=moment(tool.created_at),
        updated_at=moment(tool.updated_at),
    )
