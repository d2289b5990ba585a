import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.log_filter import as_in_json, folded, letters


@pytest.mark.parametrize(
    ("one", "two"),
    [("Hello", "hELLO"), ("ÄPFEL", "äpfel"), ("ΣΟΦΟΣ", "σοφοσ"), ("ЖУК", "жук"), ("𐐀", "𐐨"), ("", "")],
)
def test_case_makes_no_difference(one, two):
    assert folded(one) == folded(two)


@pytest.mark.parametrize("text", ["straße", "ς", "ı", "ǅ", "µ", "日本", "🦜", "12", " \n\x00"])  # noqa: RUF001 - a dotless i
def test_what_has_no_other_case_stays(text):
    assert folded(text) == text


@given(st.text())
def test_folding_changes_letters_one_by_one(text):
    assert len(folded(text)) == len(text)
    assert folded(folded(text)) == folded(text)
    assert "".join(folded(each) for each in text) == folded(text)


@given(st.text())
def test_letters_are_pairs_beyond_ascii(text):
    pairs = list(letters(text))
    assert len(set(pairs)) == len(pairs), "each once"
    for upper, lower in pairs:
        assert (folded(upper), folded(lower)) == (lower, lower)
        assert not upper.isascii()
        assert not lower.isascii()


@given(st.text())
def test_a_text_in_json_is_written_as_it_is_kept(text):
    assert as_in_json(text) == msgspec.json.encode(text).decode()[1:-1]
