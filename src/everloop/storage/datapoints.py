"""Datapoints: in order of arrival, with all states that they were in."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop import errors
from everloop.domain.dataset import Datapoint, DatapointContent
from everloop.domain.ids import DatapointId, DatasetId
from everloop.domain.page import Page, PageRequest
from everloop.domain.scope import Scope
from everloop.storage.dataset_rows import datapoint_of, datapoint_values
from everloop.storage.dataset_states import make_version, this_dataset
from everloop.storage.dataset_tables import datapoint as table
from everloop.storage.dataset_tables import dataset, dataset_version
from everloop.storage.page_bytes import bytes_in, is_small_enough, too_large
from everloop.storage.projects import in_present
from everloop.storage.transactions import Transactions


class Datapoints:
    """`ports.datasets.DatapointStore`."""

    def __init__(self, database: Transactions) -> None:
        self._database = database

    async def get(self, scope: Scope, datapoint_id: DatapointId) -> Datapoint | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(table).where(_present(scope, [datapoint_id])))).one_or_none()
        return None if row is None else datapoint_of(row)

    async def page(
        self, scope: Scope, dataset_id: DatasetId, request: PageRequest, version: int | None = None
    ) -> Page[Datapoint]:
        async with self._database.read() as connection:
            total = await _count(connection, scope, dataset_id, version)
            expected = min(request.size, total - request.offset)
            if expected < 1:
                return Page((), total)
            query = _page(and_(_of(scope, dataset_id), _good(version)), request, bounded=expected > 1)
            rows = (await connection.execute(query)).all()
        if not rows:
            raise too_large("datapoints")
        return Page(tuple(datapoint_of(row) for row in rows), total)

    async def add(self, scope: Scope, dataset_id: DatasetId, datapoints: Sequence[Datapoint], now: int) -> None:
        async with self._database.write(scope.organisation_id) as connection:
            version = await make_version(connection, scope, dataset_id, len(datapoints), now)
            last = select(func.max(table.c.position)).where(_of(scope, dataset_id))
            position = ((await connection.execute(last)).scalar() or 0) + 1
            rows = datapoint_values(scope.organisation_id, datapoints, position=position, since=version)
            try:
                await connection.execute(insert(table), rows)
            except IntegrityError as error:
                raise errors.Conflict("A datapoint with one of these ids exists already.") from error

    async def change(
        self,
        scope: Scope,
        datapoint_id: DatapointId,
        change: Callable[[DatapointContent], DatapointContent],
        now: int,
    ) -> Datapoint:
        async with self._database.write(scope.organisation_id) as connection:
            present = _present(scope, [datapoint_id])
            row = (await connection.execute(select(table).where(present))).one_or_none()
            if row is None:
                raise _no_datapoint(datapoint_id)
            before = datapoint_of(row)
            after = replace(before, content=change(before.content), updated_at=now)
            if after.content == before.content:
                return before
            version = await make_version(connection, scope, before.dataset_id, 0, now)
            await connection.execute(update(table).where(present).values(until=version))
            rows = datapoint_values(scope.organisation_id, [after], position=row.position, since=version)
            await connection.execute(insert(table), rows)
            return after

    async def remove(self, scope: Scope, datapoint_ids: Sequence[DatapointId], now: int) -> None:
        present = _present(scope, datapoint_ids)
        async with self._database.write(scope.organisation_id) as connection:
            found = select(table.c.id, table.c.dataset_id).where(present)
            places = {row.id: row.dataset_id for row in (await connection.execute(found)).all()}
            missing = next((each for each in datapoint_ids if each not in places), None)
            if missing is not None:
                raise _no_datapoint(missing)
            for dataset_id, gone in Counter(places.values()).items():
                version = await make_version(connection, scope, DatasetId(dataset_id), -gone, now)
                mine = and_(present, table.c.dataset_id == dataset_id)
                await connection.execute(update(table).where(mine).values(until=version))


def _page(chosen: ColumnElement[bool], request: PageRequest, *, bounded: bool) -> Select[Any]:
    """The rows of a page; none when it is `bounded` and holds too much."""
    place = select(table.c.number).where(chosen).order_by(table.c.position)
    page = place.offset(request.offset).limit(request.size).cte("page")
    rows = select(table).join(page, table.c.number == page.c.number).order_by(table.c.position)
    if not bounded:
        return rows
    each = table.alias("each")
    texts = bytes_in([each.c.inputs, each.c.messages, each.c.target])
    weights = select(texts.label("bytes")).join(page, each.c.number == page.c.number)
    return rows.where(is_small_enough(weights))


async def _count(connection: AsyncConnection, scope: Scope, dataset_id: DatasetId, version: int | None) -> int:
    """How many datapoints a version has: counted when it was made."""
    query = select(dataset.c.datapoints).where(this_dataset(scope, dataset_id))
    if version is not None:
        query = select(dataset_version.c.datapoints).where(
            dataset_version.c.organisation_id == scope.organisation_id,
            dataset_version.c.dataset_id == dataset_id,
            dataset_version.c.version == version,
        )
    return (await connection.execute(query)).scalar_one_or_none() or 0


def _of(scope: Scope, dataset_id: DatasetId) -> ColumnElement[bool]:
    """Every state of every datapoint of the dataset."""
    return and_(table.c.organisation_id == scope.organisation_id, table.c.dataset_id == dataset_id)


def _present(scope: Scope, datapoint_ids: Sequence[DatapointId]) -> ColumnElement[bool]:
    same = and_(dataset.c.organisation_id == table.c.organisation_id, dataset.c.id == table.c.dataset_id)
    return and_(
        exists().where(same, in_present(dataset)),
        table.c.organisation_id == scope.organisation_id,
        table.c.id.in_(datapoint_ids),
        table.c.until.is_(None),
    )


def _good(version: int | None) -> ColumnElement[bool]:
    """The states that are good in a version, or now."""
    until = table.c.until
    if version is None:
        return until.is_(None)
    return and_(table.c.since <= version, or_(until.is_(None), until > version))


def _no_datapoint(datapoint_id: DatapointId) -> errors.NotFound:
    return errors.NotFound(f"There is no datapoint with the id {datapoint_id!r}.")
