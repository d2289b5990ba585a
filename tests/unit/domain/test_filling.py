from collections.abc import Sequence

import pytest

from everloop.domain.filling import LONGEST_OUTPUT, Filling
from everloop.domain.template_tool import ToolResult
from everloop.errors import MissingInputs, Unprocessable


class Letters:
    """A template tool that knows two letters, and counts how often it was asked."""

    id = "oc_letters"

    def __init__(self):
        self.asked = 0

    def knows(self, word: str) -> bool:
        return word in ("a", "b")

    def run(self, arguments: Sequence[str]) -> str:
        self.asked += 1
        if arguments[0] not in ("a", "b"):
            raise Unprocessable(f"No letter {arguments[0]!r}.")
        return f"<{'|'.join(arguments)}>"


def filled(text, inputs, *tools):
    filling = Filling(inputs, {"letter": tools[0] if tools else Letters()})
    return filling.fill(text), filling.finish()


def test_a_tool_gets_texts_and_inputs_and_what_ran_is_told_in_order():
    text, results = filled(
        '{{ letter("b") }} {{letter( it ,"x y" , deep.list[1])}}', {"it": "a", "deep": {"list": [1, 2]}}
    )
    assert text == "<b> <a|x y|2>"
    assert results == (
        ToolResult("oc_letters", "letter", 'letter("b")', "<b>"),
        ToolResult("oc_letters", "letter", 'letter( it ,"x y" , deep.list[1])', "<a|x y|2>"),
    )
    assert results[0].view() == {"id": "oc_letters", "name": "letter", "signature": 'letter("b")', "result": "<b>"}


def test_a_word_that_the_tool_knows_needs_no_quotes_and_an_input_goes_before_it():
    assert filled("{{ letter(a, b) }}", {})[0] == "<a|b>"
    assert filled("{{ letter(a, b) }}", {"a": "b", "b": None})[0] == "<b|b>"
    with pytest.raises(MissingInputs) as caught:
        filled("{{ letter(a, c) }}{{ other(a) }}", {})
    assert caught.value.names == ("a", "c")


def test_a_call_runs_once_however_often_it_is_written():
    letters = Letters()
    text, results = filled('{{letter("a")}}' * 3, {}, letters)
    assert (text, len(results), letters.asked) == ("<a>" * 3, 1, 1)


def test_what_a_tool_gives_is_not_filled_again():
    text, _ = filled("{{letter(it, more)}}", {"it": "a", "more": '{{letter("b")}}'})
    assert text == '<a|{{letter("b")}}>'


def test_an_input_named_like_the_call_stands_in_for_it():
    letters = Letters()
    text, results = filled('{{letter("a")}}{{ other(x) }}', {'letter("a")': "mine", "other(x)": 5}, letters)
    assert (text, results, letters.asked) == ("mine5", (), 0)


def test_a_tool_that_is_not_there_is_refused_with_the_names_of_those_that_are():
    with pytest.raises(Unprocessable, match=r"calls 'google\(\"x\"\)'.* tools for templates are letter\."):
        filled('{{ google("x") }}', {})
    with pytest.raises(Unprocessable) as caught:
        filled(f'{{{{ google("{"x" * 1_000}") }}}}', {})
    assert len(caught.value.message) < 500
    filling = Filling({})
    filling.fill('{{ google("x") }}')
    with pytest.raises(Unprocessable, match="has no tools for templates"):
        filling.finish()


def test_missing_inputs_are_told_before_what_a_tool_has_against_its_call_and_no_tool_runs_after_that():
    letters = Letters()
    with pytest.raises(MissingInputs) as caught:
        filled('{{letter("z")}}{{letter("a")}}{{there}}', {}, letters)
    assert (caught.value.names, letters.asked) == (("there",), 1)
    with pytest.raises(Unprocessable, match="No letter 'z'"):
        filled('{{letter("z")}}{{letter("a")}}{{google("x")}}', {}, letters)


@pytest.mark.parametrize(
    ("template", "inputs"),
    [
        ("{{a}}" * 3, {"a": "x" * (LONGEST_OUTPUT // 3 + 1)}),
        ("{{a}}" * 10_000, {"a": "x" * LONGEST_OUTPUT}),
        ("{{a}}", {"a": "\u00e9" * (LONGEST_OUTPUT // 2 + 1)}),
        ("{{a}}", {"a": ["x" * LONGEST_OUTPUT]}),
        ("".join(f"{{{{a{'[0]' * depth}}}}}" for depth in range(20)), {"a": [[[["x" * (LONGEST_OUTPUT // 3)]]]]}),
        ("x" * (LONGEST_OUTPUT + 1), {}),
    ],
)
def test_more_text_than_anybody_needs_is_refused(template, inputs):
    with pytest.raises(Unprocessable, match="longer than 10,000,000 bytes"):
        filled(template, inputs)


def test_the_limit_is_of_all_templates_of_a_call_together_and_what_fits_is_filled():
    filling = Filling({"a": "\u00e9" * (LONGEST_OUTPUT // 4)})
    assert len(filling.fill("{{a}}").encode()) * 2 == LONGEST_OUTPUT
    assert len(filling.fill("{{a}}").encode()) * 2 == LONGEST_OUTPUT
    with pytest.raises(Unprocessable, match="longer"):
        filling.fill("x")


def test_an_input_nested_too_deeply_to_be_text_is_refused():
    nested: list = []
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(Unprocessable, match="'a' is nested too deeply"):
        filled("{{a}}", {"a": nested})
    while nested:
        nested = nested.pop()  # the garbage collector would follow it down


def test_a_text_of_half_a_character_is_filled():
    assert filled("{{a}}", {"a": "\ud800" * 20_000})[0] == "\ud800" * 20_000
