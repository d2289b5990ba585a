"""How many logs there are, and where in them a page begins.

On SQLite the kept counts (`counting`) tell of the logs up to the mark of `folding`, and the few above it are looked at.
On PostgreSQL the logs are counted.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, TextClause, and_, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.ids import ConfigId, OrganisationId, ProjectId
from everloop.domain.value import value
from everloop.storage.counting import STRETCH
from everloop.storage.log_tables import log

# The row id of the mark. Without one, or when its log was deleted by others, every log is looked at.
_REACH: Final = (
    "WITH reach (after) AS (SELECT coalesce((SELECT log.rowid FROM folding JOIN log"
    " ON log.organisation_id = folding.organisation_id AND log.id = folding.log_id WHERE folding.id = 1), 0))"
)
_KEPT: Final = "(SELECT after FROM reach) > 0 AND organisation_id = :organisation_id"
_NEW: Final = "log NOT INDEXED WHERE rowid > (SELECT after FROM reach) AND organisation_id = :organisation_id"


def _counting(table: str, owner: str) -> TextClause:
    query = (
        f"{_REACH} SELECT {owner}, sum(logs), max(last_at) FROM ("  # noqa: S608 - our own words
        f"SELECT {owner}, logs, last_at FROM {table} WHERE {_KEPT} AND {owner} IN :ids"
        f" UNION ALL SELECT {owner}, 1, created_at FROM {_NEW} AND {owner} IN :ids) GROUP BY {owner}"
    )
    return text(query).bindparams(bindparam("ids", expanding=True))


_PROJECTS: Final = _counting("project_logs", "project_id")
_CONFIGS: Final = _counting("config_logs", "config_id")
_PLACE: Final = text(
    f"{_REACH}, stretches AS (SELECT stretch, sum(logs) AS logs FROM ("  # noqa: S608 - our own words
    f"SELECT stretch, logs FROM project_logs WHERE {_KEPT} AND project_id = :project_id"
    f" UNION ALL SELECT substr(id, 1, {STRETCH}), 1 FROM {_NEW} AND project_id = :project_id) GROUP BY stretch),"
    " through AS (SELECT stretch, logs, sum(logs) OVER (ORDER BY stretch DESC) AS logs_through FROM stretches)"
    " SELECT coalesce(sum(logs), 0), coalesce(sum(logs) FILTER (WHERE logs_through <= :offset), 0),"
    " min(stretch) FILTER (WHERE logs_through <= :offset) FROM through"
)


@value
class Use:
    """So many logs, and when the last of them was made, in Unix milliseconds: None when there is none."""

    logs: int
    last_at: int | None


_UNUSED: Final = Use(0, None)


@value
class Place:
    """Where a page begins among the logs of a project, newest first: so many after all that are not below an id."""

    total: int
    below: str | None
    offset: int


async def place(
    connection: AsyncConnection, organisation_id: OrganisationId, project_id: ProjectId, offset: int
) -> Place:
    """The place of the log that has so many before it, and how many logs the project has."""
    if not _keeps(connection):
        counts = await of_projects(connection, organisation_id, [project_id])
        return Place(counts[project_id], None, offset)
    values = {"organisation_id": organisation_id, "project_id": project_id, "offset": offset}
    total, before, below = (await connection.execute(_PLACE, values)).one()
    return Place(total, below, offset - before)


async def of_projects(
    connection: AsyncConnection, organisation_id: OrganisationId, ids: Sequence[ProjectId]
) -> dict[ProjectId, int]:
    """How many logs each project has."""
    found = await _found(connection, _PROJECTS, log.c.project_id, organisation_id, ids)
    return {each: found.get(each, _UNUSED).logs for each in ids}


async def of_configs(
    connection: AsyncConnection, organisation_id: OrganisationId, ids: Sequence[ConfigId]
) -> dict[ConfigId, Use]:
    """How many logs each config has, and when the last was made. On SQLite that may be one that was deleted since."""
    found = await _found(connection, _CONFIGS, log.c.config_id, organisation_id, ids)
    return {each: found.get(each, _UNUSED) for each in ids}


async def _found(
    connection: AsyncConnection,
    kept: TextClause,
    owner: ColumnElement[str] | ColumnElement[str | None],
    organisation_id: OrganisationId,
    ids: Sequence[str],
) -> dict[str, Use]:
    if _keeps(connection):
        found = await connection.execute(kept, {"organisation_id": organisation_id, "ids": ids})
    else:
        mine = and_(log.c.organisation_id == organisation_id, owner.in_(ids))
        query = select(owner, func.count(), func.max(log.c.created_at)).where(mine).group_by(owner)
        found = await connection.execute(query)
    return {each: Use(logs, last_at) for each, logs, last_at in found.all()}


def _keeps(connection: AsyncConnection) -> bool:
    return connection.dialect.name == "sqlite"
