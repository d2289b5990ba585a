"""Logs that pass a filter, in an order: the queries, the same on both databases."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Double,
    FromClause,
    Row,
    ScalarSelect,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.ids import ProjectId
from everloop.domain.log_filter import (
    FeedbackFilter,
    LogColumn,
    LogFilter,
    LogSort,
    VersionStatus,
    as_in_json,
    folded,
    letters,
)
from everloop.domain.page import PageRequest
from everloop.domain.scope import Scope
from everloop.storage.feedback_rows import value_text
from everloop.storage.log_tables import log, log_body
from everloop.storage.tables import feedback, model_config
from everloop.storage.text_functions import bytewise, model_in, searchable, small_ascii
from everloop.storage.texts import place_of

_BODY: Final = and_(log_body.c.organisation_id == log.c.organisation_id, log_body.c.log_id == log.c.id)
_CONFIG: Final = and_(model_config.c.organisation_id == log.c.organisation_id, model_config.c.id == log.c.config_id)
_MODEL: Final = model_in(model_config.c.config)


async def read_page(
    connection: AsyncConnection, scope: Scope, project_id: ProjectId, chosen: LogFilter, request: PageRequest
) -> tuple[list[Row[Any]], int]:
    """The rows of `log` on a page, and how many there are on all pages."""
    conditions = _conditions(scope, project_id, chosen)
    place = _tables(chosen)
    # Sorted by themselves: whole rows would be carried along for all that is found.
    query = _ordered(select(log.c.id).select_from(place).where(*conditions), chosen)
    ids = (await connection.execute(query.offset(request.offset).limit(request.size))).scalars().all()
    mine = and_(log.c.organisation_id == scope.organisation_id, log.c.id.in_(ids))
    rows = {row.id: row for row in (await connection.execute(select(log).where(mine))).all()} if ids else {}
    total = request.offset + len(ids)
    if len(ids) == request.size or (not ids and request.offset):
        count = select(func.count()).select_from(place).where(*conditions)
        total = (await connection.execute(count)).scalar_one()
    return [rows[each] for each in ids], total


def _tables(chosen: LogFilter) -> FromClause:
    place: FromClause = log
    if chosen.search or chosen.metadata_search:
        place = place.join(log_body, _BODY)
    if any(each.column is LogColumn.MODEL for each in chosen.order):
        place = place.outerjoin(model_config, _CONFIG)
    return place


def _conditions(scope: Scope, project_id: ProjectId, chosen: LogFilter) -> list[ColumnElement[bool]]:
    found = [log.c.organisation_id == scope.organisation_id, log.c.project_id == project_id]
    if chosen.search:
        inside = _has(log_body.c.inputs, as_in_json(chosen.search))
        found.append(or_(inside, _has(searchable(log_body.c.output), chosen.search)))
    if chosen.metadata_search:
        found.append(_has(log_body.c.metadata, chosen.metadata_search))
    if chosen.version_status is not None:
        committed = chosen.version_status is VersionStatus.COMMITTED
        found.append(and_(log.c.config_id.is_not(None), literal(committed)))
    if chosen.since is not None:
        found.append(log.c.created_at >= chosen.since)
    if chosen.before is not None:
        found.append(log.c.created_at < chosen.before)
    if chosen.sources:
        found.append(log.c.source.in_(chosen.sources))
    if chosen.models:
        found.append(log.c.config_id.in_(_configs(scope, project_id, chosen.models)))
    found += [log.c.id.in_(_said(scope, project_id, each)) for each in chosen.feedback]
    return found


def _has(text: ColumnElement[Any], part: str) -> ColumnElement[bool]:
    """Whether a text holds another one, in letters of either case (`domain.log_filter.folded`)."""
    small: ColumnElement[Any] = small_ascii(text)
    for upper, lower in letters(part):
        small = func.replace(small, upper, lower)
    return place_of(small, literal(folded(part), Text)) > 0


def _configs(scope: Scope, project_id: ProjectId, models: Sequence[str]) -> Select[Any]:
    mine = and_(model_config.c.organisation_id == scope.organisation_id, model_config.c.project_id == project_id)
    return select(model_config.c.id).where(mine, _MODEL.in_(models))


def _said(scope: Scope, project_id: ProjectId, wanted: FeedbackFilter) -> Select[Any]:
    """The logs with such feedback. A label is kept as JSON: the value true, too, reads as the label `true`."""
    plain = {value for value in wanted.values if not value.startswith('"')}
    texts = sorted(plain | {value_text(value) for value in wanted.values})
    mine = and_(feedback.c.organisation_id == scope.organisation_id, feedback.c.project_id == project_id)
    return select(feedback.c.log_id).where(mine, feedback.c.type == wanted.type, feedback.c.value.in_(texts))


def _of_type(name: str) -> ColumnElement[bool]:
    return and_(
        feedback.c.organisation_id == log.c.organisation_id,
        feedback.c.log_id == log.c.id,
        feedback.c.type == name,
    )


def _ordered(query: Select[Any], chosen: LogFilter) -> Select[Any]:
    for each in chosen.order:
        for key in _keys(each):
            query = query.order_by((key.desc() if each.descending else key.asc()).nulls_last())
    return query.order_by(log.c.id.desc())


def _keys(sort: LogSort) -> list[ColumnElement[Any]]:
    match sort.column:
        case LogColumn.SOURCE:
            return [bytewise(log.c.source)]
        case LogColumn.MODEL:
            return [bytewise(_MODEL)]
        case LogColumn.TIMESTAMP:
            return [log.c.created_at]
        case None:
            return _feedback_keys(sort.feedback_type or "")


def _feedback_keys(name: str) -> list[ColumnElement[Any]]:
    """The number that was said last, then the text: at most one of them is there."""
    value = feedback.c.value
    number = func.substr(value, 1, 1).in_(list("-0123456789"))
    return [
        _last(name, case((number, cast(value, Double)))),
        _last(name, case((number, None), else_=bytewise(value))),
    ]


def _last(name: str, what: ColumnElement[Any]) -> ScalarSelect[Any]:
    query = select(what).where(_of_type(name)).correlate(log)
    return query.order_by(feedback.c.created_at.desc(), feedback.c.number.desc()).limit(1).scalar_subquery()
