"""The tools of a `FakeHouse`."""

from collections.abc import Callable
from dataclasses import dataclass

from everloop.domain.ids import ToolId
from everloop.domain.organisation_tool import OrganisationTool
from everloop.domain.scope import Scope
from everloop.errors import Conflict, NotFound
from tests.fake_stores import Memory


@dataclass
class FakeToolStore:
    memory: Memory

    async def create(self, scope: Scope, tool: OrganisationTool) -> None:
        if any(each.id == tool.id or each.name == tool.name for each in await self.all(scope)):
            raise Conflict("the name or the id is taken")
        self._put(scope, tool)

    async def get(self, scope: Scope, tool_id: ToolId) -> OrganisationTool | None:
        return self.memory.tools.get((scope.organisation_id, tool_id))

    async def all(self, scope: Scope) -> tuple[OrganisationTool, ...]:
        mine = [each for (owner, _), each in self.memory.tools.items() if owner == scope.organisation_id]
        return tuple(sorted(mine, key=lambda each: each.name))

    async def change(
        self, scope: Scope, tool_id: ToolId, change: Callable[[OrganisationTool], OrganisationTool]
    ) -> OrganisationTool:
        before = await self.get(scope, tool_id)
        if before is None:
            raise NotFound("there is no such tool")
        after = change(before)
        self._put(scope, after)
        return after

    async def delete(self, scope: Scope, tool_id: ToolId) -> None:
        if self.memory.tools.pop((scope.organisation_id, tool_id), None) is None:
            raise NotFound("there is no such tool")
        self.memory.changed(scope.organisation_id)

    def _put(self, scope: Scope, tool: OrganisationTool) -> None:
        self.memory.tools[scope.organisation_id, tool.id] = tool
        self.memory.changed(scope.organisation_id)
