import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.storage.texts import escaped, unescaped

ANY = st.text(alphabet=st.sampled_from("\x00\x1a01a🦜"))


@given(ANY)
def test_any_text_comes_back_and_has_no_nul(text: str):
    assert "\x00" not in escaped(text)
    assert unescaped(escaped(text)) == text


@given(ANY, ANY, ANY)
def test_a_text_is_found_in_another_as_before(before: str, part: str, after: str):
    assert escaped(part) in escaped(before + part + after)


@pytest.mark.parametrize("text", ["", "plain", "🦜", "\x1b[31mred", '{"x":"\\u0000"}'])
def test_ordinary_text_is_kept_as_it_is(text: str):
    assert escaped(text) is text
    assert unescaped(text) is text
