"""Judging the whole past of an experiment anew, when other labels count as success."""

from typing import Any

from sqlalchemy import ColumnElement, Double, Row, Select, and_, case, cast, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.evidence import Summary
from everloop.domain.experiment import Experiment
from everloop.domain.feedback import label_of
from everloop.domain.outcome import PositiveLabel
from everloop.domain.scope import Scope
from everloop.storage.experiment_tables import arm_outcome, trial
from everloop.storage.feedback_rows import read_value
from everloop.storage.log_tables import log
from everloop.storage.outcomes import put_summary
from everloop.storage.tables import feedback


async def judge_anew(connection: AsyncConnection, scope: Scope, experiment: Experiment, now: int) -> None:
    """Sets the tallies of all trials and the summaries of all arms as if the labels had always been these.

    The database does the counting: 100,000 rated logs take about a second, and other writes wait meanwhile.
    """
    mine = and_(trial.c.organisation_id == scope.organisation_id, trial.c.experiment_id == experiment.id)
    known = and_(arm_outcome.c.organisation_id == scope.organisation_id, arm_outcome.c.experiment_id == experiment.id)
    places: dict[tuple[str, str], Row[Any]] = {}
    for row in (await connection.execute(select(arm_outcome).where(known))).all():
        places[row.environment_id, row.config_id] = row
    await connection.execute(update(trial).where(mine, trial.c.rated > 0).values(positive=0, rated=0))
    if experiment.positive_labels:
        tallies = (await _tallies(connection, scope, experiment)).subquery()
        counted = and_(mine, trial.c.id == tallies.c.trial_id)
        await connection.execute(
            update(trial).where(counted).values(positive=tallies.c.positive, rated=tallies.c.rated)
        )
    summaries: dict[tuple[str, str], Summary] = dict.fromkeys(places, Summary())
    for row in (await connection.execute(_summaries(mine))).all():
        places[row.environment_id, row.config_id] = row
        summaries[row.environment_id, row.config_id] = Summary(row.units, row.total, row.squares)
    for place, summary in summaries.items():
        await put_summary(connection, places[place], summary, now, now - experiment.created_at)


async def _tallies(connection: AsyncConnection, scope: Scope, experiment: Experiment) -> Select[Any]:
    """Of each trial with rated logs: how many of them are positive, and how many are rated."""
    in_log = and_(log.c.organisation_id == feedback.c.organisation_id, log.c.id == feedback.c.log_id)
    rating = and_(
        feedback.c.organisation_id == scope.organisation_id,
        feedback.c.project_id == experiment.project_id,
        feedback.c.type.in_({label.type for label in experiment.positive_labels}),
    )
    success = await _success(connection, rating, experiment.positive_labels)
    logs = (
        select(log.c.trial_id, func.max(case((success, 1), else_=0)).label("positive"))
        .select_from(feedback.join(log, in_log))
        .where(rating, log.c.experiment_id == experiment.id, log.c.trial_id.is_not(None))
        .group_by(log.c.trial_id, log.c.id)
        .subquery()
    )
    return select(logs.c.trial_id, func.sum(logs.c.positive).label("positive"), func.count().label("rated")).group_by(
        logs.c.trial_id
    )


async def _success(
    connection: AsyncConnection, rating: ColumnElement[bool], labels: tuple[PositiveLabel, ...]
) -> ColumnElement[bool]:
    """The feedback that is one of the labels, by the texts that are stored: one label may be written in two ways."""
    query = select(feedback.c.type, feedback.c.value).where(rating).distinct()
    texts = [
        and_(feedback.c.type == row.type, feedback.c.value == row.value)
        for row in (await connection.execute(query)).all()
        if PositiveLabel(row.type, label_of(read_value(row.value))) in labels
    ]
    return or_(*texts) if texts else feedback.c.number < 0


def _summaries(mine: ColumnElement[bool]) -> Select[Any]:
    mean = cast(trial.c.positive, Double) / trial.c.rated
    place = (trial.c.organisation_id, trial.c.experiment_id, trial.c.environment_id, trial.c.config_id)
    return (
        select(
            *place,
            func.count().label("units"),
            func.sum(mean).label("total"),
            func.sum(mean * mean).label("squares"),
        )
        .where(mine, trial.c.rated > 0)
        .group_by(*place)
    )
