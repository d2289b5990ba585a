"""The stores of a `FakeHouse` that hold what was called and said: logs, sessions, feedback."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from everloop.domain.feedback import Feedback, FeedbackClass, FeedbackType, label_of
from everloop.domain.ids import (
    LogId,
    ProjectId,
    SessionId,
)
from everloop.domain.log import Log, LogCompletion, LogLink
from everloop.domain.log_filter import LogFilter
from everloop.domain.page import Page, PageRequest
from everloop.domain.scope import Scope
from everloop.domain.session import Session, SessionSummary
from everloop.domain.trial import Trial
from everloop.errors import Conflict, Unavailable
from tests.fake_stores import Memory
from tests.log_model import found


@dataclass
class FakeLogWriter:
    """`down` refuses everything; `hold`, when set, is what every append waits for."""

    memory: Memory
    down: bool = False
    hold: asyncio.Event | None = None
    appends: list[list[Log]] = field(default_factory=list)

    async def append(self, scope: Scope, logs: Sequence[Log]) -> None:
        self.check()
        taken = [log.id for log in logs if log.id in self.memory.logs]
        if taken:
            raise Conflict(f"{taken} exist already")
        self.appends.append(list(logs))
        for log in logs:  # what is handed over is written, whether or not somebody still waits for it
            self.memory.logs[log.id] = (scope.organisation_id, log)
            if log.session_id:
                session = Session(log.session_id, log.created_at, log.session_reference_id)
                self.memory.sessions.setdefault((scope.organisation_id, log.session_id), session)
            if log.experiment_id and log.trial_id and log.config_id and log.environment_id:
                trial = Trial(
                    log.trial_id, log.experiment_id, (log.arm_id or log.config_id), log.environment_id, log.created_at
                )
                self.memory.trials.setdefault((scope.organisation_id, log.trial_id), trial)
        if self.hold is not None:
            await self.hold.wait()

    def check(self) -> None:
        if self.down:
            raise Unavailable("The disk is full.")


@dataclass
class FakeLogStore:
    memory: Memory

    async def get(self, scope: Scope, log_id: LogId) -> Log | None:
        organisation_id, log = self.memory.logs.get(log_id, (None, None))
        return log if organisation_id == scope.organisation_id else None

    async def some(self, scope: Scope, log_ids: Sequence[LogId]) -> dict[LogId, Log]:
        found = [await self.get(scope, each) for each in log_ids]
        return {each.id: each for each in found if each is not None}

    async def link(self, scope: Scope, log_id: LogId) -> LogLink | None:
        log = await self.get(scope, log_id)
        return LogLink(log.id, log.project_id, log.session_id, log.session_reference_id) if log else None

    async def link_by_reference(self, scope: Scope, reference_id: str) -> LogLink | None:
        for log in reversed(self._of(scope)):
            if log.reference_id == reference_id:
                return await self.link(scope, log.id)
        return None

    async def page(self, scope: Scope, project_id: ProjectId, request: PageRequest) -> Page[Log]:
        logs = [log for log in reversed(self._of(scope)) if log.project_id == project_id]
        return Page(tuple(logs[request.offset : request.offset + request.size]), len(logs))

    async def find(self, scope: Scope, project_id: ProjectId, chosen: LogFilter, request: PageRequest) -> Page[Log]:
        mine = (await self.page(scope, project_id, PageRequest(0, len(self.memory.logs)))).items
        said = {log.id: [each for _, each in self.memory.feedback if each.log_id == log.id] for log in mine}
        models: dict[str | None, str] = {key: version.config.model for (_, key), version in self.memory.configs.items()}
        logs = found(mine, chosen, said, models)
        return Page(tuple(logs[request.offset : request.offset + request.size]), len(logs))

    async def count(self, scope: Scope, project_ids: Sequence[ProjectId]) -> dict[ProjectId, int]:
        return {each: sum(log.project_id == each for log in self._of(scope)) for each in project_ids}

    async def update(self, scope: Scope, log_id: LogId, change: LogCompletion, now: int) -> bool:
        raise NotImplementedError

    async def delete(self, scope: Scope, log_ids: Sequence[LogId]) -> None:
        raise NotImplementedError

    def _of(self, scope: Scope) -> list[Log]:
        return [log for owner, log in self.memory.logs.values() if owner == scope.organisation_id]


@dataclass
class FakeSessionStore:
    memory: Memory
    reads: int = 0

    async def create(self, scope: Scope, session: Session) -> None:
        self.memory.sessions[scope.organisation_id, session.id] = session

    async def get(self, scope: Scope, session_id: SessionId) -> Session | None:
        self.reads += 1
        return self.memory.sessions.get((scope.organisation_id, session_id))

    async def summary(self, scope: Scope, session_id: SessionId) -> SessionSummary | None:
        session = await self.get(scope, session_id)
        return SessionSummary(session, (), 0, None, None, session.created_at) if session else None

    async def page(self, scope: Scope, project_id: ProjectId, request: PageRequest) -> Page[SessionSummary]:
        raise NotImplementedError


@dataclass
class FakeFeedbackStore:
    memory: Memory

    async def types(self, scope: Scope, project_ids: Sequence[ProjectId]) -> dict[ProjectId, tuple[FeedbackType, ...]]:
        return {each: tuple(self.memory.types.get(each, ())) for each in project_ids}

    async def record(
        self, scope: Scope, project_id: ProjectId, types: Sequence[FeedbackType], pieces: Sequence[Feedback]
    ) -> None:
        known = {each.name: each for each in self.memory.types.setdefault(project_id, [])}
        for each in types:
            there = known.get(each.name, each)
            known[each.name] = replace(there, labels={**each.labels, **there.labels})
        self.memory.types[project_id] = list(known.values())
        for piece in pieces:
            only_same = known[piece.type].kind is FeedbackClass.MULTI_SELECT
            await self.remove(scope, piece.log_id, piece.type, label_of(piece.value) if only_same else None, piece.user)
            self.memory.feedback.append((scope.organisation_id, piece))

    async def remove(
        self, scope: Scope, log_id: LogId, type_name: str, value: str | None, user: str | None
    ) -> list[Feedback]:
        gone = [
            piece
            for owner, piece in self.memory.feedback
            if owner == scope.organisation_id
            and (piece.log_id, piece.type, piece.user) == (log_id, type_name, user)
            and (value is None or label_of(piece.value) == value)
        ]
        self.memory.feedback = [(owner, piece) for owner, piece in self.memory.feedback if piece not in gone]
        return gone

    async def of_logs(self, scope: Scope, log_ids: Sequence[LogId]) -> dict[LogId, tuple[Feedback, ...]]:
        mine = [piece for owner, piece in self.memory.feedback if owner == scope.organisation_id]
        return {each: tuple(piece for piece in mine if piece.log_id == each) for each in log_ids}
