import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.one_line import one_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a name", "a name"),
        ("Ärger \u6f22 \U0001f600", "Ärger \u6f22 \U0001f600"),
        ("\x1b[2J\r\nfake", "\\x1b[2J\\r\\nfake"),
        ("\u202egnp", "\\u202egnp"),
        ("\udcff", "\\udcff"),
        ("x" * 501, "x" * 500 + "…"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(text: str, shown: str):
    assert one_line(text) == shown


@given(st.text(st.characters(exclude_categories=())))
def test_it_can_always_be_printed_in_one_line(text: str):
    shown = one_line(text)
    assert shown.isprintable()
    assert shown.encode().decode() == shown
