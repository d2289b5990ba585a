"""Feedback as rows and back."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.feedback import Feedback, Value
from everloop.domain.ids import FeedbackId, LogId
from everloop.domain.scope import Scope
from everloop.storage.tables import feedback as table

_VALUE: Final = msgspec.json.Decoder(Value)


async def feedback_of_logs(
    connection: AsyncConnection, scope: Scope, log_ids: Sequence[LogId]
) -> dict[LogId, tuple[Feedback, ...]]:
    """The feedback of each log, oldest first."""
    query = (
        select(table)
        .where(table.c.organisation_id == scope.organisation_id, table.c.log_id.in_(log_ids))
        .order_by(table.c.created_at, table.c.number)
    )
    found: dict[LogId, list[Feedback]] = {log_id: [] for log_id in log_ids}
    for row in (await connection.execute(query)).all():
        found[LogId(row.log_id)].append(feedback_of(row))
    return {log_id: tuple(pieces) for log_id, pieces in found.items()}


def value_text(value: Value) -> str:
    """A value as it is stored: JSON."""
    return msgspec.json.encode(value).decode()


def read_value(text: str) -> Value:
    """The value that is stored as this JSON."""
    value: Value = _VALUE.decode(text)
    return value


def feedback_of(row: Row[Any]) -> Feedback:
    """The piece of feedback in a row."""
    return Feedback(FeedbackId(row.id), LogId(row.log_id), row.type, read_value(row.value), row.created_at, row.user)
