"""How many logs pass a filter in each cell of a project: a stretch of ids, a config and a source. On SQLite.

The kept counts (`counting`) tell of the logs up to the mark of `folding`, and the few above it are cells of one log.
Where a filter of time cuts through a stretch, its logs are cells of one log as well.
"""

from typing import Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Text,
    and_,
    column,
    func,
    literal,
    literal_column,
    not_,
    select,
    text,
    union_all,
)

from everloop.domain.ids import ProjectId
from everloop.domain.log_filter import LogFilter
from everloop.domain.scope import Scope
from everloop.storage.counting import SOURCE_MARK, STRETCH
from everloop.storage.log_conditions import conditions, configs_of, is_committed
from everloop.storage.log_tables import log, project_logs

# The row id of the mark, as `log_counts` has it.
_REACH: Final = (
    text(
        "SELECT coalesce((SELECT log.rowid FROM folding JOIN log"
        " ON log.organisation_id = folding.organisation_id AND log.id = folding.log_id WHERE folding.id = 1), 0)"
        " AS after"
    )
    .columns(column("after", Integer))
    .cte("reach")
)
_AFTER: Final = select(_REACH.c.after).scalar_subquery()
_ROW: Final[ColumnElement[int]] = literal_column("log.rowid", Integer)
# Bytes that no text has sort behind all that begins alike.
_END: Final[ColumnElement[str]] = literal_column("CAST(x'ff' AS TEXT)")
_STRETCH_OF_LOG: Final = func.substr(log.c.id, 1, STRETCH)
# What a log has in place of the cell's columns.
SOURCE_OF_LOG: Final = literal(SOURCE_MARK) + log.c.source
_OF_ONE: Final = (
    _STRETCH_OF_LOG.label("stretch"),
    func.coalesce(log.c.config_id, "").label("config_id"),
    func.coalesce(SOURCE_OF_LOG, "").label("source"),
    literal_column("1", Integer).label("logs"),
    log.c.created_at.label("first_at"),
    log.c.created_at.label("last_at"),
)


def cells(scope: Scope, project_id: ProjectId, chosen: LogFilter) -> CTE:
    """The columns of `project_logs` from `stretch` on; a cell may be there more than once.

    Of the filter all but texts and feedback count.
    """
    passing = conditions(scope, project_id, chosen)
    # Any index begins with the organisation and is of no use in a few of the newest rows; SQLite thinks otherwise.
    mine = literal_column("+log.organisation_id", Text) == scope.organisation_id
    new = select(*_OF_ONE).where(mine, *passing[1:], _ROW > _AFTER)
    kept = select(*list(project_logs.columns)[2:]).where(*_kept(scope, project_id, chosen))
    if chosen.since is None and chosen.before is None:
        return union_all(kept, new).cte("cells")
    cut = _cut(scope, project_id, chosen)
    kept = kept.where(_within(project_logs.c.first_at, project_logs.c.last_at, chosen))
    kept = kept.where(project_logs.c.stretch.not_in(select(cut.c.stretch)))
    rows = select(*_OF_ONE).select_from(cut.join(log, in_stretch(cut.c.stretch))).where(*passing, _ROW <= _AFTER)
    return union_all(kept, rows, new).cte("cells")


def in_stretch(stretch: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a log is in a stretch. An id shorter than stretches is a stretch with which longer ones may begin."""
    return and_(log.c.id >= stretch, log.c.id < stretch + _END, stretch == _STRETCH_OF_LOG)


def _kept(scope: Scope, project_id: ProjectId, chosen: LogFilter) -> list[ColumnElement[bool]]:
    found = [
        project_logs.c.organisation_id == scope.organisation_id,
        project_logs.c.project_id == project_id,
        _AFTER > 0,
    ]
    if chosen.version_status is not None:
        found.append(and_(project_logs.c.config_id != "", is_committed(chosen)))
    if chosen.sources:
        found.append(project_logs.c.source.in_([SOURCE_MARK + each for each in chosen.sources]))
    if chosen.models:
        found.append(project_logs.c.config_id.in_(configs_of(scope, project_id, chosen.models)))
    return found


def _cut(scope: Scope, project_id: ProjectId, chosen: LogFilter) -> CTE:
    """The stretches with logs on both sides of a time that is asked for, or that may have them."""
    first, last = func.min(project_logs.c.first_at), func.max(project_logs.c.last_at)
    touched = [not_(_within(first, last, chosen))]
    if chosen.since is not None:
        touched.append(last >= chosen.since)
    if chosen.before is not None:
        touched.append(first < chosen.before)
    query = select(project_logs.c.stretch).where(*_kept(scope, project_id, chosen))
    return query.group_by(project_logs.c.stretch).having(and_(*touched)).cte("cut")


def _within(first: ColumnElement[int], last: ColumnElement[int], chosen: LogFilter) -> ColumnElement[bool]:
    met: list[ColumnElement[bool]] = []
    if chosen.since is not None:
        met.append(first >= chosen.since)
    if chosen.before is not None:
        met.append(last < chosen.before)
    return and_(*met)
