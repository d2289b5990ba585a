"""What the log writer refuses is left out alone, and told."""

from collections.abc import Sequence
from typing import Any, cast

from everloop.domain.ids import LogId, OrganisationId, ProjectId
from everloop.domain.imported import ImportedLog
from everloop.domain.log import Log
from everloop.domain.scope import Scope
from everloop.errors import Conflict, Unprocessable
from everloop.services.importing.account import Account
from everloop.services.importing.logs import LogImport, _batches

SCOPE = Scope(OrganisationId("org_1"), "everloop")
TAKEN, IMPOSSIBLE = LogId("log_taken"), LogId("log_impossible")


class Writer:
    """Keeps all of a call or nothing, as the port says."""

    def __init__(self) -> None:
        self.kept: list[LogId] = []

    async def append(self, scope: Scope, logs: Sequence[Log]) -> None:
        ids = [each.id for each in logs]
        if IMPOSSIBLE in ids:
            raise Unprocessable("A log cannot be stored.")
        if TAKEN in ids:
            raise Conflict("A log with this id exists already.")
        self.kept += ids

    def check(self) -> None:
        raise AssertionError


def log(name: str) -> ImportedLog:
    return ImportedLog(f"line of {name}", Log(LogId(name), ProjectId("pr_1"), None, 0, 0), None, None)


async def test_a_log_that_is_refused_leaves_the_others_of_its_batch():
    writer, account = Writer(), Account()
    nobody = cast("Any", None)
    logs = LogImport(prompts=nobody, feedback=nobody, writer=writer, logs=nobody, sessions=nobody)
    found = [log("log_1"), log(TAKEN), log("log_2"), log(IMPOSSIBLE), log("log_3")]
    kept = await logs._append(SCOPE, found, account, dry=False)
    assert [each.log.id for each in kept] == writer.kept == ["log_1", "log_2", "log_3"]
    assert [each.place for each in account.problems] == [f"line of {TAKEN}", f"line of {IMPOSSIBLE}"]
    assert account.kept["logs"] == 3


def test_batches_hold_everything_in_order():
    assert list(_batches(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(_batches([], 3)) == []
