"""How much there may be of labels and types: an index finds each label, and a project is shown with all of them."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from everloop.domain.feedback import FeedbackType
from everloop.errors import Unprocessable

# Of an index's row on PostgreSQL, 2,700 bytes, what ids and the name of the type leave over when they are at their
# longest: 255 characters of four bytes each.
LABEL_BYTES: Final = 500
MOST_LABELS: Final = 20_000
MOST_TYPES: Final = 1_000
# It is kept as two bytes (`storage.texts`).
_TWICE: Final = "\x1a"

LABEL_TOO_LONG: Final = (
    f"A label has at most {LABEL_BYTES} bytes of UTF-8. For longer texts there is the type `comment`."
)


def is_too_long(label: str) -> bool:
    """Whether an index may not hold the label."""
    # No character has more than four bytes: most labels are not encoded.
    return len(label) * 4 > LABEL_BYTES and len(label.encode()) + label.count(_TWICE) > LABEL_BYTES


def require_room(known: Iterable[FeedbackType], wanted: Mapping[str, Collection[str]]) -> None:
    """Whether the types and labels that are wanted may join those that a project knows; `wanted` is by type.

    What it knows may be said for ever. Raises `Unprocessable`.
    """
    types = {each.name: each.labels for each in known}
    fresh = sum(name not in types for name in wanted)
    if fresh and len(types) + fresh > MOST_TYPES:
        raise Unprocessable(f"A project has at most {MOST_TYPES:,} types of feedback: use those that it has.")
    labels = sum(1 for name, each in wanted.items() for label in set(each).difference(types.get(name, ())))
    if labels and sum(len(each) for each in types.values()) + labels > MOST_LABELS:
        raise Unprocessable(
            f"A project has at most {MOST_LABELS:,} labels of feedback, of all types together."
            " What is no choice of a few labels is a text: give it as a `comment`, or make a type of the class `text`."
        )
