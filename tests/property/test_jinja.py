"""Whatever is written in a template, it is rendered or refused in words."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from everloop.templating.rendering import reply_to
from everloop.templating.wire import Done, Flawed, Missing, Order

WORDS = [
    *(
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "-",
        " ",
        "\n",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ".",
        ",",
        "|",
        "'",
        "=",
        "==",
        "+",
    ),
    *("*", "/", "~", "not", "and", "if", "else", "endif", "for", "in", "endfor", "set", "endset", "macro", "endmacro"),
    *(
        "call",
        "endcall",
        "filter",
        "endfilter",
        "with",
        "endwith",
        "block",
        "endblock",
        "raw",
        "endraw",
        "include",
        "do",
    ),
    *(
        "a",
        "l",
        "d",
        "t",
        "missing",
        "loop",
        "self",
        "caller",
        "namespace",
        "range",
        "dict",
        "tool",
        "none",
        "true",
        "0",
        "7",
    ),
    *(
        "upper",
        "join",
        "default",
        "tojson",
        "map",
        "sort",
        "items",
        "append",
        "pop",
        "length",
        "is",
        "defined",
        "\u00e9",
    ),
]
INPUTS = msgspec.Raw(b'{"a":1,"l":[1,{"x":null}],"d":{"k":"v"},"t":"text"}')


def answers(template: str) -> None:
    order = Order("render", [template, "{{ a }}"], INPUTS, ["tool"])
    reply = reply_to(order, lambda name, arguments: f"{name}{arguments}" if arguments else None)
    match reply:
        case Done(texts):
            assert texts[1] == "1"
        case Missing(names):
            assert names
        case Flawed():
            assert reply.message
    checked = reply_to(Order("check", [template]), lambda *_: None)
    assert checked == Done() or (isinstance(checked, Flawed) and "syntax error" in checked.message)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join))
def test_words_in_any_order(template):
    answers(template)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(WORDS), max_size=12).map(lambda words: "{{ " + " ".join(words) + " }}"))
def test_expressions(template):
    answers(template)


@given(st.text())
def test_any_text(template):
    answers(template)
