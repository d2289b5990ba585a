"""Feedback that is refused is left out alone, and told."""

from collections.abc import Sequence
from typing import Any, cast

from everloop.domain.feedback import Feedback, FeedbackClass, FeedbackType
from everloop.domain.ids import FeedbackId, LogId, OrganisationId, ProjectId
from everloop.domain.imported import ImportedLog, Judgment
from everloop.domain.log import Log
from everloop.domain.scope import Scope
from everloop.errors import Conflict
from everloop.services.importing.account import Account
from everloop.services.importing.feedback import FeedbackImport

SCOPE = Scope(OrganisationId("org_1"), "everloop")
PROJECT = ProjectId("pr_1")
COMMENT = FeedbackType("comment", FeedbackClass.TEXT)
TAKEN = FeedbackId("ann_taken")


class Store:
    """Keeps all of a call or nothing, as the port says."""

    def __init__(self) -> None:
        self.kept: list[FeedbackId] = []

    async def of_logs(self, scope: Scope, log_ids: Sequence[LogId]) -> dict[LogId, tuple[Feedback, ...]]:
        return {}

    async def types(self, scope: Scope, project_ids: Sequence[ProjectId]) -> dict[ProjectId, tuple[FeedbackType, ...]]:
        return {PROJECT: (COMMENT,)}

    async def record(
        self, scope: Scope, project_id: ProjectId, types: Sequence[FeedbackType], pieces: Sequence[Feedback]
    ) -> None:
        if TAKEN in [each.id for each in pieces]:
            raise Conflict("Feedback with this id exists already.")
        self.kept += [each.id for each in pieces]


def log(name: str, *ids: str) -> ImportedLog:
    pieces = [Feedback(FeedbackId(each), LogId(name), "comment", "x", 1) for each in ids]
    judged = tuple(Judgment(COMMENT, (each,)) for each in pieces)
    return ImportedLog(f"line of {name}", Log(LogId(name), PROJECT, None, 0, 0), None, None, judged)


async def test_feedback_that_is_refused_leaves_that_on_the_other_logs():
    store, account = Store(), Account()
    feedback = FeedbackImport(feedback=cast("Any", store))
    found = [log("log_1", "ann_1", "ann_2"), log("log_2", TAKEN, "ann_3"), log("log_3"), log("log_4", "ann_4")]
    await feedback.keep(SCOPE, PROJECT, found, account, dry=False)
    assert store.kept == ["ann_1", "ann_2", "ann_4"]
    assert account.kept["feedback"] == 3
    assert [each.place for each in account.problems] == ["line of log_2"]


async def test_a_dry_run_keeps_nothing_and_counts_the_same():
    store, account = Store(), Account()
    await FeedbackImport(feedback=cast("Any", store)).keep(SCOPE, PROJECT, [log("log_1", "ann_1")], account, dry=True)
    assert store.kept == []
    assert account.kept["feedback"] == 1
