from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.depth import MAX_DEPTH, too_deep

VALUES = st.recursive(
    st.none() | st.text(max_size=3),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=2), each, max_size=3),
)


def nested(depth: int, value: Any) -> Any:
    for level in range(depth):
        value = {"a": value, "b": None} if level % 2 else [1, value]
    return value


@pytest.mark.parametrize(("depth", "expected"), [(0, False), (MAX_DEPTH, False), (MAX_DEPTH + 1, True), (900, True)])
def test_a_value_may_be_nested_so_deep_and_no_deeper(depth: int, expected: bool):
    value = nested(depth, 1)
    assert too_deep(msgspec.json.encode(value), value) is expected


@given(VALUES)
def test_what_is_wide_is_not_deep(value: Any):
    many = [value] * (MAX_DEPTH + 1)
    assert not too_deep(msgspec.json.encode(many), many)
