"""Feedback: what people say of logs, checked against the project's types and kept."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from everloop.domain.feedback import (
    LABELLED,
    Feedback,
    FeedbackClass,
    FeedbackType,
    Sentiment,
    Value,
    class_of,
    fits,
    label_of,
)
from everloop.domain.feedback_room import LABEL_TOO_LONG, is_too_long, require_room
from everloop.domain.ids import FeedbackId, LogId, Prefix, ProjectId
from everloop.domain.scope import Scope
from everloop.domain.value import value
from everloop.errors import FieldIssue, InvalidFields, NotFound
from everloop.ports.logs import FeedbackStore, LogStore
from everloop.ports.system import Clock, Ids


@value
class FeedbackCommand:
    """One thing said, or unsaid with `unset`. `location` is where it stands in the request, for errors."""

    type: str
    value: Value | None
    log_id: str
    user: str | None = None
    created_at: int | None = None
    unset: bool = False
    location: tuple[str | int, ...] = ("body",)


class FeedbackService:
    """The use cases of feedback."""

    def __init__(self, *, feedback: FeedbackStore, logs: LogStore, clock: Clock, ids: Ids) -> None:
        self._feedback = feedback
        self._logs = logs
        self._clock = clock
        self._ids = ids

    async def types(self, scope: Scope, project_id: ProjectId) -> tuple[FeedbackType, ...]:
        """The types that a project knows."""
        return (await self._feedback.types(scope, [project_id])).get(project_id, ())

    async def define_types(self, scope: Scope, project_id: ProjectId, types: Sequence[FeedbackType]) -> None:
        """Adds the types and labels that the project lacks.

        Raises `Conflict` for a type that has another class, `Unprocessable` for too many.
        """
        await self._feedback.record(scope, project_id, types, [])

    async def submit(self, scope: Scope, commands: Sequence[FeedbackCommand]) -> list[Feedback]:
        """Keeps or unsets each; one answer per command, in order. Everything is checked before anything is written.

        A command with several labels makes a piece of feedback for each; its answer has them all and the first one's
        id. The answer to an `unset` says what was unset, and an id of its own when there was nothing. Raises
        `NotFound`, `InvalidFields`, `Unprocessable`.
        """
        projects = [await self._project_of(scope, command) for command in commands]
        await self.check(scope, projects, commands)
        return [
            await self._apply(scope, project_id, command)
            for command, project_id in zip(commands, projects, strict=True)
        ]

    async def check(self, scope: Scope, project_ids: Sequence[ProjectId], commands: Sequence[FeedbackCommand]) -> None:
        """Whether each value suits its type, one that an earlier command makes included, and all find room.

        Raises `InvalidFields`, `Unprocessable`.
        """
        known = await self._feedback.types(scope, list(dict.fromkeys(project_ids)))
        kinds = {(project_id, each.name): each.kind for project_id, types in known.items() for each in types}
        wanted: dict[ProjectId, dict[str, set[str]]] = {project_id: {} for project_id in known}
        for project_id, command in zip(project_ids, commands, strict=True):
            place = (project_id, command.type)
            if command.unset:
                _check_unset(kinds.get(place), command)
                continue
            kind = kinds.setdefault(place, class_of(command.value))
            _check_value(kind, command)
            labels = map(label_of, _values(command.value)) if kind in LABELLED else ()
            wanted[project_id].setdefault(command.type, set()).update(labels)
        for project_id, types in known.items():
            require_room(types, wanted[project_id])

    async def _project_of(self, scope: Scope, command: FeedbackCommand) -> ProjectId:
        link = await self._logs.link(scope, LogId(command.log_id))
        if link is None:
            raise NotFound(f"There is no log with the id {command.log_id!r}.")
        return link.project_id

    async def _apply(self, scope: Scope, project_id: ProjectId, command: FeedbackCommand) -> Feedback:
        types = await self.types(scope, project_id)
        kind = _type_for(types, command)
        if command.unset:
            return await self._unset(scope, command)
        pieces = [self._piece(command, value) for value in _values(command.value)]
        await self._feedback.record(scope, project_id, _additions(kind, types, pieces), pieces)
        answer = pieces[0]
        return answer if command.value is None else replace(answer, value=command.value)

    async def _unset(self, scope: Scope, command: FeedbackCommand) -> Feedback:
        labels: list[str | None] = [label_of(each) for each in _values(command.value)]
        removed: list[Feedback] = []
        for label in labels or [None]:
            removed += await self._feedback.remove(scope, LogId(command.log_id), command.type, label, command.user)
        answer = removed[0] if removed else self._piece(command, "")
        return answer if command.value is None else replace(answer, value=command.value)

    def _piece(self, command: FeedbackCommand, value: Value) -> Feedback:
        return Feedback(
            FeedbackId(self._ids.new(Prefix.FEEDBACK)),
            LogId(command.log_id),
            command.type,
            value,
            self._clock.now() if command.created_at is None else command.created_at,
            command.user,
        )


_WANTED: Mapping[FeedbackClass, str] = {
    FeedbackClass.SELECT: "one label: give a text",
    FeedbackClass.MULTI_SELECT: "one or more labels: give a text or a list of texts",
    FeedbackClass.TEXT: "free text: give a text",
    FeedbackClass.NUMBER: "a number",
}


def _check_unset(kind: FeedbackClass | None, command: FeedbackCommand) -> None:
    if kind is FeedbackClass.MULTI_SELECT and command.value is None:
        raise _invalid(command, f"Say which {command.type!r} label to unset: there may be several.")


def _check_value(kind: FeedbackClass, command: FeedbackCommand) -> None:
    if command.value is None:
        raise _invalid(command, "Give a `value`, or `unset: true` to take feedback back.")
    if not fits(kind, command.value):
        raise _invalid(command, f"Feedback of type {command.type!r} is {_WANTED[kind]}.")
    if kind in LABELLED and any(is_too_long(label_of(each)) for each in _values(command.value)):
        raise _invalid(command, LABEL_TOO_LONG)


def _type_for(types: Sequence[FeedbackType], command: FeedbackCommand) -> FeedbackType:
    """The project's type of that name, or the new one that the first value makes."""
    for each in types:
        if each.name == command.type:
            return each
    return FeedbackType(command.type, class_of(command.value))


def _values(value: Value | None) -> tuple[Value, ...]:
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def _additions(kind: FeedbackType, types: Sequence[FeedbackType], pieces: Sequence[Feedback]) -> list[FeedbackType]:
    """The type with the labels that it lacks (sentiment unset); nothing when it has all it needs."""
    labels = [label_of(piece.value) for piece in pieces] if kind.categorical else []
    missing = {label: Sentiment.UNSET for label in labels if label not in kind.labels}
    return [replace(kind, labels=missing)] if missing or kind not in types else []


def _invalid(command: FeedbackCommand, message: str) -> InvalidFields:
    return InvalidFields([FieldIssue((*command.location, "value"), message)])
