"""Experiments as rows and back, within a transaction of whoever asks."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, FromClause, Row, and_, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop import errors
from everloop.domain.config import Endpoint
from everloop.domain.experiment import Arm, Experiment, ExperimentStatus
from everloop.domain.ids import ConfigId, ExperimentId, OrganisationId, ProjectId
from everloop.domain.outcome import PositiveLabel
from everloop.domain.scope import Scope
from everloop.storage.experiment_tables import experiment as table
from everloop.storage.experiment_tables import experiment_arm as arm_table

# An organisation's id, and that of something of its own.
_Key = tuple[str, str]
# SQLite takes 32,766 values in a statement (https://www.sqlite.org/limits.html).
_MOST_IDS: Final = 30_000
_read_labels: Final = msgspec.json.Decoder(tuple[PositiveLabel, ...]).decode


def labels_of(text: str) -> tuple[PositiveLabel, ...]:
    """The positive labels in a row."""
    return _read_labels(text)


def present(organisation_id: OrganisationId) -> ColumnElement[bool]:
    """The organisation's experiments that are not deleted."""
    return and_(table.c.organisation_id == organisation_id, table.c.deleted_at.is_(None))


def by_organisation(keys: Iterable[_Key]) -> list[tuple[str, list[str]]]:
    """The ids of each organisation, in portions that a statement takes.

    A statement for each, because SQLite would read whole tables to find pairs of ids, or all of an organisation's arms
    to find those of one project.
    """
    found: defaultdict[str, set[str]] = defaultdict(set)
    for organisation_id, each in keys:
        found[organisation_id].add(each)
    return [
        (organisation_id, sorted(ids)[start : start + _MOST_IDS])
        for organisation_id, ids in found.items()
        for start in range(0, len(ids), _MOST_IDS)
    ]


async def read_experiments(
    connection: AsyncConnection, chosen: ColumnElement[bool], source: FromClause = table
) -> dict[_Key, Experiment]:
    """The chosen ones, by their organisation's id and their own, newest first; `source` is what `chosen` is about."""
    query = select(table).select_from(source).where(chosen)
    rows = (await connection.execute(query.order_by(table.c.number.desc()))).all()
    arms: defaultdict[_Key, list[Arm]] = defaultdict(list)
    for organisation_id, ids in by_organisation((row.organisation_id, row.id) for row in rows):
        mine = and_(arm_table.c.organisation_id == organisation_id, arm_table.c.experiment_id.in_(ids))
        for row in (await connection.execute(select(arm_table).where(mine).order_by(arm_table.c.number))).all():
            arms[row.organisation_id, row.experiment_id].append(_arm_of(row))
    return {
        (row.organisation_id, row.id): _experiment_of(row, tuple(arms[row.organisation_id, row.id])) for row in rows
    }


async def read_experiment(
    connection: AsyncConnection, organisation_id: OrganisationId, experiment_id: ExperimentId
) -> Experiment | None:
    """One that is not deleted."""
    found = await read_experiments(connection, and_(present(organisation_id), table.c.id == experiment_id))
    return found.get((organisation_id, experiment_id))


async def add_experiment(connection: AsyncConnection, scope: Scope, experiment: Experiment) -> None:
    """Inserts it. Raises `errors.Conflict` when the name is taken, `errors.NotFound` for an arm that is no config."""
    row = {
        "organisation_id": scope.organisation_id,
        "id": experiment.id,
        "project_id": experiment.project_id,
        "salt": experiment.salt,
        "created_at": experiment.created_at,
        **_changeable(experiment),
    }
    try:
        await connection.execute(insert(table).values(row))
    except IntegrityError as error:
        raise _taken(experiment.name) from error
    await _add_arms(connection, scope, experiment.id, experiment.arms)


async def put_experiment(connection: AsyncConnection, scope: Scope, before: Experiment, after: Experiment) -> None:
    """Writes what is different. Raises as `add_experiment` does."""
    mine = and_(table.c.organisation_id == scope.organisation_id, table.c.id == before.id)
    try:
        await connection.execute(update(table).where(mine).values(_changeable(after)))
    except IntegrityError as error:
        raise _taken(after.name) from error
    known = {arm.config_id: arm for arm in before.arms}
    for arm in after.arms:
        if arm.config_id in known and known[arm.config_id] != arm:
            this = and_(
                arm_table.c.organisation_id == scope.organisation_id,
                arm_table.c.experiment_id == before.id,
                arm_table.c.config_id == arm.config_id,
            )
            await connection.execute(update(arm_table).where(this).values(weight=arm.weight, active=arm.active))
    await _add_arms(connection, scope, before.id, [arm for arm in after.arms if arm.config_id not in known])


async def _add_arms(
    connection: AsyncConnection, scope: Scope, experiment_id: ExperimentId, arms: Sequence[Arm]
) -> None:
    for arm in arms:
        row = {
            "organisation_id": scope.organisation_id,
            "experiment_id": experiment_id,
            "config_id": arm.config_id,
            "endpoint": arm.endpoint.value,
            "weight": arm.weight,
            "active": arm.active,
            "added_at": arm.added_at,
        }
        try:
            await connection.execute(insert(arm_table).values(row))
        except IntegrityError as error:
            raise errors.NotFound(f"There is no configuration `{arm.config_id}` in the project.") from error


def _changeable(experiment: Experiment) -> dict[str, Any]:
    return {
        "name": experiment.name,
        "positive_labels": msgspec.json.encode(experiment.positive_labels).decode(),
        "control": experiment.control,
        "status": experiment.status.value,
        "winner": experiment.winner,
        "updated_at": experiment.updated_at,
        "concluded_at": experiment.concluded_at,
    }


def _experiment_of(row: Row[Any], arms: tuple[Arm, ...]) -> Experiment:
    return Experiment(
        id=ExperimentId(row.id),
        project_id=ProjectId(row.project_id),
        name=row.name,
        salt=row.salt,
        positive_labels=labels_of(row.positive_labels),
        created_at=row.created_at,
        updated_at=row.updated_at,
        arms=arms,
        control=None if row.control is None else ConfigId(row.control),
        status=ExperimentStatus(row.status),
        winner=None if row.winner is None else ConfigId(row.winner),
        concluded_at=row.concluded_at,
    )


def _arm_of(row: Row[Any]) -> Arm:
    return Arm(ConfigId(row.config_id), Endpoint(row.endpoint), row.added_at, row.weight, row.active)


def _taken(name: str) -> errors.Conflict:
    return errors.Conflict(f"The project has an experiment named `{name}` already.")
