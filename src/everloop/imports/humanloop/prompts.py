"""A prompt's own file, and what was live of it."""

from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from everloop.domain.environment import Environment
from everloop.domain.ids import ConfigId, EnvironmentId, ProjectId
from everloop.domain.imported import ImportedDeployment, LeftOut
from everloop.domain.project import Project
from everloop.imports.humanloop.shapes import Id, Name, Object, keys, milliseconds, shaped, unplaced


class _File(msgspec.Struct):
    id: Id
    path: Name
    created_at: datetime
    updated_at: datetime | None = None
    directory_id: Id | None = None


class _Deployment(msgspec.Struct):
    version_id: Id
    environment_id: Id
    environment_name: Name
    environment_tag: Literal["default", "other"] | None = None


# Of its default version, which is among the versions; only these are the prompt's.
_OWN: Final = ("description", "tags", "readme")


def project(value: Object) -> Project:
    """The project, named by the prompt's path. Raises `Unmappable`."""
    read = shaped(value, _File)
    created_at = milliseconds(read.created_at)
    updated_at = created_at if read.updated_at is None else milliseconds(read.updated_at)
    return Project(ProjectId(read.id), read.path, created_at, updated_at, read.directory_id)


def left_of_prompt(value: Object) -> tuple[LeftOut, ...]:
    """What a prompt has that has no place here."""
    return unplaced({key: value.get(key) for key in _OWN}, "a prompt", keys(_File))


def deployment(value: Any, place: str, created_at: int) -> ImportedDeployment:  # noqa: ANN401 - any JSON value
    """What was live in an environment, which may be made then. Raises `Unmappable`."""
    read = shaped(value, _Deployment)
    is_default = read.environment_tag == "default"
    environment = Environment(EnvironmentId(read.environment_id), read.environment_name, is_default, created_at)
    return ImportedDeployment(place, ConfigId(read.version_id), environment)
