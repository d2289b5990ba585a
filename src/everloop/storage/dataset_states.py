"""The states of a dataset, read and made within a transaction of someone else."""

from sqlalchemy import ColumnElement, and_, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop import errors
from everloop.domain.dataset import Dataset
from everloop.domain.ids import DatasetId
from everloop.domain.scope import Scope
from everloop.storage.dataset_rows import dataset_of
from everloop.storage.dataset_tables import dataset as table
from everloop.storage.dataset_tables import dataset_version as version_table
from everloop.storage.projects import in_present


async def read_dataset(connection: AsyncConnection, scope: Scope, dataset_id: DatasetId) -> Dataset | None:
    """The dataset, as it is now."""
    row = (await connection.execute(select(table).where(this_dataset(scope, dataset_id)))).one_or_none()
    return None if row is None else dataset_of(row)


async def require_dataset(connection: AsyncConnection, scope: Scope, dataset_id: DatasetId) -> Dataset:
    """The dataset. Raises `errors.NotFound`."""
    dataset = await read_dataset(connection, scope, dataset_id)
    if dataset is None:
        raise errors.NotFound(f"There is no dataset with the id {dataset_id!r}.")
    return dataset


async def make_version(connection: AsyncConnection, scope: Scope, dataset_id: DatasetId, more: int, now: int) -> int:
    """The number of one more version, which has so many datapoints more than the last. Raises `errors.NotFound`."""
    dataset = await require_dataset(connection, scope, dataset_id)
    version, datapoints = dataset.version + 1, dataset.datapoints + more
    values = {"version": version, "datapoints": datapoints, "updated_at": now}
    await connection.execute(update(table).where(this_dataset(scope, dataset_id)).values(values))
    row = {
        "organisation_id": scope.organisation_id,
        "dataset_id": dataset_id,
        "version": version,
        "datapoints": datapoints,
        "created_at": now,
        "created_by": scope.actor,
    }
    await connection.execute(insert(version_table).values(row))
    return version


def this_dataset(scope: Scope, dataset_id: DatasetId) -> ColumnElement[bool]:
    """The dataset's own row, unless its project is deleted."""
    return and_(table.c.organisation_id == scope.organisation_id, table.c.id == dataset_id, in_present(table))
