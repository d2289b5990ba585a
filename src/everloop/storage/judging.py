"""Judging the whole past of an experiment anew, when other labels count as success."""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Double, Row, Select, and_, case, cast, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.evidence import Summary
from everloop.domain.experiment import Experiment
from everloop.domain.feedback import label_of
from everloop.domain.outcome import PositiveLabel
from everloop.domain.scope import Scope
from everloop.storage.experiment_tables import arm_outcome, trial
from everloop.storage.feedback_rows import read_value, value_text
from everloop.storage.folded import fold_here
from everloop.storage.log_tables import log
from everloop.storage.outcomes import put_summary
from everloop.storage.tables import feedback


async def judge_anew(connection: AsyncConnection, scope: Scope, experiment: Experiment, now: int) -> None:
    """Sets the tallies of all trials and the summaries of all arms as if the labels had always been these.

    The database does the counting: 100,000 rated logs take about a second, and other writes wait meanwhile.
    """
    await fold_here(connection)
    mine = and_(trial.c.organisation_id == scope.organisation_id, trial.c.experiment_id == experiment.id)
    known = and_(arm_outcome.c.organisation_id == scope.organisation_id, arm_outcome.c.experiment_id == experiment.id)
    places: dict[tuple[str, str], Row[Any]] = {}
    for row in (await connection.execute(select(arm_outcome).where(known))).all():
        places[row.environment_id, row.config_id] = row
    await connection.execute(update(trial).where(mine, trial.c.rated > 0).values(positive=0, rated=0))
    if experiment.positive_labels:
        tallies = _tallies(scope, experiment).subquery()
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


def _tallies(scope: Scope, experiment: Experiment) -> Select[Any]:
    """Of each trial with rated logs: how many of them are positive, and how many are rated.

    It is `domain.outcome.outcome_of` in the database's words: the logs may be too many to bring them all here.
    """
    in_log = and_(log.c.organisation_id == feedback.c.organisation_id, log.c.id == feedback.c.log_id)
    rating = and_(
        feedback.c.organisation_id == scope.organisation_id,
        feedback.c.project_id == experiment.project_id,
        feedback.c.type.in_({label.type for label in experiment.positive_labels}),
    )
    texts = [text for label in experiment.positive_labels for text in _stored(label)]
    success = tuple_(feedback.c.type, feedback.c.value).in_(texts)
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


def _stored(label: PositiveLabel) -> list[tuple[str, str]]:
    """Type and stored value of all feedback that is this label.

    A value is stored as JSON, and reads as itself when it is a text, else as JSON (`domain.feedback.label_of`). So the
    label `true` may be that text, or the value true.
    """
    found = [(label.type, value_text(label.value))]
    try:
        other = read_value(label.value)
    except msgspec.DecodeError:
        return found
    return [*found, (label.type, value_text(other))] if label_of(other) == label.value else found


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
