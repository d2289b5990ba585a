import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.tool import check_choice
from everloop.errors import InvalidFields

ADD = {"name": "add", "parameters": {"type": "object"}}
LINKED = {"id": "oc_1", "source": "organization", "name": "mul"}


def named(name):
    return {"type": "function", "function": {"name": name}}


@pytest.mark.parametrize("choice", [None, "none", "auto"])
def test_what_forces_nothing_needs_no_tools(choice):
    check_choice(ModelConfig("m"), choice)


@pytest.mark.parametrize("choice", ["required", named("add")])
def test_what_is_there_can_be_asked_for(choice):
    check_choice(ModelConfig("m", tools=(LINKED, ADD)), choice)
    check_choice(ModelConfig("m", other={"tools": []}), choice)


@pytest.mark.parametrize(
    ("tools", "choice", "said"),
    [
        ((), "required", "no tools"),
        ((), named("add"), "no tool 'add', but no tools"),
        ((ADD, LINKED), named("sub"), "no tool 'sub', but only add, mul"),
    ],
)
def test_what_is_not_there_is_a_wrong_field(tools, choice, said):
    with pytest.raises(InvalidFields, match=said) as caught:
        check_choice(ModelConfig("m", tools=tools), choice)
    assert caught.value.issues[0].location == ("body", "tool_choice")
