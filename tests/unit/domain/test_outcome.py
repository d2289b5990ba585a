import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.feedback import Feedback
from everloop.domain.ids import FeedbackId, LogId
from everloop.domain.outcome import Outcome, PositiveLabel, Tally, outcome_of

GOOD, COPY, TRUE = PositiveLabel("rating", "good"), PositiveLabel("action", "copy"), PositiveLabel("solved", "true")
OUTCOMES = st.lists(st.sampled_from(Outcome), max_size=20)


def feedback(*said):
    return [
        Feedback(FeedbackId(f"ann_{number}"), LogId("data_1"), kind, value, created_at=0)
        for number, (kind, value) in enumerate(said)
    ]


@pytest.mark.parametrize(
    ("labels", "said", "outcome"),
    [
        ([GOOD], [], Outcome.UNRATED),
        ([GOOD], [("rating", "good")], Outcome.POSITIVE),
        ([GOOD], [("rating", "bad")], Outcome.NEGATIVE),
        ([GOOD], [("rating", "bad"), ("rating", "good")], Outcome.POSITIVE),
        ([GOOD], [("comment", "good")], Outcome.UNRATED),
        ([GOOD], [("comment", "good"), ("rating", "bad")], Outcome.NEGATIVE),
        ([GOOD, COPY], [("action", "regenerate")], Outcome.NEGATIVE),
        ([GOOD, COPY], [("rating", "bad"), ("action", "copy")], Outcome.POSITIVE),
        ([GOOD, COPY], [("rating", "copy")], Outcome.NEGATIVE),
        ([TRUE], [("solved", True)], Outcome.POSITIVE),
        ([TRUE], [("solved", False)], Outcome.NEGATIVE),
        ([], [("rating", "good")], Outcome.UNRATED),
    ],
)
def test_the_outcome_of_a_log(labels, said, outcome):
    assert outcome_of(feedback(*said), labels) is outcome


def test_a_unit_has_one_voice_whatever_the_number_of_its_logs():
    tally = Tally()
    means = []
    for outcome in (Outcome.POSITIVE, Outcome.NEGATIVE, Outcome.UNRATED, Outcome.POSITIVE):
        tally = tally.changed(Outcome.UNRATED, outcome)
        means.append(tally.mean)
    assert means == [1, 1 / 2, 1 / 2, 2 / 3]


@given(OUTCOMES, OUTCOMES)
def test_changed_and_unset_outcomes_leave_no_trace(before, after):
    """Logs that went from one list of outcomes to another count as if they had the other from the start."""
    length = min(len(before), len(after))
    tally, fresh = Tally(), Tally()
    for first, second in zip(before[:length], after[:length], strict=True):
        tally = tally.changed(Outcome.UNRATED, first).changed(first, second)
        fresh = fresh.changed(Outcome.UNRATED, second)
    assert tally == fresh
    assert tally.rated == sum(outcome is not Outcome.UNRATED for outcome in after[:length])


def test_without_rated_logs_there_is_no_mean():
    tally = Tally().changed(Outcome.UNRATED, Outcome.NEGATIVE)
    assert tally.mean == 0
    assert tally.changed(Outcome.NEGATIVE, Outcome.UNRATED).mean is None
