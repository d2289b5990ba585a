"""Outcome: what feedback says of a log, and what a unit's logs say together."""

from collections.abc import Collection, Iterable
from enum import StrEnum

from everloop.domain.feedback import Feedback, label_of
from everloop.domain.value import value


class Outcome(StrEnum):
    """What is known of one log."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    UNRATED = "unrated"


@value
class PositiveLabel:
    """A label that counts as success; `value` is the label as text (`domain.feedback.label_of`)."""

    type: str
    value: str


def outcome_of(feedback: Iterable[Feedback], labels: Collection[PositiveLabel]) -> Outcome:
    """The outcome of a log, from the feedback that it has now.

    Positive when any piece is one of the labels; negative when some piece is of the type of a label but none is one of
    them; unrated otherwise. So "bad" counts against a log when "good" of the same type is a success, and a comment
    says nothing. To be asked again after every change: late, replaced and unset feedback is then seen to by itself.
    """
    types = {label.type for label in labels}
    outcome = Outcome.UNRATED
    for piece in feedback:
        if piece.type in types:
            if PositiveLabel(piece.type, label_of(piece.value)) in labels:
                return Outcome.POSITIVE
            outcome = Outcome.NEGATIVE
    return outcome


@value
class Tally:
    """One unit in one arm: how many of its logs are rated, and how many of those are positive."""

    positive: int = 0
    rated: int = 0

    @property
    def mean(self) -> float | None:
        """What the unit says, in [0, 1] whatever the number of its logs; None while none of them is rated."""
        return self.positive / self.rated if self.rated else None

    def changed(self, before: Outcome, after: Outcome) -> "Tally":
        """The tally once one log went from one outcome to another; a new log comes from `UNRATED`."""
        return Tally(
            self.positive + (after is Outcome.POSITIVE) - (before is Outcome.POSITIVE),
            self.rated + (after is not Outcome.UNRATED) - (before is not Outcome.UNRATED),
        )
