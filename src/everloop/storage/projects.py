"""Projects."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, Table, and_, exists, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop import errors
from everloop.domain.feedback import DEFAULT_TYPES
from everloop.domain.ids import OrganisationId, ProjectId
from everloop.domain.limit import Subject, SubjectKind
from everloop.domain.page import Page, PageRequest
from everloop.domain.project import Project, ProjectSort
from everloop.domain.scope import Scope
from everloop.storage.changes import Changes
from everloop.storage.experiment_tables import experiment
from everloop.storage.feedback_types import add_types
from everloop.storage.limit_rows import drop_limits
from everloop.storage.tables import deployment
from everloop.storage.tables import project as table
from everloop.storage.texts import place_of
from everloop.storage.transactions import Transactions

_SORTS: Final = {
    ProjectSort.CREATED_AT: table.c.created_at,
    ProjectSort.UPDATED_AT: table.c.updated_at,
    ProjectSort.NAME: table.c.name,
}


def project_of(row: Row[Any]) -> Project:
    """The project in a row."""
    return Project(ProjectId(row.id), row.name, row.created_at, row.updated_at, row.directory_id)


def present(organisation_id: OrganisationId) -> ColumnElement[bool]:
    """The organisation's projects that are not deleted."""
    return and_(table.c.organisation_id == organisation_id, table.c.deleted_at.is_(None))


def in_present(owned: Table) -> ColumnElement[bool]:
    """Whether a row's project is not deleted, for a table with the columns `organisation_id` and `project_id`.

    What is in a deleted project keeps its rows, so whoever reads it by an id of its own has to ask.
    """
    same = and_(table.c.organisation_id == owned.c.organisation_id, table.c.id == owned.c.project_id)
    return ~exists().where(same, table.c.deleted_at.is_not(None))


async def require_project(
    connection: AsyncConnection, organisation_id: OrganisationId, project_id: ProjectId
) -> Project:
    """The project, unless it is deleted. Raises `errors.NotFound`."""
    row = (await connection.execute(_with_id(organisation_id, project_id))).one_or_none()
    if row is None:
        raise errors.NotFound(f"There is no project `{project_id}`.")
    return project_of(row)


class Projects:
    """`ports.projects.ProjectStore`."""

    def __init__(self, database: Transactions, changes: Changes) -> None:
        self._database = database
        self._changes = changes

    async def create(self, scope: Scope, project: Project) -> Project:
        async with self._database.write(scope.organisation_id) as connection:
            there = (await connection.execute(_named(scope, project.name))).one_or_none()
            if there is not None:
                return project_of(there)
            try:
                await connection.execute(insert(table).values(_values(scope, project)))
            except IntegrityError as error:
                raise errors.Conflict(f"A project with the id `{project.id}` exists already.") from error
            await add_types(connection, scope.organisation_id, project.id, DEFAULT_TYPES)
            await self._changes.record(connection, scope.organisation_id, project.id)
            return project

    async def get(self, scope: Scope, project_id: ProjectId) -> Project | None:
        async with self._database.read() as connection:
            row = (await connection.execute(_with_id(scope.organisation_id, project_id))).one_or_none()
        return None if row is None else project_of(row)

    async def deleted(self, scope: Scope, project_id: ProjectId) -> bool:
        mine = and_(table.c.organisation_id == scope.organisation_id, table.c.id == project_id)
        async with self._database.read() as connection:
            gone = select(table.c.id).where(mine, table.c.deleted_at.is_not(None))
            return (await connection.execute(gone)).first() is not None

    async def named(self, scope: Scope, name: str) -> Project | None:
        async with self._database.read() as connection:
            row = (await connection.execute(_named(scope, name))).one_or_none()
        return None if row is None else project_of(row)

    async def page(
        self,
        scope: Scope,
        name_part: str | None,
        sort: ProjectSort,
        descending: bool,  # noqa: FBT001 - the port's
        request: PageRequest,
    ) -> Page[Project]:
        chosen = _chosen(scope, name_part)
        ascending = (_SORTS[sort], table.c.number)
        order = [each.desc() if descending else each.asc() for each in ascending]
        query = select(table).where(chosen).order_by(*order).offset(request.offset).limit(request.size)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
            total = (await connection.execute(select(func.count()).select_from(table).where(chosen))).scalar_one()
        return Page(tuple(project_of(row) for row in rows), total)

    async def update(self, scope: Scope, project: Project) -> None:
        values = _values(scope, project)
        mine = and_(table.c.organisation_id == scope.organisation_id, table.c.id == project.id)
        kept = ("name", "folded_name", "directory_id", "updated_at")
        async with self._database.write(scope.organisation_id) as connection:
            await require_project(connection, scope.organisation_id, project.id)
            try:
                await connection.execute(update(table).where(mine).values({name: values[name] for name in kept}))
            except IntegrityError as error:
                raise errors.Conflict(f"A project named `{project.name}` exists already.") from error
            await self._changes.record(connection, scope.organisation_id, project.id)

    async def delete(self, scope: Scope, project_id: ProjectId, now: int) -> None:
        async with self._database.write(scope.organisation_id) as connection:
            await require_project(connection, scope.organisation_id, project_id)
            mine = and_(table.c.organisation_id == scope.organisation_id, table.c.id == project_id)
            await connection.execute(update(table).where(mine).values(deleted_at=now))
            for inside, end in ((deployment, deployment.c.ended_at), (experiment, experiment.c.deleted_at)):
                open_ = and_(_of_project(inside, scope, project_id), end.is_(None))
                await connection.execute(update(inside).where(open_).values({end: now}))
            if await drop_limits(connection, scope.organisation_id, Subject(SubjectKind.PROJECT, project_id)):
                await self._changes.record(connection, scope.organisation_id)
            await self._changes.record(connection, scope.organisation_id, project_id)


def _of_project(inside: Table, scope: Scope, project_id: ProjectId) -> ColumnElement[bool]:
    return and_(inside.c.organisation_id == scope.organisation_id, inside.c.project_id == project_id)


def _with_id(organisation_id: OrganisationId, project_id: ProjectId) -> Select[Any]:
    return select(table).where(present(organisation_id), table.c.id == project_id)


def _chosen(scope: Scope, name_part: str | None) -> ColumnElement[bool]:
    mine = present(scope.organisation_id)
    if not name_part:
        return mine
    # Not LIKE: its patterns have wildcards, and on SQLite a bound on their length.
    part = literal(name_part.casefold(), table.c.folded_name.type)
    return and_(mine, place_of(table.c.folded_name, part) > 0)


def _named(scope: Scope, name: str) -> Select[Any]:
    return select(table).where(present(scope.organisation_id), table.c.name == name)


def _values(scope: Scope, project: Project) -> dict[str, Any]:
    return {
        "organisation_id": scope.organisation_id,
        "id": project.id,
        "name": project.name,
        "folded_name": project.name.casefold(),
        "directory_id": project.directory_id,
        "created_at": project.created_at,
        "updated_at": project.updated_at,
    }
