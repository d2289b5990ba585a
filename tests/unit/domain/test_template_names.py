import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.template_names import CALL, NAME, Call, call_in, input_at, quoted

STEPS = st.lists(st.from_regex(r"[a-zA-Z_0-9]+", fullmatch=True) | st.integers(0, 3), min_size=1, max_size=5)


@pytest.mark.parametrize(
    ("written", "call"),
    [
        ("f(x)", Call("f", ("x",))),
        ('my-tool("a, (b)", c-d , e.f[0])', Call("my-tool", ('"a, (b)"', "c-d", "e.f[0]"))),
        ('f("")', Call("f", ('""',))),
        ("a.b[0].c", None),
    ],
)
def test_calls_are_told_from_names(written, call):
    assert bool(re.fullmatch(NAME, written)) is (call is None)
    assert bool(re.fullmatch(CALL, written)) is (call is not None)
    assert call_in(written) == call


def test_a_text_is_told_from_a_name():
    assert (quoted('"x"'), quoted('""'), quoted("x")) == ("x", "", None)


@given(STEPS, st.text())
def test_whatever_can_be_written_leads_to_what_is_there(steps, leaf):
    value = leaf
    for step in reversed(steps[1:]):
        value = [None] * step + [value] if isinstance(step, int) else {step: value}
    first = str(steps[0])
    written = first + "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in steps[1:])
    assert re.fullmatch(NAME, written)
    assert input_at({first: value}, written) == leaf


def test_an_input_of_the_whole_name_goes_first_and_null_is_nothing():
    assert input_at({"a.b": 1, "a": {"b": 2}}, "a.b") == 1
    assert input_at({"a.b": None, "a": {"b": 2}}, "a.b") == 2


@pytest.mark.parametrize(
    "name",
    ["b", "a.x", "a.b.c.d", "a.l[2]", "a.l[99999999999999999999]", "a.l.x", "a.t[0]", "a.n.real", "a.__class__",
     "a.l.append", "a.keys", "a.nothing", "a.nothing.x", "a.l[\u00b2]", "__class__"],
)  # fmt: skip
def test_what_leads_nowhere_is_nothing_and_pythons_own_is_not_reachable(name):
    assert input_at({"a": {"b": {"c": "x"}, "l": [0, 1], "t": "text", "n": 1, "nothing": None}}, name) is None
