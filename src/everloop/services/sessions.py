"""Sessions: made, read back, and found for the logs that belong to them."""

from everloop.domain.ids import LogId, Prefix, ProjectId, SessionId
from everloop.domain.log import LogLink
from everloop.domain.page import Page, PageRequest
from everloop.domain.reference import LinkReference
from everloop.domain.scope import Scope
from everloop.domain.session import Session, SessionSummary, session_id_for
from everloop.domain.value import value
from everloop.errors import NotFound
from everloop.ports.logs import LogStore, SessionStore
from everloop.ports.system import Clock, Ids


@value
class Links:
    """Where a log belongs, resolved."""

    session_id: SessionId | None = None
    session_reference_id: str | None = None
    parent_id: LogId | None = None
    parent_reference_id: str | None = None


_NOWHERE = Links()


class SessionService:
    """The use cases of sessions. `reference_key` keys the hash that makes a session's id of its reference."""

    def __init__(self, *, sessions: SessionStore, logs: LogStore, clock: Clock, ids: Ids, reference_key: bytes) -> None:
        self._sessions = sessions
        self._logs = logs
        self._clock = clock
        self._ids = ids
        self._reference_key = reference_key

    async def create(self, scope: Scope) -> Session:
        """A new, empty session."""
        session = Session(SessionId(self._ids.new(Prefix.SESSION)), self._clock.now())
        await self._sessions.create(scope, session)
        return session

    async def summary(self, scope: Scope, session_id: str) -> SessionSummary:
        """A session with what its logs say. Raises `NotFound`."""
        summary = await self._sessions.summary(scope, SessionId(session_id))
        if summary is None:
            raise _no_session(session_id)
        return summary

    async def page(self, scope: Scope, project_id: ProjectId, request: PageRequest) -> Page[SessionSummary]:
        """The sessions that have a log of the project, the newest first."""
        return await self._sessions.page(scope, project_id, request)

    async def link(self, scope: Scope, reference: LinkReference) -> Links:
        """The session and parent that a new log refers to; a log that names only its parent is in the parent's session.

        A session named by reference costs no read: its id is a keyed hash. Raises `NotFound`.
        """
        if reference == _NO_REFERENCE:
            return _NOWHERE
        parent = await self._parent(scope, reference)
        session_id, session_reference_id = await self._session(scope, reference)
        if session_id is None and parent is not None:
            session_id, session_reference_id = parent.session_id, parent.session_reference_id
        return Links(session_id, session_reference_id, parent.id if parent else None, reference.parent_reference_id)

    async def _session(self, scope: Scope, reference: LinkReference) -> tuple[SessionId | None, str | None]:
        if reference.session_reference_id:
            key, name = self._reference_key, reference.session_reference_id
            return session_id_for(key, scope.organisation_id, name), name
        if not reference.session_id:
            return None, None
        session = await self._sessions.get(scope, SessionId(reference.session_id))
        if session is None:
            raise _no_session(reference.session_id)
        return session.id, session.reference_id

    async def _parent(self, scope: Scope, reference: LinkReference) -> LogLink | None:
        if reference.parent_id:
            parent = await self._logs.link(scope, LogId(reference.parent_id))
            if parent is None:
                raise NotFound(f"There is no log with the id {reference.parent_id!r} to be the parent.")
            return parent
        if reference.parent_reference_id:
            parent = await self._logs.link_by_reference(scope, reference.parent_reference_id)
            if parent is None:
                raise NotFound(
                    f"There is no log with the reference {reference.parent_reference_id!r} to be the parent."
                )
            return parent
        return None


_NO_REFERENCE = LinkReference()


def _no_session(session_id: str) -> NotFound:
    return NotFound(f"There is no session with the id {session_id!r}.")
