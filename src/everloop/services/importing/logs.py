"""Logs of prompts, a batch at a time, with their sessions and their feedback."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from everloop.domain.environment import Environment
from everloop.domain.ids import EnvironmentId
from everloop.domain.imported import ImportedLog, Problem, same_log
from everloop.domain.scope import Scope
from everloop.errors import Conflict, Unprocessable
from everloop.ports.logs import LogStore, LogWriter
from everloop.services.importing.account import Account
from everloop.services.importing.feedback import FeedbackImport
from everloop.services.importing.prompts import Place, PromptImport

# Logs that are in memory at once, and in one transaction: so many, or so many bytes and the one that is too much.
BATCH: Final = 200
BATCH_BYTES: Final = 16_000_000


class LogImport:
    """A log is on disk before its feedback, and both before the next batch: what is killed can be done again."""

    def __init__(
        self,
        *,
        prompts: PromptImport,
        feedback: FeedbackImport,
        writer: LogWriter,
        logs: LogStore,
    ) -> None:
        self._prompts = prompts
        self._feedback = feedback
        self._writer = writer
        self._logs = logs

    async def keep(
        self, scope: Scope, place: Place, found: Iterator[ImportedLog | Problem], account: Account, *, dry: bool
    ) -> None:
        """Keeps the logs that are not there. Raises `Unavailable`."""
        for some in _batches(found):
            account.note(each for each in some if isinstance(each, Problem))
            logs = {each.log.id: each for each in reversed(some) if isinstance(each, ImportedLog)}
            await self._batch(scope, place, list(reversed(logs.values())), account, dry=dry)

    async def _batch(
        self, scope: Scope, place: Place, found: Sequence[ImportedLog], account: Account, *, dry: bool
    ) -> None:
        there = await self._logs.some(scope, [each.log.id for each in found])
        fresh: list[ImportedLog] = []
        kept: list[ImportedLog] = []
        for each in found:
            account.note(each.remarks)
            known = there.get(each.log.id)
            if known is None:
                fresh.append(await self._resolved(scope, place, each, account, dry=dry))
            elif same_log(known, each.log):
                account.there["logs"] += 1
                kept.append(each)
            else:
                account.fail(each.place, f"The log is left out: another one here has the id {each.log.id}.")
        # A session begins with the first of its logs that is written.
        fresh.sort(key=lambda each: each.log.created_at)
        kept += await self._append(scope, fresh, account, dry=dry)
        await self._feedback.keep(scope, place.project_id, kept, account, dry=dry)

    async def _resolved(
        self, scope: Scope, place: Place, found: ImportedLog, account: Account, *, dry: bool
    ) -> ImportedLog:
        """The log with the ids that its config and its environment have here."""
        config_id = environment_id = None
        if found.version is not None:
            config_id = await self._prompts.version(scope, place, found.version, found.place, account, dry=dry)
        if found.environment is not None:
            wanted = Environment(EnvironmentId(""), found.environment, False, found.log.created_at)
            environment_id = (await self._prompts.environment(scope, wanted, account, dry=dry)).id
        return replace(found, log=replace(found.log, config_id=config_id, environment_id=environment_id))

    async def _append(
        self, scope: Scope, fresh: Sequence[ImportedLog], account: Account, *, dry: bool
    ) -> list[ImportedLog]:
        """Those that are kept now: all at once, or one by one when something is wrong with one of them."""
        if not fresh:
            return []
        try:
            if not dry:
                await self._writer.append(scope, [each.log for each in fresh])
        except (Conflict, Unprocessable) as error:
            if len(fresh) == 1:
                account.fail(fresh[0].place, f"The log is left out. {error}")
                return []
            return [kept for each in fresh for kept in await self._append(scope, [each], account, dry=dry)]
        account.kept["logs"] += len(fresh)
        return list(fresh)


def _batches(found: Iterable[ImportedLog | Problem]) -> Iterator[list[ImportedLog | Problem]]:
    batch: list[ImportedLog | Problem] = []
    size = 0
    for each in found:
        batch.append(each)
        size += 0 if isinstance(each, Problem) else each.size
        if len(batch) == BATCH or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
