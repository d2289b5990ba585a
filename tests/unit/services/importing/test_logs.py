"""What the log writer refuses is left out alone, and told."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from everloop.domain.ids import LogId, OrganisationId, ProjectId
from everloop.domain.imported import ImportedLog, Problem
from everloop.domain.log import Log
from everloop.domain.scope import Scope
from everloop.errors import Conflict, Unprocessable
from everloop.services.importing.account import Account
from everloop.services.importing.logs import BATCH, BATCH_BYTES, LogImport, _batches
from everloop.services.importing.prompts import Place

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


class Nothing:
    """Of logs and of feedback: none is there, and none comes along."""

    async def some(self, scope: Scope, log_ids: Sequence[LogId]) -> dict[LogId, Log]:
        return {}

    async def keep(
        self, scope: Scope, project_id: ProjectId, logs: Sequence[ImportedLog], account: Account, *, dry: bool
    ) -> None:
        assert not any(each.judgments for each in logs)


def log(name: str, created_at: int = 0) -> ImportedLog:
    return ImportedLog(f"line of {name}", Log(LogId(name), ProjectId("pr_1"), None, created_at, 0), None, None)


async def test_a_log_that_is_refused_leaves_the_others_of_its_batch():
    writer, account = Writer(), Account()
    nobody = cast("Any", None)
    logs = LogImport(prompts=nobody, feedback=nobody, writer=writer, logs=nobody)
    found = [log("log_1"), log(TAKEN), log("log_2"), log(IMPOSSIBLE), log("log_3")]
    kept = await logs._append(SCOPE, found, account, dry=False)
    assert [each.log.id for each in kept] == writer.kept == ["log_1", "log_2", "log_3"]
    assert [each.place for each in account.problems] == [f"line of {TAKEN}", f"line of {IMPOSSIBLE}"]
    assert account.kept["logs"] == 3


async def test_logs_of_a_batch_are_written_in_the_order_of_their_times():
    writer, account, nothing = Writer(), Account(), cast("Any", Nothing())
    logs = LogImport(prompts=nothing, feedback=nothing, writer=writer, logs=nothing)
    found = iter([log("log_late", 30), log("log_first", 10), log("log_between", 20)])
    await logs.keep(SCOPE, Place(ProjectId("pr_1"), {}, {}), found, account, dry=False)
    assert writer.kept == ["log_first", "log_between", "log_late"]


def test_batches_hold_everything_in_order():
    found = [log(f"log_{number}") for number in range(2 * BATCH + 1)]
    batches = list(_batches(found))
    assert [len(each) for each in batches] == [BATCH, BATCH, 1]
    assert [one for each in batches for one in each] == found
    assert list(_batches([])) == []


def test_a_batch_of_large_logs_is_small():
    sizes = [1, BATCH_BYTES - 1, 1, 1, 2 * BATCH_BYTES, 1]
    found: list[ImportedLog | Problem] = [replace(log(f"log_{size}"), size=size) for size in sizes]
    found.insert(3, Problem("a line", "It is broken."))
    assert [len(each) for each in _batches(found)] == [2, 4, 1]
