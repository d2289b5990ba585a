from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from everloop.api.fields import (
    INT64,
    Answer,
    Count,
    Int64,
    Moment,
    Name,
    Nothing,
    Number,
    OneOrMany,
    Plain,
    Shape,
    listed,
    location_of,
    milliseconds,
    moment,
)

LAST = 62**7 - 1


@given(st.integers(0, LAST))
def test_times_lose_no_millisecond(at):
    assert milliseconds(moment(at)) == at
    assert milliseconds(TypeAdapter(Moment).validate_python(moment(at).isoformat())) == at


def test_a_time_without_a_zone_is_in_utc():
    assert TypeAdapter(Moment).validate_python("2024-01-02T03:04:05") == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", 1e308, 10**400, -1, "2081-08-06"]
)
def test_times_that_no_log_id_can_carry(at):
    with pytest.raises(ValidationError):
        TypeAdapter(Moment).validate_python(at)


@pytest.mark.parametrize(
    "at", [0, 1_700_000_000, 1_700_000_000_000, 0.5, True, "0", " 1700000000 ", "-1.5", "1700000000000"]
)
def test_a_number_is_no_time_since_nobody_knows_its_unit(at):
    with pytest.raises(ValidationError, match="a number does not say"):
        TypeAdapter(Moment).validate_python(at)


@pytest.mark.parametrize("value", [True, False, 0, 1, -INT64, 0.5, "", "text", [], ["a", "b"]])
def test_plain_values_keep_their_type(value):
    kept = TypeAdapter(Plain).validate_python(value)

    assert (kept, type(kept)) == (value, type(value))


@pytest.mark.parametrize("value", [None, {}, [1], [["a"]], 2**63, ["x"] * 1001])
def test_what_is_not_plain(value):
    with pytest.raises(ValidationError):
        TypeAdapter(Plain).validate_python(value)


def test_one_or_many():
    shape = TypeAdapter[int | list[int]](OneOrMany[int])

    assert listed(shape.validate_python(1)) == [1]
    assert listed(shape.validate_python([1, 2])) == [1, 2]


@pytest.mark.parametrize(("sent", "where"), [("x", []), ([1, "x"], [1]), ([1] * 1001, [])])
def test_an_error_is_where_the_caller_wrote_it(sent, where):
    with pytest.raises(ValidationError) as caught:
        TypeAdapter[int | list[int]](OneOrMany[int]).validate_python(sent)

    assert [location_of(each["loc"]) for each in caught.value.errors()] == [where]


@given(st.text(st.characters(exclude_characters="\x00"), min_size=1, max_size=255).filter(str.strip))
def test_names_are_kept_as_they_are(name):
    assert TypeAdapter(Name).validate_python(name) == name


@pytest.mark.parametrize("kind", [Int64, Count, Number])
@pytest.mark.parametrize("value", [True, False])
def test_a_boolean_is_no_number(kind, value):
    assert TypeAdapter(kind).validate_python(1) == 1
    with pytest.raises(ValidationError, match="give a number"):
        TypeAdapter(kind).validate_python(value)


def test_a_shape_is_documented_and_not_looked_at():
    class Part(BaseModel):
        size: int

    class Whole(Answer):
        part: Annotated[dict[str, Any], Shape(Part)] | None
        none: Nothing

    whole = Whole(part={"size": "not looked at"}, none=[])
    assert whole.model_dump() == {"part": {"size": "not looked at"}, "none": []}
    schema = Whole.model_json_schema(mode="serialization")
    assert schema["properties"]["part"]["anyOf"] == [{"$ref": "#/$defs/Part"}, {"type": "null"}]
    assert schema["$defs"]["Part"]["properties"]["size"]["type"] == "integer"
    assert schema["properties"]["none"]["maxItems"] == 0
