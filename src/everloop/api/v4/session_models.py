"""Sessions on the wire."""

from datetime import datetime
from typing import Any, Literal

from everloop.api.fields import Answer


class CreateSessionResponse(Answer):
    """The new session's id, to be given as `session_id` with calls and logs."""

    id: str


class SessionProjectResponse(Answer):
    """A project that logs of the session belong to."""

    id: str
    name: str
    type: Literal["prompt"]


class SessionResponse(Answer):
    """A session, and what its logs say."""

    id: str
    reference_id: str | None
    projects: list[SessionProjectResponse]
    datapoints_count: int
    first_inputs: dict[str, Any] | None
    last_output: str | None
    created_at: datetime
    updated_at: datetime
