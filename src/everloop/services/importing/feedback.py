"""Feedback on logs that are kept."""

from collections.abc import Sequence

from everloop.domain.feedback import Feedback, FeedbackClass, FeedbackType
from everloop.domain.ids import ProjectId
from everloop.domain.imported import ImportedLog, Judgment, LeftOut
from everloop.domain.scope import Scope
from everloop.domain.value import value
from everloop.errors import Conflict, NotFound, Unprocessable
from everloop.ports.logs import FeedbackStore
from everloop.services.importing.account import Account


@value
class _Said:
    """What was said of one log and is not there."""

    place: str
    types: Sequence[FeedbackType]
    pieces: Sequence[Feedback]


class FeedbackImport:
    """What somebody said here since is not replaced."""

    def __init__(self, *, feedback: FeedbackStore) -> None:
        self._feedback = feedback

    async def keep(
        self, scope: Scope, project_id: ProjectId, logs: Sequence[ImportedLog], account: Account, *, dry: bool
    ) -> None:
        """Keeps the feedback that is not there: all at once, or log by log when something is wrong with one of them.

        Raises `Unavailable`.
        """
        judged = [each for each in logs if each.judgments]
        if not judged:
            return
        said = await self._feedback.of_logs(scope, [each.log.id for each in judged])
        known = (await self._feedback.types(scope, [project_id])).get(project_id, ())
        kinds = {each.name: each.kind for each in known}
        fresh: list[_Said] = []
        for log in judged:
            types: list[FeedbackType] = []
            pieces: list[Feedback] = []
            for judgment in log.judgments:
                if kinds.setdefault(judgment.type.name, judgment.type.kind) is not judgment.type.kind:
                    account.note([_another_kind(judgment, kinds[judgment.type.name])])
                    continue
                missing = _fresh(judgment, said.get(log.log.id, ()))
                account.there["feedback"] += len(judgment.pieces) - len(missing)
                types += [judgment.type] if missing else []
                pieces += missing
            if pieces:
                fresh.append(_Said(log.place, types, pieces))
        await self._record(scope, project_id, fresh, account, dry=dry)

    async def _record(
        self, scope: Scope, project_id: ProjectId, said: Sequence[_Said], account: Account, *, dry: bool
    ) -> None:
        if not said:
            return
        pieces = [piece for each in said for piece in each.pieces]
        try:
            if not dry:
                await self._feedback.record(scope, project_id, [kind for each in said for kind in each.types], pieces)
        except (Conflict, NotFound, Unprocessable) as error:
            if len(said) == 1:
                account.fail(said[0].place, f"The feedback on the log is left out. {error}")
                return
            for each in said:
                await self._record(scope, project_id, [each], account, dry=dry)
        else:
            account.kept["feedback"] += len(pieces)


def _fresh(judgment: Judgment, said: Sequence[Feedback]) -> list[Feedback]:
    """The pieces that would replace nothing."""
    many = judgment.type.kind is FeedbackClass.MULTI_SELECT
    taken = {(each.type, each.user, each.value if many else None) for each in said}
    return [each for each in judgment.pieces if (each.type, each.user, each.value if many else None) not in taken]


def _another_kind(judgment: Judgment, kind: FeedbackClass) -> LeftOut:
    why = f"feedback of that type is {kind.value} in its project, and this is {judgment.type.kind.value}"
    return LeftOut(f"judgment of {judgment.type.name!r}", why, len(judgment.pieces))
