"""Which logs of a project are asked for, and in which order."""

import json
from collections.abc import Iterator
from enum import StrEnum
from string import ascii_lowercase, ascii_uppercase
from typing import Final

from everloop.domain.value import value


class VersionStatus(StrEnum):
    """What v4 says of a configuration. All that are kept here are committed."""

    UNCOMMITTED = "uncommitted"
    COMMITTED = "committed"
    DELETED = "deleted"


class LogColumn(StrEnum):
    """What logs may be ordered by, beside the feedback of a type."""

    SOURCE = "source"
    MODEL = "model"
    TIMESTAMP = "timestamp"


@value
class LogSort:
    """One key of an order: a column, or (`feedback_type`) the newest value of that type.

    Numbers come before texts and what has no value comes last, upwards and downwards.
    """

    column: LogColumn | None = None
    feedback_type: str | None = None
    descending: bool = False


@value
class FeedbackFilter:
    """Logs with feedback of this type that reads as one of the values (`feedback.label_of`)."""

    type: str
    values: tuple[str, ...]


@value
class LogFilter:
    """What a log must meet: all that is said here, and of several values one. Texts are compared as they are.

    `search` is a part of the output or of the inputs' texts, `metadata_search` one of the metadata as JSON text, both
    in letters of either case (`folded`). `since` is the first Unix millisecond of `created_at`, `before` the first one
    that is too late. Among `sources` and `models`, None stands for logs that have none. `order` begins with the most
    important key; logs that are equal in all are newest first.
    """

    search: str | None = None
    metadata_search: str | None = None
    version_status: VersionStatus | None = None
    since: int | None = None
    before: int | None = None
    sources: tuple[str | None, ...] = ()
    models: tuple[str | None, ...] = ()
    feedback: tuple[FeedbackFilter, ...] = ()
    order: tuple[LogSort, ...] = ()


EVERYTHING: Final = LogFilter()
_SMALL: Final = {ord(upper): lower for upper, lower in zip(ascii_uppercase, ascii_lowercase, strict=True)}


def letters(text: str) -> Iterator[tuple[str, str]]:
    """The letters of a text beyond ASCII that have two cases, each once, as (upper, lower).

    Only those whose cases are one character each and lead back to one another, so that replacing one by the other is
    all there is to it, in any database.
    """
    for upper, lower in sorted({(each.upper(), each.lower()) for each in text if not each.isascii()}):
        there_and_back = len(upper) == len(lower) == 1 and upper.lower() == lower and lower.upper() == upper
        if upper != lower and there_and_back and not upper.isascii() and not lower.isascii():
            yield upper, lower


def folded(text: str) -> str:
    """The text without regard to case: ASCII's letters and those that `letters` finds are small ones."""
    small = {ord(upper): lower for upper, lower in letters(text)}
    return text.translate(_SMALL | small)


def as_in_json(text: str) -> str:
    """The text as it is written between the quotes of a JSON text."""
    return json.dumps(text, ensure_ascii=False)[1:-1]
