"""The kinds of fields that wire models are made of, and their limits."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, TypeVar

import msgspec
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    Tag,
)
from pydantic_core import CoreSchema, core_schema

from everloop.domain.document import Document
from everloop.domain.ids import ALPHABET, TIME_WIDTH

Item = TypeVar("Item")

INT64: Final = 2**63 - 1
# Longer lists are no honest request.
MAX_ITEMS: Final = 1000

_NUMBER: Final = re.compile(r"\s*[+-]?[\d.]+\s*")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_END: Final = _EPOCH + timedelta(milliseconds=len(ALPHABET) ** TIME_WIDTH - 1)
_ONE: Final = "<one>"
_MANY: Final = "<many>"


class Request(BaseModel):
    """What a caller sends. Keys that are not known are ignored, as old SDKs send some; null means absent."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class Answer(BaseModel):
    """What a caller gets. No field has a default, so that every documented key is on the wire, null when empty."""

    model_config = ConfigDict(extra="forbid")


def _not_blank(name: str) -> str:
    if not name.strip():
        raise ValueError("a name has at least one visible character")
    return name


def _in_time(moment: datetime) -> datetime:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not _EPOCH <= aware <= _END:
        raise ValueError(f"between {_EPOCH:%Y-%m-%d} and {_END:%Y-%m-%d}")
    return aware


def _no_number(value: object) -> object:
    if isinstance(value, (int, float)) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise ValueError("give a text such as 2024-05-06T07:08:09Z: a number does not say whether it counts seconds")
    return value


def _how_many(value: object) -> str:
    return _MANY if isinstance(value, list) else _ONE


def _no_boolean(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("give a number, not a boolean")  # noqa: TRY004 - what pydantic turns into an answer
    return value


# Python takes `true` for 1; JSON does not.
NoBoolean: Final = BeforeValidator(_no_boolean)
# NUL is in no honest name, and PostgreSQL cannot keep it in text.
Text = Annotated[str, Field(max_length=10_000, pattern=r"^[^\x00]*$")]
# What is found by an index: PostgreSQL's take 2,700 bytes.
Reference = Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")]
Name = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00]*$"), AfterValidator(_not_blank)]
Int64 = Annotated[int, Field(ge=-INT64 - 1, le=INT64), NoBoolean]
Count = Annotated[int, Field(ge=0, le=INT64), NoBoolean]
Number = Annotated[float, Field(allow_inf_nan=False), NoBoolean]
# Pydantic takes a small number for seconds and a large one for milliseconds, of whichever a caller may think.
NoNumber: Final = BeforeValidator(_no_number)
# A moment without a time zone is in UTC; log ids carry the time and end in 2081.
Moment = Annotated[datetime, AfterValidator(_in_time), NoNumber]
# Only the first wrong item is told: a thousand lists of a thousand wrong items each would cost gigabytes of errors.
Items = Annotated[list[Item], Field(max_length=MAX_ITEMS, fail_fast=True)]
# One thing or a list of them. Said through tags, so that an error is about the one shape that was sent.
OneOrMany = Annotated[
    Annotated[Item, Tag(_ONE)] | Annotated[list[Item], Field(max_length=MAX_ITEMS, fail_fast=True), Tag(_MANY)],
    Discriminator(_how_many),
]


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A boolean, a number, a text, or a list of texts: what judgements and feedback are made of."""
    labels = isinstance(value, list) and all(isinstance(each, str) for each in value)
    if value is not None and not labels and not isinstance(value, (bool, int, float, str)):
        raise ValueError("give a boolean, a number, a text or a list of texts")
    if isinstance(value, list) and len(value) > MAX_ITEMS:
        raise ValueError(f"at most {MAX_ITEMS} texts")
    if isinstance(value, int) and not -INT64 <= value <= INT64:
        raise ValueError("a whole number of at most 64 bits")
    return value


class Shape:
    """Documents a value as one of this type and does not look at it again: what is kept was looked at when it came."""

    def __init__(self, kind: Any) -> None:  # noqa: ANN401 - any type that pydantic knows
        self._kind = kind

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - pydantic's
        """What pydantic asks for: the schema of the type, around which everything is left as it is."""
        return core_schema.no_info_wrap_validator_function(
            lambda value, _: value,
            handler.generate_schema(self._kind),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda value: value),
        )


# A list of what Everloop does not have; named in answers, as v4 names it.
Nothing = Annotated[list[Any], Field(max_length=0)]
Plain = Annotated[bool | int | float | str | list[str], BeforeValidator(_plain)]


def location_of(raw: tuple[str | int, ...]) -> list[str | int]:
    """Where an error is, as the caller wrote it: without the tags that tell shapes apart, such as `<one>`."""
    return [each for each in raw if not (isinstance(each, str) and each.startswith("<"))]


def listed(value: Item | list[Item]) -> list[Item]:
    """A list, whichever way it was sent."""
    return value if isinstance(value, list) else [value]


def document(value: Any) -> Document | None:  # noqa: ANN401 - any JSON value
    """The value with its JSON text; None for null."""
    return None if value is None else Document(value, msgspec.json.encode(value))


def moment(milliseconds: int) -> datetime:
    """Unix milliseconds as a time in UTC."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def milliseconds(at: datetime | None) -> int | None:
    """A time as Unix milliseconds."""
    return None if at is None else (at - _EPOCH) // timedelta(milliseconds=1)
