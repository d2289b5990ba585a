"""What pydantic finds wrong, as errors have it: where and what, but never the value, which may be a secret."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final

from everloop.api.fields import location_of
from everloop.errors import FieldIssue

# More wrong fields than these help nobody.
_MOST: Final = 100
# Some messages repeat a word of the caller's, however long it is.
_LONGEST: Final = 1000


def wrong_fields(errors: Iterable[Mapping[str, Any]]) -> list[FieldIssue]:
    """The first of what `ValidationError.errors()` tells; where is within what was validated."""
    return [
        FieldIssue(tuple(location_of(each["loc"])), each["msg"].removeprefix("Value error, ")[:_LONGEST], each["type"])
        for each in islice(errors, _MOST)
    ]
