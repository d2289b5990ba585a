"""How many logs pass a filter in each cell of a project: a stretch of ids, a config and a source.

On SQLite the kept counts (`counting`) tell of the logs up to the mark of `folding`, and the few above it are cells of
one log. What was said of logs is counted on both databases, when it is said (`said_rows`).
Where a filter of time cuts through a stretch, its logs are cells of one log as well.
"""

from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Table,
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
from everloop.storage.log_conditions import conditions, is_committed, is_of_models
from everloop.storage.log_tables import log, project_logs
from everloop.storage.said_tables import said_cell, said_log
from everloop.storage.said_values import Said
from everloop.storage.text_functions import last_text

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
    """The columns of `project_logs` from `stretch` on; a cell may be there more than once. On SQLite.

    Of the filter all but texts and feedback count.
    """
    passing = conditions(scope, project_id, chosen)
    # Any index begins with the organisation and is of no use in a few of the newest rows; SQLite thinks otherwise.
    mine = literal_column("+log.organisation_id", Text) == scope.organisation_id
    new = select(*_OF_ONE).where(mine, *passing[1:], _ROW > _AFTER)
    kept = select(*list(project_logs.columns)[2:]).where(
        project_logs.c.organisation_id == scope.organisation_id,
        project_logs.c.project_id == project_id,
        _AFTER > 0,
        *_of_columns(project_logs, scope, project_id, chosen),
    )
    if not has_times(chosen):
        return union_all(kept, new).cte("cells")
    cut = _cut(project_logs, kept, chosen)
    rows = select(*_OF_ONE).select_from(cut.join(log, in_stretch(cut.c.stretch))).where(*passing, _ROW <= _AFTER)
    return union_all(_not_cut(project_logs, kept, cut, chosen), rows, new).cte("cells")


def said_cells(scope: Scope, project_id: ProjectId, chosen: LogFilter, said: Said) -> CTE:
    """The same of logs of which something was said, with the number of the value as `said` beside each."""
    logs = said_cell.c.newest_logs if said.newest else said_cell.c.logs
    own = ("stretch", "config_id", "source", "first_at", "last_at", "said")
    kept = select(logs.label("logs"), *(said_cell.c[name] for name in own)).where(
        said_cell.c.organisation_id == scope.organisation_id,
        said_cell.c.said.in_(said.numbers),
        logs > 0,
        *_of_columns(said_cell, scope, project_id, chosen),
    )
    if not has_times(chosen):
        return kept.cte("said_cells")
    cut = _cut(said_cell, kept, chosen)
    found = {each.name: each for each in _OF_ONE}
    rows = (
        select(found["logs"], *(found[name] for name in own[:-1]), said_log.c.said)
        .select_from(cut.join(log, in_stretch(cut.c.stretch)).join(said_log, is_said(scope, said)))
        .where(*conditions(scope, project_id, chosen))
    )
    return union_all(_not_cut(said_cell, kept, cut, chosen), rows).cte("said_cells")


def is_said(scope: Scope, said: Said) -> ColumnElement[bool]:
    """Whether a row of `said_log` is about a row of `log`, and says that."""
    found = and_(
        said_log.c.organisation_id == scope.organisation_id,
        said_log.c.said.in_(said.numbers),
        said_log.c.log_id == log.c.id,
    )
    return and_(found, said_log.c.newest == 1) if said.newest else found


def in_stretch(stretch: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a log is in a stretch. An id shorter than stretches is a stretch with which longer ones may begin."""
    # Not the stretch itself: SQLite would look for each log's stretch rather than for the logs of each stretch.
    same = func.substr(stretch, 1, STRETCH) == _STRETCH_OF_LOG
    return and_(log.c.id >= stretch, log.c.id < stretch + last_text(), same)


def _of_columns(table: Table, scope: Scope, project_id: ProjectId, chosen: LogFilter) -> list[ColumnElement[bool]]:
    """What the filter asks of a cell's config and source."""
    found = []
    if chosen.version_status is not None:
        found.append(and_(table.c.config_id != "", is_committed(chosen)))
    if chosen.sources:
        sources = ["" if each is None else SOURCE_MARK + each for each in chosen.sources]
        found.append(table.c.source.in_(sources))
    if chosen.models:
        found.append(is_of_models(table.c.config_id, "", scope, project_id, chosen.models))
    return found


def has_times(chosen: LogFilter) -> bool:
    """Whether logs of some time are asked for."""
    return chosen.since is not None or chosen.before is not None


def _cut(table: Table, kept: Select[Any], chosen: LogFilter) -> CTE:
    """The stretches with logs on both sides of a time that is asked for, or that may have them."""
    first, last = func.min(table.c.first_at), func.max(table.c.last_at)
    touched = [not_(_within(first, last, chosen))]
    if chosen.since is not None:
        touched.append(last >= chosen.since)
    if chosen.before is not None:
        touched.append(first < chosen.before)
    query = kept.with_only_columns(table.c.stretch)
    return query.group_by(table.c.stretch).having(and_(*touched)).cte(f"cut_{table.name}")


def _not_cut(table: FromClause, kept: Select[Any], cut: CTE, chosen: LogFilter) -> Select[Any]:
    within = _within(table.c.first_at, table.c.last_at, chosen)
    return kept.where(within, table.c.stretch.not_in(select(cut.c.stretch)))


def _within(first: ColumnElement[int], last: ColumnElement[int], chosen: LogFilter) -> ColumnElement[bool]:
    met: list[ColumnElement[bool]] = []
    if chosen.since is not None:
        met.append(first >= chosen.since)
    if chosen.before is not None:
        met.append(last < chosen.before)
    return and_(*met)
