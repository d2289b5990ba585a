"""Tools of an organisation."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Row, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop import errors
from everloop.domain.ids import OrganisationId, ToolId
from everloop.domain.organisation_tool import OrganisationTool, ToolKind
from everloop.domain.scope import Scope
from everloop.storage.changes import Changes
from everloop.storage.tool_tables import tool as table
from everloop.storage.transactions import Transactions

_read: Final = msgspec.json.Decoder().decode


def tool_of(row: Row[Any]) -> OrganisationTool:
    """The tool in a row."""
    return OrganisationTool(
        ToolId(row.id),
        ToolKind(row.kind),
        row.name,
        row.created_at,
        row.updated_at,
        row.description,
        None if row.parameters is None else _read(row.parameters),
        row.strict,
        _read(row.snippets),
    )


def _values(organisation_id: OrganisationId, tool: OrganisationTool) -> dict[str, Any]:
    return {
        "organisation_id": organisation_id,
        "id": tool.id,
        "kind": tool.kind.value,
        "name": tool.name,
        "description": tool.description,
        "parameters": None if tool.parameters is None else msgspec.json.encode(tool.parameters).decode(),
        "strict": tool.strict,
        "snippets": msgspec.json.encode(tool.snippets).decode(),
        "created_at": tool.created_at,
        "updated_at": tool.updated_at,
    }


class Tools:
    """`ports.tools.ToolStore`."""

    def __init__(self, database: Transactions, changes: Changes) -> None:
        self._database = database
        self._changes = changes

    async def create(self, scope: Scope, tool: OrganisationTool) -> None:
        async with self._database.write(scope.organisation_id) as connection:
            if await _read_tool(connection, scope, tool.id) is not None:
                raise errors.Conflict(f"A tool with the id `{tool.id}` exists already.")
            try:
                await connection.execute(insert(table).values(_values(scope.organisation_id, tool)))
            except IntegrityError as error:
                raise _taken(tool.name) from error
            await self._changes.record(connection, scope.organisation_id)

    async def get(self, scope: Scope, tool_id: ToolId) -> OrganisationTool | None:
        async with self._database.read() as connection:
            return await _read_tool(connection, scope, tool_id)

    async def all(self, scope: Scope) -> tuple[OrganisationTool, ...]:
        query = select(table).where(table.c.organisation_id == scope.organisation_id).order_by(table.c.name)
        async with self._database.read() as connection:
            return tuple(tool_of(row) for row in (await connection.execute(query)).all())

    async def change(
        self, scope: Scope, tool_id: ToolId, change: Callable[[OrganisationTool], OrganisationTool]
    ) -> OrganisationTool:
        async with self._database.write(scope.organisation_id) as connection:
            after = change(await _require(connection, scope, tool_id))
            values = _values(scope.organisation_id, after)
            try:
                await connection.execute(update(table).where(_this(scope, tool_id)).values(values))
            except IntegrityError as error:
                raise _taken(after.name) from error
            await self._changes.record(connection, scope.organisation_id)
            return after

    async def delete(self, scope: Scope, tool_id: ToolId) -> None:
        async with self._database.write(scope.organisation_id) as connection:
            await _require(connection, scope, tool_id)
            await connection.execute(delete(table).where(_this(scope, tool_id)))
            await self._changes.record(connection, scope.organisation_id)


def _this(scope: Scope, tool_id: ToolId) -> ColumnElement[bool]:
    return and_(table.c.organisation_id == scope.organisation_id, table.c.id == tool_id)


async def _read_tool(connection: AsyncConnection, scope: Scope, tool_id: ToolId) -> OrganisationTool | None:
    row = (await connection.execute(select(table).where(_this(scope, tool_id)))).one_or_none()
    return None if row is None else tool_of(row)


async def _require(connection: AsyncConnection, scope: Scope, tool_id: ToolId) -> OrganisationTool:
    tool = await _read_tool(connection, scope, tool_id)
    if tool is None:
        raise errors.NotFound(f"There is no tool with the id `{tool_id}`.")
    return tool


def _taken(name: str) -> errors.Conflict:
    return errors.Conflict(f"A tool named `{name}` exists already.")
