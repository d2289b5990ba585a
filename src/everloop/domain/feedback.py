"""Feedback: what people said of a log, and the types that a project knows."""

import json
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Final

from everloop.domain.ids import FeedbackId, LogId
from everloop.domain.value import value

Value = bool | int | float | str | tuple[str, ...]


class FeedbackClass(StrEnum):
    """How values of a type are given: one of its labels, several, free text, or a number."""

    SELECT = "select"
    MULTI_SELECT = "multi_select"
    TEXT = "text"
    NUMBER = "number"


LABELLED: Final = frozenset({FeedbackClass.SELECT, FeedbackClass.MULTI_SELECT})


class Sentiment(StrEnum):
    """What a label says of the output."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    UNSET = "unset"


@value
class FeedbackType:
    """A type of one project. `labels` maps each known value to its sentiment, for the two select classes only."""

    name: str
    kind: FeedbackClass
    labels: Mapping[str, Sentiment] = field(default_factory=dict)

    @property
    def categorical(self) -> bool:
        """Whether its values are labels."""
        return self.kind in LABELLED


@value
class Feedback:
    """One piece of it. A `multi_select` type makes one piece per label. `created_at` is in Unix milliseconds."""

    id: FeedbackId
    log_id: LogId
    type: str
    value: Value
    created_at: int
    user: str | None = None


# The types that v4 gives every project; other names become types of their own on first use.
DEFAULT_TYPES: Final = (
    FeedbackType("rating", FeedbackClass.SELECT, {"good": Sentiment.POSITIVE, "bad": Sentiment.NEGATIVE}),
    FeedbackType("action", FeedbackClass.MULTI_SELECT, {}),
    FeedbackType("issue", FeedbackClass.MULTI_SELECT, {}),
    FeedbackType("correction", FeedbackClass.TEXT),
    FeedbackType("comment", FeedbackClass.TEXT),
)


def class_of(value: Value | None) -> FeedbackClass:
    """The class of a new type, by the first value given for it."""
    match value:
        case bool() | str() | None:
            return FeedbackClass.SELECT
        case int() | float():
            return FeedbackClass.NUMBER
        case tuple():
            return FeedbackClass.MULTI_SELECT


def fits(kind: FeedbackClass, value: Value) -> bool:
    """Whether a value may be given for a type of that class."""
    match kind:
        case FeedbackClass.SELECT:
            return isinstance(value, (str, bool)) and value != ""
        case FeedbackClass.MULTI_SELECT:
            return isinstance(value, (str, bool, tuple)) and value not in ("", ())
        case FeedbackClass.TEXT:
            return isinstance(value, str)
        case FeedbackClass.NUMBER:
            return isinstance(value, (int, float)) and not isinstance(value, bool)


def label_of(value: Value) -> str:
    """How a value reads as a label: texts as they are, anything else as JSON writes it."""
    return value if isinstance(value, str) else json.dumps(value)
