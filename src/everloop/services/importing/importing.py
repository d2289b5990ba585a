"""An import: everything of a source that has a place here, with its ids and its times.

It may be done again, also after it was killed: what is there already stays as it is.
"""

from everloop.domain.imported import LeftOut, Problem
from everloop.domain.scope import Scope
from everloop.ports.imports import ImportSource
from everloop.services.importing.account import Account
from everloop.services.importing.datasets import DatasetImport
from everloop.services.importing.logs import LogImport
from everloop.services.importing.prompts import PromptImport


class ImportService:
    """The use case of importing."""

    def __init__(self, *, prompts: PromptImport, logs: LogImport, datasets: DatasetImport) -> None:
        self._prompts = prompts
        self._logs = logs
        self._datasets = datasets

    async def run(self, scope: Scope, source: ImportSource, *, dry: bool = False) -> Account:
        """Takes over what is not there (with `dry`, only says what that would be). Raises `Unavailable`."""
        account = Account()
        for found in source.prompts():
            if isinstance(found, Problem):
                account.note([found])
                continue
            place = await self._prompts.keep(scope, found, account, dry=dry)
            if place is None:
                logs = sum(1 for _ in source.logs(found))
                account.note([LeftOut("log", "its prompt is left out", logs)] if logs else [])
            else:
                await self._logs.keep(scope, place, source.logs(found), account, dry=dry)
        for each in source.datasets():
            if isinstance(each, Problem):
                account.note([each])
            else:
                await self._datasets.keep(scope, each, source.states(each), account, dry=dry)
        account.note(source.rest())
        return account
