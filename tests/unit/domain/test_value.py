from dataclasses import field, fields, replace

import pytest

from everloop.domain.value import value


@value
class Point:
    x: int
    y: int = 0
    tags: tuple[str, ...] = field(default=(), repr=False)


def test_values_of_the_same_fields_are_equal_and_hash_alike():
    assert Point(1, 2) == Point(x=1, y=2) != Point(1, 3)
    assert len({Point(1), Point(1, 0), Point(2)}) == 2


def test_the_tools_for_dataclasses_work():
    assert replace(Point(1), y=5) == Point(1, 5)
    assert [each.name for each in fields(Point)] == ["x", "y", "tags"]
    assert repr(Point(1)) == "Point(x=1, y=0)"
    match Point(3, 4):
        case Point(x, y):
            assert (x, y) == (3, 4)


def test_there_is_no_room_for_other_attributes():
    with pytest.raises(AttributeError):
        Point(1).z = 1  # type: ignore[attr-defined]
