"""The port to the tools of an organisation."""

from collections.abc import Callable
from typing import Protocol

from everloop.domain.ids import ToolId
from everloop.domain.organisation_tool import OrganisationTool
from everloop.domain.scope import Scope


class ToolStore(Protocol):
    """Tools, by which templates and models are answered; every write is told in the feed."""

    async def create(self, scope: Scope, tool: OrganisationTool) -> None:
        """Raises `errors.Conflict` when the name or the id is taken."""
        ...

    async def get(self, scope: Scope, tool_id: ToolId) -> OrganisationTool | None: ...

    async def all(self, scope: Scope) -> tuple[OrganisationTool, ...]:
        """By name."""
        ...

    async def change(
        self, scope: Scope, tool_id: ToolId, change: Callable[[OrganisationTool], OrganisationTool]
    ) -> OrganisationTool:
        """Replaces the tool by what `change` makes of its present state, alone with it.

        Raises what `change` raises, `errors.NotFound`, and `errors.Conflict` when another tool has the name.
        """
        ...

    async def delete(self, scope: Scope, tool_id: ToolId) -> None:
        """Takes it away for good. Raises `errors.NotFound`."""
        ...
