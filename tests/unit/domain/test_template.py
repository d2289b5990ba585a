import pytest

from everloop.domain.template import parse
from everloop.errors import MissingInputs


@pytest.mark.parametrize(
    ("template", "inputs", "text"),
    [
        ("Hi {{name}}", {"name": "Ada"}, "Hi Ada"),
        ("{{ a }}{{a }}{{ a}}", {"a": "x"}, "xxx"),
        ("{{\na\t}}", {"a": "x"}, "x"),
        ("{{  a  }}", {}, "{{  a  }}"),  # two spaces: no variable, as in the official client
        ("{{a.b}} {{ f(x) }} {a} {{}}", {}, "{{a.b}} {{ f(x) }} {a} {{}}"),
        ("{{{a}}}", {"a": "x"}, "{x}"),
        ("{{a}}", {"a": "{{b}}", "b": "no"}, "{{b}}"),  # what was filled in is not looked at again
        ("{{a}}{{b}}", {"a": "{{", "b": "a}}"}, "{{a}}"),
        ("{{n}} {{f}} {{t}} {{l}} {{d}}", {"n": 7, "f": 0.5, "t": True, "l": [1, "x"], "d": {"k": None}},
         "7 0.5 True [1, 'x'] {'k': None}"),
        ("{{zero}}{{no}}{{empty}}", {"zero": 0, "no": False, "empty": ""}, "0False"),
        ("plain", {"extra": "ignored"}, "plain"),
        ("", {}, ""),
        ("{{a}}", {"a": "\\1 \\g<0> {{a}} \x00"}, "\\1 \\g<0> {{a}} \x00"),
        ("{{_under_1}}", {"_under_1": "x"}, "x"),
    ],
)  # fmt: skip
def test_variables_are_replaced_in_one_pass(template, inputs, text):
    assert parse(template).render(inputs) == text


def test_all_missing_inputs_are_named_at_once_and_none_counts_as_missing():
    with pytest.raises(MissingInputs) as caught:
        parse("{{z}} {{a}} {{z}} {{m}}").render({"m": None, "other": 1})
    assert caught.value.names == ("a", "m", "z")
    assert "a, m, z" in caught.value.message
    assert caught.value.message.count("z") == 1


def test_the_names_are_told_in_order_of_appearance():
    assert parse("{{b}}{{a}}{{b}}").variables == ("b", "a", "b")


def test_an_input_too_long_to_write_as_text_is_refused_in_words():
    # Python writes whole numbers of up to 4,300 digits; JSON from outside cannot bring longer ones.
    assert parse("{{n}}").render({"n": int("1" * 4300)}) == "1" * 4300
