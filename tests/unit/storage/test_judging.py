"""Labels are compared as stored texts when the past is judged anew, and as values when feedback comes in."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from everloop.domain.feedback import Value, label_of
from everloop.domain.outcome import PositiveLabel
from everloop.storage.feedback_rows import read_value, value_text
from everloop.storage.judging import _stored

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXT,
    st.lists(TEXT).map(tuple),
)


@given(value=VALUES)
@example(value=1e16)
@example(value=-0.0)
@example(value=2**200)
@example(value=("a", "é\n"))
def test_every_value_is_found_by_its_label(value: Value):
    assert ("kind", value_text(value)) in _stored(PositiveLabel("kind", label_of(value)))


@given(label=st.one_of(TEXT, VALUES.map(label_of), VALUES.map(value_text)))
@example(label="null")
@example(label="1e999")
@example(label=" true")
@example(label='["a","b"]')
def test_whatever_is_found_reads_as_the_label(label: str):
    found = _stored(PositiveLabel("kind", label))
    assert [(kind, label_of(read_value(text))) for kind, text in found] == [("kind", label)] * len(found)


@pytest.mark.parametrize(
    ("label", "texts"), [("good", ['"good"']), ("true", ['"true"', "true"]), ("3.0", ['"3.0"', "3.0"])]
)
def test_a_label_is_a_text_or_another_value_that_reads_like_it(label: str, texts: list[str]):
    assert [text for _, text in _stored(PositiveLabel("kind", label))] == texts
