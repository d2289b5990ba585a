"""What a log must meet to pass a filter, as conditions of queries that are the same on both databases."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Text, and_, func, literal, or_, select

from everloop.domain.ids import ProjectId
from everloop.domain.log_filter import FeedbackFilter, LogFilter, VersionStatus, as_in_json, folded, letters
from everloop.domain.scope import Scope
from everloop.storage.log_tables import log, log_body
from everloop.storage.said_values import texts_of
from everloop.storage.tables import feedback, model_config
from everloop.storage.text_functions import has_nul, has_part, model_in, searchable, small_ascii
from everloop.storage.texts import place_of

BODY: Final = and_(log_body.c.organisation_id == log.c.organisation_id, log_body.c.log_id == log.c.id)
MODEL: Final = model_in(model_config.c.config)


def conditions(scope: Scope, project_id: ProjectId, chosen: LogFilter) -> list[ColumnElement[bool]]:
    """On `log`, and on `log_body` joined by `BODY` when texts are searched."""
    found = [log.c.organisation_id == scope.organisation_id, log.c.project_id == project_id]
    if chosen.search:
        inside = _has(log_body.c.inputs, as_in_json(chosen.search))
        found.append(or_(inside, _has_beside_nul(log_body.c.output, chosen.search)))
    if chosen.metadata_search:
        found.append(_has(log_body.c.metadata, chosen.metadata_search))
    if chosen.version_status is not None:
        found.append(and_(log.c.config_id.is_not(None), is_committed(chosen)))
    if chosen.since is not None:
        found.append(log.c.created_at >= chosen.since)
    if chosen.before is not None:
        found.append(log.c.created_at < chosen.before)
    if chosen.sources:
        found.append(is_one_of(log.c.source, chosen.sources))
    if chosen.models:
        found.append(is_of_models(log.c.config_id, None, scope, project_id, chosen.models))
    return found + [log.c.id.in_(_said(scope, project_id, each)) for each in chosen.feedback]


def is_committed(chosen: LogFilter) -> ColumnElement[bool]:
    """Whether those are asked for that have a config: others are not there."""
    return literal(chosen.version_status is VersionStatus.COMMITTED)


def is_one_of(column: ColumnElement[Any], values: Sequence[str | None]) -> ColumnElement[bool]:
    """Whether a column has one of the values, of which None is one."""
    there = column.in_([each for each in values if each is not None])
    return or_(column.is_(None), there) if None in values else there


def is_of_models(
    config_id: ColumnElement[Any],
    no_config: str | None,
    scope: Scope,
    project_id: ProjectId,
    models: Sequence[str | None],
) -> ColumnElement[bool]:
    """Whether the config of that id has one of the models, of which None is one; `no_config` stands for no id."""
    mine = and_(model_config.c.organisation_id == scope.organisation_id, model_config.c.project_id == project_id)
    known = select(model_config.c.id).where(mine)
    there = config_id.in_(known.where(MODEL.in_([each for each in models if each is not None])))
    if None not in models:
        return there
    return or_(config_id.is_not_distinct_from(no_config), config_id.not_in(known.where(MODEL.is_not(None))), there)


def _has(text: ColumnElement[Any], part: str) -> ColumnElement[bool]:
    """Whether a text without NUL holds another one, in letters of either case (`domain.log_filter.folded`)."""
    if any(letters(part)):
        return _has_letters(text, part)
    return has_part(text, literal(folded(part), Text))


def _has_beside_nul(text: ColumnElement[Any], part: str) -> ColumnElement[bool]:
    """The same of any text."""
    plain = searchable(text)
    return or_(_has(plain, part), and_(has_nul(text), _has_letters(plain, part)))


def _has_letters(text: ColumnElement[Any], part: str) -> ColumnElement[bool]:
    small: ColumnElement[Any] = small_ascii(text)
    for upper, lower in letters(part):
        small = func.replace(small, upper, lower)
    return place_of(small, literal(folded(part), Text)) > 0


def _said(scope: Scope, project_id: ProjectId, wanted: FeedbackFilter) -> Select[Any]:
    """The logs with such feedback."""
    texts = sorted(texts_of(wanted))
    mine = and_(feedback.c.organisation_id == scope.organisation_id, feedback.c.project_id == project_id)
    return select(feedback.c.log_id).where(mine, feedback.c.type == wanted.type, feedback.c.value.in_(texts))
