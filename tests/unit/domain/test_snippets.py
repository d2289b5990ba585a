import pytest

from everloop.domain.filling import Filling
from everloop.domain.snippets import Snippets
from everloop.domain.template_tool import ToolResult
from everloop.errors import UnknownTool, Unprocessable

TEXTS = Snippets("oc_1", "snippet", {"hello": "Good day, {{name}}", "two words": "2", "empty": ""})


def filled(template: str, **inputs: object) -> tuple[str, tuple[ToolResult, ...]]:
    filling = Filling(inputs, {"snippet": TEXTS})
    return filling.fill(template), filling.finish()


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ snippet(hello) }}!", "Good day, {{name}}!"),
        ('{{snippet("hello")}}!', "Good day, {{name}}!"),
        ('{{ snippet("two words") }}', "2"),
        ("{{ snippet(which) }}", "2"),
        ("[{{ snippet(empty) }}]", "[]"),
    ],
)
def test_a_snippet_is_the_text_of_its_key(template: str, text: str):
    found, results = filled(template, which="two words", name="Ada")
    assert found == text
    assert [(each.id, each.name, each.result) for each in results] == [("oc_1", "snippet", found.strip("[]!"))]


def test_an_input_goes_before_a_key_of_the_same_name():
    assert filled("{{ snippet(hello) }}", hello="two words")[0] == "2"


@pytest.mark.parametrize("template", ['{{ snippet("no") }}', "{{ snippet(which) }}", "{{ snippet(no) }}"])
def test_an_unknown_key_is_told_with_those_that_are_there(template: str):
    with pytest.raises(UnknownTool, match="no snippet 'no': there are empty, hello, two words"):
        filled(template, which="no")


def test_more_than_one_key_is_refused():
    with pytest.raises(Unprocessable, match="one argument"):
        filled("{{ snippet(hello, empty) }}")


def test_of_many_keys_the_closest_are_told():
    many = Snippets("oc_1", "snippet", {f"key {number}": "" for number in range(1000)})
    with pytest.raises(UnknownTool) as caught:
        many.run(["key 99a" + "x" * 10_000])
    assert len(str(caught.value)) < 600
    with pytest.raises(UnknownTool, match="among others there are key 99"):
        many.run(["key99"])
    with pytest.raises(UnknownTool, match="it has none"):
        Snippets("oc_1", "snippet", {}).run(["x"])
