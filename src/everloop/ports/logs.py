"""The ports to logs and to what belongs to them: sessions and feedback."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from everloop.domain.feedback import Feedback, FeedbackType
from everloop.domain.ids import LogId, ProjectId, SessionId
from everloop.domain.log import Log, LogCompletion, LogLink
from everloop.domain.log_filter import LogFilter
from everloop.domain.page import Page, PageRequest
from everloop.domain.scope import Scope
from everloop.domain.session import Session, SessionSummary


class LogWriter(Protocol):
    """The way of logs to the disk, batched over concurrent calls."""

    async def append(self, scope: Scope, logs: Sequence[Log]) -> None:
        """Keeps the logs, all or none, and makes the sessions and trials that they name; returns once they are on disk.

        What the logs of an experiment took is added to the usage of their arms in the same transaction.
        Raises `errors.Unavailable` when the commit failed. Whoever was let in by `check` finds room.
        """
        ...

    def check(self) -> None:
        """Raises `errors.Unavailable` when no call may begin: too many logs wait, or the writer is about to end.

        Also from the first failed commit until one succeeds; the writer probes by itself.
        """
        ...


class LogStore(Protocol):
    """Logs, once written."""

    async def get(self, scope: Scope, log_id: LogId) -> Log | None: ...

    async def some(self, scope: Scope, log_ids: Sequence[LogId]) -> dict[LogId, Log]:
        """Those that are there, with their bodies."""
        ...

    async def link(self, scope: Scope, log_id: LogId) -> LogLink | None:
        """What a child needs to know of its parent: one indexed read."""
        ...

    async def link_by_reference(self, scope: Scope, reference_id: str) -> LogLink | None:
        """The same, by the newest log with that reference."""
        ...

    async def page(self, scope: Scope, project_id: ProjectId, request: PageRequest) -> Page[Log]:
        """The logs of a project, newest first, with their bodies.

        Raises `TooLarge` for a page that holds too much, unless it is of one log.
        """
        ...

    async def find(self, scope: Scope, project_id: ProjectId, chosen: LogFilter, request: PageRequest) -> Page[Log]:
        """The same for those that pass a filter, in its order.

        All logs of the project are looked at, unless counts that are kept tell where the page is. Raises `TooLarge`.
        """
        ...

    async def count(self, scope: Scope, project_ids: Sequence[ProjectId]) -> dict[ProjectId, int]:
        """How many logs each project has."""
        ...

    async def update(self, scope: Scope, log_id: LogId, change: LogCompletion, now: int) -> bool:
        """Completes a log, and says whether it is there. Experiments go on telling of it as it was."""
        ...

    async def delete(self, scope: Scope, log_ids: Sequence[LogId]) -> None:
        """Deletes those that are there, with their feedback. Experiments go on telling of them."""
        ...


class OldLogStore(Protocol):
    """Logs whose time is over, of all organisations. What came of experiments, trials and sums, stays."""

    def alone(self) -> AbstractAsyncContextManager[bool]:
        """Whether no other process is in such a block; none comes in until the end of this one."""
        ...

    async def drop_logs(self, before: int) -> int:
        """Lets go of what is old as a whole, such as a month of logs, without a look at each; how many logs that were.

        What it leaves is for `delete_logs`. The outcome is the same.
        """
        ...

    async def delete_logs(self, before: int, most: int) -> int:
        """Deletes at most so many logs from before a time, in Unix milliseconds; how many, 0 when there are no more.

        A log's time is that in its id, else its `created_at`. Its body and its feedback go with it, and its session
        when that has no other log.
        """
        ...

    async def delete_sessions(self, before: int, most: int) -> int:
        """The same for sessions that never had a log."""
        ...


class SessionStore(Protocol):
    """Sessions."""

    async def create(self, scope: Scope, session: Session) -> None: ...

    async def get(self, scope: Scope, session_id: SessionId) -> Session | None: ...

    async def summary(self, scope: Scope, session_id: SessionId) -> SessionSummary | None: ...

    async def page(self, scope: Scope, project_id: ProjectId, request: PageRequest) -> Page[SessionSummary]:
        """The sessions that have a log of the project, the newest first. Raises `TooLarge`, unless for a single one."""
        ...


class FeedbackStore(Protocol):
    """Feedback and its types. Whatever changes the outcome of an experiment's log changes its results with it."""

    async def types(self, scope: Scope, project_ids: Sequence[ProjectId]) -> dict[ProjectId, tuple[FeedbackType, ...]]:
        """The types of each project in order of creation; it has the default ones from its own creation on."""
        ...

    async def record(
        self, scope: Scope, project_id: ProjectId, types: Sequence[FeedbackType], pieces: Sequence[Feedback]
    ) -> None:
        """Keeps the pieces, all or none, and first adds types and labels that the project does not have yet.

        A piece of a `select`, `text` or `number` type replaces what the same user (None is one such) said of the same
        type and log; one of a `multi_select` type replaces only the same value.
        """
        ...

    async def remove(
        self, scope: Scope, log_id: LogId, type_name: str, value: str | None, user: str | None
    ) -> list[Feedback]:
        """Unsets what this user said: of that type, and of that value unless None. Returns what was removed."""
        ...

    async def of_logs(self, scope: Scope, log_ids: Sequence[LogId]) -> dict[LogId, tuple[Feedback, ...]]:
        """The feedback of each log, oldest first."""
        ...
