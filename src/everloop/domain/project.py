"""A project: the unchanging place that applications call by name."""

from enum import StrEnum

from everloop.domain.ids import ProjectId
from everloop.domain.value import value


@value
class Project:
    """Its id never changes; its name is unique within the organisation and may. Times are Unix milliseconds."""

    id: ProjectId
    name: str
    created_at: int
    updated_at: int
    directory_id: str | None = None


class ProjectSort(StrEnum):
    """What a list of projects may be ordered by."""

    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    NAME = "name"
