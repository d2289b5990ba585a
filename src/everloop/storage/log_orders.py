"""In which order logs are read: keys of queries that are the same on both databases."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Double, FromClause, Select, Subquery, and_, case, cast, func, select

from everloop.domain.ids import ProjectId
from everloop.domain.log_filter import LogColumn, LogSort
from everloop.domain.scope import Scope
from everloop.storage.log_conditions import MODEL
from everloop.storage.log_tables import log
from everloop.storage.tables import feedback, model_config
from everloop.storage.text_functions import bytewise


def ordered(
    query: Select[Any], place: FromClause, order: Sequence[LogSort], scope: Scope, project_id: ProjectId
) -> Select[Any]:
    """The query from a place that has `log`, in an order: equal logs newest first, what has no value last."""
    keys: list[ColumnElement[Any]] = []
    for number, each in enumerate(order):
        place, values = _keyed(place, each, scope, project_id, number)
        keys += [directed(value, each) for value in values]
    return query.select_from(place).order_by(*keys, log.c.id.desc())


def directed(key: ColumnElement[Any], sort: LogSort) -> ColumnElement[Any]:
    """A key up or down, what is none last."""
    return (key.desc() if sort.descending else key.asc()).nulls_last()


def models_of(scope: Scope, project_id: ProjectId) -> Subquery:
    """The `id` of each of the project's configs and its `model`."""
    mine = and_(model_config.c.organisation_id == scope.organisation_id, model_config.c.project_id == project_id)
    return select(model_config.c.id, MODEL.label("model")).where(mine).subquery()


def model_ranks(scope: Scope, project_id: ProjectId) -> Subquery:
    """The `id` of each of the project's configs and the `rank` of its model, so that each is unpacked but once."""
    mine = and_(model_config.c.organisation_id == scope.organisation_id, model_config.c.project_id == project_id)
    rank = func.dense_rank().over(order_by=bytewise(MODEL))
    return select(model_config.c.id, case((MODEL.is_not(None), rank)).label("rank")).where(mine).subquery()


def _keyed(
    place: FromClause, sort: LogSort, scope: Scope, project_id: ProjectId, number: int
) -> tuple[FromClause, list[ColumnElement[Any]]]:
    """What a key is read from, and its values, of which at most one is there."""
    match sort.column:
        case LogColumn.SOURCE:
            return place, [bytewise(log.c.source)]
        case LogColumn.MODEL:
            ranks = model_ranks(scope, project_id).alias(f"ranks_{number}")
            return place.outerjoin(ranks, ranks.c.id == log.c.config_id), [ranks.c.rank]
        case LogColumn.TIMESTAMP:
            return place, [log.c.created_at]
        case None:
            return place, _last_said(sort.feedback_type or "")


def _last_said(name: str) -> list[ColumnElement[Any]]:
    """The newest feedback of a type on a log: a number or else a text."""
    mine = and_(
        feedback.c.organisation_id == log.c.organisation_id, feedback.c.log_id == log.c.id, feedback.c.type == name
    )
    newest = [feedback.c.created_at.desc(), feedback.c.number.desc()]
    return [
        select(each).where(mine).correlate(log).order_by(*newest).limit(1).scalar_subquery()
        for each in said_keys(feedback.c.value)
    ]


def said_keys(value: ColumnElement[str]) -> list[ColumnElement[Any]]:
    """The number that the value of feedback is, and the text: at most one of them is there."""
    # As no text in JSON begins.
    is_number = func.substr(value, 1, 1).in_(list("-0123456789"))
    return [case((is_number, cast(value, Double))), case((is_number, None), else_=bytewise(value))]
