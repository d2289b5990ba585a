"""The values of a type of feedback that are counted, and which of them are asked for."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final

from sqlalchemy import and_, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.feedback import FeedbackClass
from everloop.domain.ids import ProjectId
from everloop.domain.log_filter import FeedbackFilter, LogSort
from everloop.domain.scope import Scope
from everloop.domain.value import value
from everloop.storage.feedback_rows import value_text
from everloop.storage.said_tables import said_cell, said_value
from everloop.storage.tables import feedback_type

# Beyond that many, looking at the logs is as well.
_MOST: Final = 1_000
# As no text in JSON begins.
_NUMBER: Final = tuple("-0123456789")
_GOING: Final = text(
    "SELECT EXISTS (SELECT FROM pg_class WHERE relname ~ '^log_gone_[0-9]{4}_[0-9]{2}$' AND pg_table_is_visible(oid))"
)

# The numbers and the texts of values, as `said_value` has them.
Values = Sequence[tuple[int, str]]


@value
class Said:
    """Values by their numbers; `newest` when only what was said last counts."""

    numbers: tuple[int, ...]
    newest: bool = False


async def counted_values(
    connection: AsyncConnection, scope: Scope, project_id: ProjectId, type_name: str
) -> Values | None:
    """The values of a type that were said in the project; None when they are not counted, or are too many."""
    if connection.dialect.name == "postgresql" and (await connection.execute(_GOING)).scalar_one():
        # The logs of a month are away, and are still counted.
        return None
    kind = and_(feedback_type.c.organisation_id == scope.organisation_id, feedback_type.c.project_id == project_id)
    known = and_(
        said_value.c.organisation_id == feedback_type.c.organisation_id,
        said_value.c.project_id == feedback_type.c.project_id,
        said_value.c.type == feedback_type.c.name,
    )
    query = (
        select(feedback_type.c.kind, said_value.c.number, said_value.c.value)
        .select_from(feedback_type.outerjoin(said_value, known))
        .where(kind, feedback_type.c.name == type_name)
        .limit(_MOST + 1)
    )
    rows = (await connection.execute(query)).all()
    if len(rows) > _MOST or any(row.kind == FeedbackClass.TEXT for row in rows):
        return None
    return [(row.number, row.value) for row in rows if row.number is not None]


async def is_one_each(connection: AsyncConnection, scope: Scope, values: Values) -> bool:
    """Whether no log has several of the values, which are all of a type."""
    mine = and_(
        said_cell.c.organisation_id == scope.organisation_id, said_cell.c.said.in_([each for each, _ in values])
    )
    pieces, logs = func.sum(said_cell.c.logs), func.sum(said_cell.c.newest_logs)
    return bool((await connection.execute(select(pieces == logs).where(mine))).scalar_one())


def asked_for(values: Values, wanted: FeedbackFilter) -> tuple[int, ...]:
    """The numbers of the values that read as one that is wanted."""
    texts = texts_of(wanted)
    return tuple(number for number, text in values if text in texts)


def texts_of(wanted: FeedbackFilter) -> set[str]:
    """How the values that are wanted may be stored. A label is kept as JSON: the value true reads as `true`, too."""
    plain = {each for each in wanted.values if not each.startswith('"')}
    return plain | {value_text(each) for each in wanted.values}


def in_order(values: Values, sort: LogSort) -> list[tuple[int, ...]]:
    """The numbers of values that are equal, in an order: numbers before texts."""
    numbers = [each for each in values if each[1].startswith(_NUMBER)]
    texts = [each for each in values if not each[1].startswith(_NUMBER)]
    found = []
    for some, key in ((numbers, _number), (texts, _bytes)):
        ordered = sorted(some, key=key, reverse=sort.descending)
        found += [tuple(number for number, _ in equal) for _, equal in groupby(ordered, key=key)]
    return found


def _number(each: tuple[int, str]) -> Any:  # noqa: ANN401 - what is sorted by
    return float(each[1])


def _bytes(each: tuple[int, str]) -> Any:  # noqa: ANN401 - as above
    return each[1].encode()
