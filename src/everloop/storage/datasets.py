"""Datasets, in versions."""

from dataclasses import replace

from sqlalchemy import ColumnElement, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from everloop import errors
from everloop.domain.dataset import Dataset, DatasetVersion
from everloop.domain.ids import DatasetId, ProjectId
from everloop.domain.page import Page, PageRequest
from everloop.domain.scope import Scope
from everloop.storage.dataset_rows import dataset_of, dataset_values, version_of
from everloop.storage.dataset_states import read_dataset, require_dataset, this_dataset
from everloop.storage.dataset_tables import datapoint, dataset_version
from everloop.storage.dataset_tables import dataset as table
from everloop.storage.projects import in_present, require_project
from everloop.storage.transactions import Transactions


class Datasets:
    """`ports.datasets.DatasetStore`."""

    def __init__(self, database: Transactions) -> None:
        self._database = database

    async def create(self, scope: Scope, dataset: Dataset) -> None:
        async with self._database.write(scope.organisation_id) as connection:
            await require_project(connection, scope.organisation_id, dataset.project_id)
            try:
                await connection.execute(insert(table).values(dataset_values(scope.organisation_id, dataset)))
            except IntegrityError as error:
                raise errors.Conflict(f"A dataset with the id `{dataset.id}` exists already.") from error

    async def get(self, scope: Scope, dataset_id: DatasetId) -> Dataset | None:
        async with self._database.read() as connection:
            return await read_dataset(connection, scope, dataset_id)

    async def all(self, scope: Scope) -> tuple[Dataset, ...]:
        return await self._listed(table.c.organisation_id == scope.organisation_id)

    async def of_project(self, scope: Scope, project_id: ProjectId) -> tuple[Dataset, ...]:
        return await self._listed(
            and_(table.c.organisation_id == scope.organisation_id, table.c.project_id == project_id)
        )

    async def rename(
        self, scope: Scope, dataset_id: DatasetId, name: str | None, description: str | None, now: int
    ) -> Dataset:
        async with self._database.write(scope.organisation_id) as connection:
            before = await require_dataset(connection, scope, dataset_id)
            after = replace(
                before,
                name=before.name if name is None else name,
                description=before.description if description is None else description,
                updated_at=now,
            )
            values = {"name": after.name, "description": after.description, "updated_at": now}
            await connection.execute(update(table).where(this_dataset(scope, dataset_id)).values(values))
            return after

    async def delete(self, scope: Scope, dataset_id: DatasetId) -> Dataset:
        async with self._database.write(scope.organisation_id) as connection:
            dataset = await require_dataset(connection, scope, dataset_id)
            for parts in (datapoint, dataset_version):
                mine = and_(parts.c.organisation_id == scope.organisation_id, parts.c.dataset_id == dataset_id)
                await connection.execute(delete(parts).where(mine))
            await connection.execute(delete(table).where(this_dataset(scope, dataset_id)))
            return dataset

    async def versions(self, scope: Scope, dataset_id: DatasetId, request: PageRequest) -> Page[DatasetVersion]:
        parts = dataset_version.c
        mine = and_(parts.organisation_id == scope.organisation_id, parts.dataset_id == dataset_id)
        query = select(dataset_version).where(mine).order_by(parts.version.desc())
        async with self._database.read() as connection:
            rows = (await connection.execute(query.offset(request.offset).limit(request.size))).all()
            dataset = await read_dataset(connection, scope, dataset_id)
        # They are numbered from 1, without a gap.
        return Page(tuple(version_of(row) for row in rows), 0 if dataset is None else dataset.version)

    async def _listed(self, chosen: ColumnElement[bool]) -> tuple[Dataset, ...]:
        query = (
            select(table).where(chosen, in_present(table)).order_by(table.c.created_at.desc(), table.c.number.desc())
        )
        async with self._database.read() as connection:
            return tuple(dataset_of(row) for row in (await connection.execute(query)).all())
