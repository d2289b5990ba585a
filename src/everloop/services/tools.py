"""Tools of an organisation: made, changed, deleted, and checked where configurations link them."""

from collections.abc import Sequence
from typing import Final

from everloop.domain.config import ConfigVersion, ModelConfig
from everloop.domain.ids import Prefix, ToolId
from everloop.domain.organisation_tool import OrganisationTool, ToolChange, ToolKind
from everloop.domain.scope import Scope
from everloop.domain.toolbox import Toolbox, uses
from everloop.domain.value import value
from everloop.errors import BadRequest, Conflict, InvalidFields, NotFound
from everloop.ports.system import Clock, Ids
from everloop.ports.tools import ToolStore
from everloop.services.directory import Directory

# More of them help nobody.
_MOST_NAMES: Final = 10


@value
class NewTool:
    """What a person says of a tool at its creation. `id` is given for one that had it elsewhere."""

    kind: ToolKind
    name: str
    said: ToolChange
    id: str | None = None


class ToolService:
    """The use cases of tools. Calls read them from the snapshot, people from the database."""

    def __init__(self, *, directory: Directory, tools: ToolStore, clock: Clock, ids: Ids) -> None:
        self._directory = directory
        self._tools = tools
        self._clock = clock
        self._ids = ids

    async def all(self, scope: Scope) -> tuple[OrganisationTool, ...]:
        """Every tool, by name."""
        return await self._tools.all(scope)

    async def get(self, scope: Scope, tool_id: str) -> OrganisationTool:
        """One tool. Raises `NotFound`."""
        tool = await self._tools.get(scope, ToolId(tool_id))
        if tool is None:
            raise NotFound(f"There is no tool with the id {tool_id!r}.")
        return tool

    async def create(self, scope: Scope, new: NewTool) -> OrganisationTool:
        """Makes it. Raises `InvalidFields`, and `Conflict` when the name or the id is taken."""
        now = self._clock.now()
        tool_id = ToolId(new.id or self._ids.new(Prefix.LINKED_TOOL))
        tool = new.said.applied(OrganisationTool(tool_id, new.kind, new.name, now, now), now)
        await self._tools.create(scope, tool)
        await self._directory.refresh()
        return tool

    async def update(self, scope: Scope, tool_id: str, change: ToolChange) -> OrganisationTool:
        """Changes it for every configuration that links it, and for every template that calls it.

        Raises `NotFound` and `InvalidFields`, and `Conflict` for a name that is taken, or by which templates that are
        in use call it.
        """
        if change.name is not None:
            tool = await self.get(scope, tool_id)
            if tool.kind is ToolKind.SNIPPETS and tool.name != change.name:
                await self._require_unused(scope, tool)
        now = self._clock.now()
        tool = await self._tools.change(scope, ToolId(tool_id), lambda each: change.applied(each, now))
        await self._directory.refresh()
        return tool

    async def delete(self, scope: Scope, tool_id: str) -> None:
        """Takes it away. Raises `NotFound`, and `Conflict` while something that answers calls needs it."""
        tool = await self.get(scope, tool_id)
        await self._require_unused(scope, tool)
        await self._tools.delete(scope, tool.id)
        await self._directory.refresh()

    def box(self, scope: Scope) -> Toolbox:
        """All of them, as the snapshot has them."""
        return self._directory.organisation(scope).tools

    async def refresh(self) -> None:
        """Takes in what other processes changed."""
        await self._directory.refresh()

    async def require_links(self, scope: Scope, version: ConfigVersion) -> None:
        """Raises `BadRequest` for a configuration that links a tool which went since."""
        missing = await self._missing(scope, version.config)
        if missing:
            raise BadRequest(
                f"Model config {version.id} links {_told(missing)}, which the organisation does not have any more."
            )

    async def check_links(self, scope: Scope, config: ModelConfig) -> None:
        """Raises `InvalidFields` for a configuration that links what no model can be told of."""
        missing = await self._missing(scope, config)
        if missing:
            message = (
                f"The organisation has no tool of kind `{ToolKind.FUNCTION}` with the id {_told(missing)}: make it"
                " first (`POST /api/tools` takes an `id`)."
            )
            raise InvalidFields.one(("body", "tools"), message)

    async def _require_unused(self, scope: Scope, tool: OrganisationTool) -> None:
        await self._directory.refresh()
        projects = sorted(
            view.project.name
            for view in self._directory.organisation(scope).projects.values()
            if any(uses(each.config, tool) for each in view.answering())
        )
        if projects:
            raise Conflict(
                f"Tool {tool.name!r} is needed by what is live, or by an experiment, in {_told(projects)}: let other"
                " configs answer there first."
            )

    async def _missing(self, scope: Scope, config: ModelConfig) -> list[str]:
        if self.box(scope).missing(config):
            # Another process may have made it a moment ago: one read before saying no.
            await self._directory.refresh()
        return self.box(scope).missing(config)


def _told(names: Sequence[str]) -> str:
    told = ", ".join(repr(each) for each in names[:_MOST_NAMES])
    return told if len(names) <= _MOST_NAMES else f"{told} and {len(names) - _MOST_NAMES} more"
