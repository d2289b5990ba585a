"""JSON from the export, checked against the shapes of Humanloop's v5 API."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta

from everloop.domain.depth import MAX_DEPTH, too_deep
from everloop.domain.ids import ALPHABET, TIME_WIDTH
from everloop.domain.imported import LeftOut

Shape = TypeVar("Shape")

# What is found by an index: PostgreSQL's take 2,700 bytes.
Id = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[^\x00]*$")]
Name = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
Text = Annotated[str, Meta(max_length=10_000, pattern=r"^[^\x00]*$")]
Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Object = dict[str, Any]

_DEEP: Final = f"It is nested deeper than {MAX_DEPTH} levels."
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_END: Final = len(ALPHABET) ** TIME_WIDTH
_NO_PLACE: Final = "there is no place for it"
# The most unknown keys of one object that are told by name.
_NAMED: Final = 50
# What a JSON value is that says nothing.
_NOTHING: Final[tuple[Any, ...]] = (None, "", [], {}, False)


class Unmappable(Exception):
    """Something of the export that cannot be taken over; the message says why."""


def decode_object(text: bytes) -> Object:
    """The JSON object in a text. Raises `Unmappable`."""
    value = decode(text)
    if not isinstance(value, dict):
        raise Unmappable("It is not a JSON object.")
    return value


def decode(text: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """The JSON value in a text. Raises `Unmappable`."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unmappable(f"It is not valid JSON: {str(error).removeprefix('JSON is malformed: ')}.") from None
    except RecursionError:
        raise Unmappable(_DEEP) from None
    if too_deep(text, value):
        raise Unmappable(_DEEP)
    return value


def shaped(value: Any, kind: type[Shape]) -> Shape:  # noqa: ANN401 - any JSON value
    """The value in its shape. Raises `Unmappable`, saying which key is wrong."""
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise Unmappable(f"It has another shape than expected: {error}.") from None


def milliseconds(moment: datetime) -> int:
    """Unix milliseconds; a time without a zone is one of UTC. Raises `Unmappable` for one that no id can carry."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    found = (aware - _EPOCH) // timedelta(milliseconds=1)
    if not 0 <= found < _END:
        raise Unmappable(f"The time {moment.isoformat()} is not between 1970 and 2081.")
    return found


def unplaced(value: Mapping[str, Any], what: str, known: frozenset[str]) -> tuple[LeftOut, ...]:
    """The keys of an object that say something and are neither read nor told by the rest."""
    found = [key for key, each in value.items() if key not in known and each not in _NOTHING]
    named = tuple(LeftOut(f"`{key}` of {what}", _NO_PLACE) for key in found[:_NAMED])
    return (*named, LeftOut(f"other key of {what}", _NO_PLACE, len(found) - _NAMED)) if len(found) > _NAMED else named


def keys(kind: type[msgspec.Struct], *more: str) -> frozenset[str]:
    """The keys that a shape reads, and more of them."""
    return frozenset(kind.__struct_encode_fields__).union(more)
