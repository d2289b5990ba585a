"""Outcomes: how feedback on the logs of experiments becomes the results of their arms, change by change."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, and_, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.evidence import Summary
from everloop.domain.feedback import Feedback
from everloop.domain.ids import LogId
from everloop.domain.outcome import Outcome, PositiveLabel, Tally, outcome_of
from everloop.domain.results import bucket_of
from everloop.domain.scope import Scope
from everloop.storage.experiment_rows import labels_of
from everloop.storage.experiment_tables import arm_moment, arm_outcome, experiment, trial
from everloop.storage.feedback_rows import feedback_of_logs
from everloop.storage.folded import fold_here
from everloop.storage.log_tables import log


@dataclass(frozen=True, slots=True)
class _Rateable:
    """A log whose outcome counts for an arm."""

    log_id: LogId
    trial_id: str
    began: int
    labels: tuple[PositiveLabel, ...]


@asynccontextmanager
async def following(
    connection: AsyncConnection, scope: Scope, log_ids: Collection[LogId], now: int
) -> AsyncIterator[None]:
    """Compares the outcomes of these logs before and after the block and adds the difference to the results."""
    rateable = await _rateable(connection, scope, log_ids)
    before = await _outcomes(connection, scope, rateable)
    yield
    after = await _outcomes(connection, scope, rateable)
    for each in rateable:
        if before[each.log_id] is not after[each.log_id]:
            await _move(connection, scope, each, before[each.log_id], after[each.log_id], now)


async def _rateable(connection: AsyncConnection, scope: Scope, log_ids: Collection[LogId]) -> list[_Rateable]:
    if not log_ids:
        return []
    joined = and_(experiment.c.organisation_id == log.c.organisation_id, experiment.c.id == log.c.experiment_id)
    query = (
        select(log.c.id, log.c.trial_id, experiment.c.created_at, experiment.c.positive_labels)
        .select_from(log.join(experiment, joined))
        .where(log.c.organisation_id == scope.organisation_id, log.c.id.in_(log_ids), log.c.trial_id.is_not(None))
        .where(experiment.c.deleted_at.is_(None))
    )
    return [
        _Rateable(LogId(row.id), row.trial_id, row.created_at, labels_of(row.positive_labels))
        for row in (await connection.execute(query)).all()
    ]


async def _outcomes(connection: AsyncConnection, scope: Scope, logs: Sequence[_Rateable]) -> dict[LogId, Outcome]:
    if not logs:
        return {}
    said: dict[LogId, tuple[Feedback, ...]] = await feedback_of_logs(connection, scope, [each.log_id for each in logs])
    return {each.log_id: outcome_of(said[each.log_id], each.labels) for each in logs}


async def _move(
    connection: AsyncConnection, scope: Scope, each: _Rateable, before: Outcome, after: Outcome, now: int
) -> None:
    this = and_(trial.c.organisation_id == scope.organisation_id, trial.c.id == each.trial_id)
    query = select(trial).where(this)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        await fold_here(connection)
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        return
    tally = Tally(row.positive, row.rated)
    moved = tally.changed(before, after)
    await connection.execute(update(trial).where(this).values(positive=moved.positive, rated=moved.rated))
    present = (await connection.execute(select(arm_outcome).where(_of_arm(arm_outcome, row)))).one_or_none()
    summary = Summary() if present is None else Summary(present.units, present.total, present.squares)
    await put_summary(connection, row, summary.moved(tally.mean, moved.mean), now, now - each.began)


async def put_summary(connection: AsyncConnection, arm: Row[Any], summary: Summary, now: int, age: int) -> None:
    """Keeps an arm's summary, and as what it was in this stretch of the experiment's age. Times in milliseconds.

    `arm` is a row with the four columns that name an arm.
    """
    sums = {"units": summary.units, "total": summary.total, "squares": summary.squares}
    await _put(connection, arm_outcome, _of_arm(arm_outcome, arm), _place(arm), sums)
    bucket = bucket_of(age)
    chosen = and_(_of_arm(arm_moment, arm), arm_moment.c.bucket == bucket)
    await _put(connection, arm_moment, chosen, {**_place(arm), "bucket": bucket}, {**sums, "at": now})


async def _put(
    connection: AsyncConnection, table: Table, chosen: ColumnElement[bool], key: dict[str, Any], values: dict[str, Any]
) -> None:
    """Replaces the row, or makes it; nobody else writes meanwhile."""
    result = await connection.execute(update(table).where(chosen).values(values))
    if result.rowcount == 0:
        await connection.execute(insert(table).values({**key, **values}))


def _place(arm: Row[Any]) -> dict[str, str]:
    return {
        "organisation_id": arm.organisation_id,
        "experiment_id": arm.experiment_id,
        "environment_id": arm.environment_id,
        "config_id": arm.config_id,
    }


def _of_arm(table: Table, arm: Row[Any]) -> ColumnElement[bool]:
    return and_(*(table.c[name] == value for name, value in _place(arm).items()))
