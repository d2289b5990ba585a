from typing import Any

import pytest

from everloop.domain.feedback import FeedbackClass, Sentiment
from everloop.domain.ids import LogId
from everloop.domain.imported import LeftOut, Problem
from everloop.imports.humanloop.judgments import judgments
from tests.exported import judged

LOG = LogId("log_1")


def one(*said: Any, **more: Any) -> Any:
    ((found,), remarks) = judgments([judged("evl_1", *said, **more)], LOG, 7, "here")
    assert not remarks
    return found


def test_a_label_brings_those_that_could_have_been_given():
    options = [{"name": "good", "valence": "positive"}, {"name": "odd", "valence": "loud"}]
    found = one("rating", "bad", "select", options, user="bo")
    assert found.type.labels == {"good": Sentiment.POSITIVE, "odd": Sentiment.UNSET, "bad": Sentiment.UNSET}
    (piece,) = found.pieces
    assert (piece.id, piece.log_id, piece.value, piece.user) == ("evl_1", LOG, "bad", "bo")
    assert piece.created_at == 1_746_144_000_000


def test_several_labels_are_several_pieces_with_ids_of_their_own():
    pieces = one("issue", ["slow", "rude"], "multi_select", []).pieces
    assert [(each.id, each.value) for each in pieces] == [("evl_1", "slow"), ("evl_1_1", "rude")]


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (True, "boolean", FeedbackClass.SELECT),
        (4, "number", FeedbackClass.NUMBER),
        (0.5, "number", FeedbackClass.NUMBER),
        ("Well said.", "text", FeedbackClass.TEXT),
    ],
)
def test_each_kind_of_judgment_is_a_kind_of_feedback(value: Any, kind: str, expected: FeedbackClass):
    found = one("mark", value, kind, [])
    assert found.type.kind is expected
    assert [each.value for each in found.pieces] == [value]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        *((["a"], "select"), ("five", "number"), ("x", "poem"), (True, "number"), ({}, "text")),
        *((2**63, "number"), (10**400, "number"), ("a\x00", "text"), (["a\x00"], "multi_select")),
        *(("x" * 501, "select"), (["x" * 501], "multi_select"), (["x"] * 1_001, "multi_select")),
    ],
)
def test_what_does_not_fit_its_evaluator_is_a_problem_in_its_place(value: Any, kind: str):
    found, (problem,) = judgments([judged("evl_1", "mark", value, kind, [])], LOG, 7, "here")
    assert found == []
    assert isinstance(problem, Problem)
    assert problem.place == "here"


def test_of_more_judgments_than_anybody_makes_the_first_are_kept():
    found, remarks = judgments([judged("evl_1", "mark", 1, "number", [])] * 1_001, LOG, 7, "here")
    assert len(found) == 1_000
    assert remarks == [Problem("here", "Of 1,001 judgments the first 1,000 are kept.")]


def test_judgments_of_machines_are_left_out_and_missing_ones_are_none():
    found, remarks = judgments(
        [judged("evl_1", "mark", 1, "number", [], by="python"), judged("evl_2", "mark", None, "number", [])],
        LOG,
        7,
        "here",
    )
    assert found == []
    assert [type(each) for each in remarks] == [LeftOut]
