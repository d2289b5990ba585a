"""Feedback types and their labels, added and read within a transaction of someone else."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop import errors
from everloop.domain.feedback import FeedbackClass, FeedbackType, Sentiment
from everloop.domain.feedback_room import require_room
from everloop.domain.ids import OrganisationId, ProjectId
from everloop.storage.tables import feedback_label as label_table
from everloop.storage.tables import feedback_type as type_table

_NONE: Final[tuple[FeedbackType, ...]] = ()


async def read_types(
    connection: AsyncConnection, organisation_id: OrganisationId, project_ids: Sequence[ProjectId]
) -> dict[ProjectId, tuple[FeedbackType, ...]]:
    """The types of each project, in order of creation; none for a project that is not the organisation's."""
    labels: dict[tuple[str, str], dict[str, Sentiment]] = {}
    for row in await connection.execute(
        select(label_table)
        .where(label_table.c.organisation_id == organisation_id, label_table.c.project_id.in_(project_ids))
        .order_by(label_table.c.number)
    ):
        labels.setdefault((row.project_id, row.type), {})[row.value] = Sentiment(row.sentiment)
    found: dict[ProjectId, tuple[FeedbackType, ...]] = dict.fromkeys(project_ids, _NONE)
    for row in await connection.execute(
        select(type_table)
        .where(type_table.c.organisation_id == organisation_id, type_table.c.project_id.in_(project_ids))
        .order_by(type_table.c.number)
    ):
        kind = FeedbackType(row.name, FeedbackClass(row.kind), labels.get((row.project_id, row.name), {}))
        found[ProjectId(row.project_id)] += (kind,)
    return found


async def add_types(
    connection: AsyncConnection, organisation_id: OrganisationId, project_id: ProjectId, types: Sequence[FeedbackType]
) -> dict[str, FeedbackType]:
    """Adds the types and labels that the project does not have yet; all of its types by name, as they are then.

    Raises `errors.Conflict` when the project has a type of that name and another class, `errors.Unprocessable` for more
    than a project may have.
    """
    known = {each.name: each for each in (await read_types(connection, organisation_id, [project_id]))[project_id]}
    wanted: dict[str, set[str]] = {}
    for each in types:
        wanted.setdefault(each.name, set()).update(each.labels)
    require_room(known.values(), wanted)
    place = {"organisation_id": organisation_id, "project_id": project_id}
    rows = []
    for each in types:
        there = known.get(each.name)
        if there is None:
            await connection.execute(insert(type_table).values(**place, name=each.name, kind=each.kind.value))
        elif there.kind is not each.kind:
            raise errors.Conflict(f"The feedback type `{each.name}` is of the class `{there.kind}`, not `{each.kind}`.")
        labels = {} if there is None else dict(there.labels)
        fresh = {value: sentiment for value, sentiment in each.labels.items() if value not in labels}
        for value, sentiment in fresh.items():
            rows.append({**place, "type": each.name, "value": value, "sentiment": sentiment.value})
        known[each.name] = FeedbackType(each.name, each.kind, labels | fresh)
    if rows:
        await connection.execute(insert(label_table), rows)
    return known
