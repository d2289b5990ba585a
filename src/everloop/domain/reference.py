"""How a caller names things: the pairs of which at most one may be given."""

from typing import Final

from everloop.domain.value import value
from everloop.errors import FieldIssue, InvalidFields

# A name that is not known makes a project, and a reference makes a session: both are kept under an index, and
# PostgreSQL's take 2,700 bytes.
_LONGEST_NAME: Final = 255
_LONGEST_REFERENCE: Final = 500


@value
class ProjectReference:
    """A project by name, by id, or by both when they agree."""

    name: str | None = None
    id: str | None = None

    def __post_init__(self) -> None:
        """Raises `InvalidFields` unless one of the two is there, and for a name that no project can have."""
        if not self.name and not self.id:
            message = "Name a project: give `project` (its name) or `project_id`."
            raise InvalidFields([FieldIssue(("body", "project"), message, "value_error.missing")])
        if self.name and (not self.name.strip() or len(self.name) > _LONGEST_NAME):
            message = f"A project's name has a visible character and at most {_LONGEST_NAME} of them."
            raise InvalidFields.one(("body", "project"), message)


@value
class LinkReference:
    """Where a log belongs: at most one way of naming its session, at most one of naming its parent."""

    session_id: str | None = None
    session_reference_id: str | None = None
    parent_id: str | None = None
    parent_reference_id: str | None = None

    def __post_init__(self) -> None:
        """Raises `InvalidFields` when both of a pair are there, and for a reference that is too long to be kept."""
        pairs = (
            ("session_reference_id", self.session_id, self.session_reference_id),
            ("parent_reference_id", self.parent_id, self.parent_reference_id),
        )
        for name, by_id, by_reference in pairs:
            if by_id and by_reference:
                other = name.replace("_reference", "")
                raise InvalidFields.one(("body", name), f"Give either `{other}` or `{name}`, not both.")
            if by_reference and len(by_reference) > _LONGEST_REFERENCE:
                message = f"`{name}` has at most {_LONGEST_REFERENCE} characters."
                raise InvalidFields.one(("body", name), message)
