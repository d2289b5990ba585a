import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.tool import check_choice, inline_tools
from everloop.errors import InvalidFields, Unprocessable

ADD = {"name": "add", "parameters": {"type": "object"}}
LINK = {"id": "oc_1", "source": "organization"}


def named(name):
    return {"type": "function", "function": {"name": name}}


def test_a_tool_that_is_only_a_link_is_refused_by_its_id():
    assert inline_tools(ModelConfig("m", tools=(ADD, {**LINK, "name": "sub"}))) == (ADD, {**LINK, "name": "sub"})
    with pytest.raises(Unprocessable, match=r"'oc_1'.*not there yet"):
        inline_tools(ModelConfig("m", tools=(ADD, LINK)))


@pytest.mark.parametrize("choice", [None, "none", "auto"])
def test_what_forces_nothing_needs_no_tools(choice):
    check_choice(ModelConfig("m"), choice)


@pytest.mark.parametrize("choice", ["required", named("add")])
def test_what_is_there_can_be_asked_for(choice):
    check_choice(ModelConfig("m", tools=(ADD,)), choice)
    check_choice(ModelConfig("m", other={"tools": []}), choice)


@pytest.mark.parametrize(
    ("tools", "choice", "said"),
    [
        ((), "required", "no tools"),
        ((), named("add"), "no tool 'add', but no tools"),
        ((ADD, LINK), named("sub"), "no tool 'sub', but only add, oc_1"),
    ],
)
def test_what_is_not_there_is_a_wrong_field(tools, choice, said):
    with pytest.raises(InvalidFields, match=said) as caught:
        check_choice(ModelConfig("m", tools=tools), choice)
    assert caught.value.issues[0].location == ("body", "tool_choice")
