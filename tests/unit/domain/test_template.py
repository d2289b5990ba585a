import pytest

from everloop.domain.filling import Filling
from everloop.domain.template import parse
from everloop.errors import MissingInputs, Unprocessable


def rendered(template, inputs):
    filling = Filling(inputs)
    text = filling.fill(template)
    assert filling.finish() == ()
    return text


@pytest.mark.parametrize(
    ("template", "inputs", "text"),
    [
        ("Hi {{name}}", {"name": "Ada"}, "Hi Ada"),
        ("{{ a }}{{a }}{{ a}}", {"a": "x"}, "xxx"),
        ("{{\na\t}}", {"a": "x"}, "x"),
        ("{{  a  }}", {}, "{{  a  }}"),  # two spaces: no variable, as in the official client
        ("{{a.}} {{.a}} {{a..b}} {{a[]}} {{a[0}} {{[0]}} {{a-b}} {a} {{}}", {},
         "{{a.}} {{.a}} {{a..b}} {{a[]}} {{a[0}} {{[0]}} {{a-b}} {a} {{}}"),
        ("{{ f() }} {{ f(a b) }} {{ f('x') }} {{ f(\"x) }} {{ f(a,) }} {{ f (a) }} {{ f(a)|b }}", {},
         "{{ f() }} {{ f(a b) }} {{ f('x') }} {{ f(\"x) }} {{ f(a,) }} {{ f (a) }} {{ f(a)|b }}"),
        ("{% if a %}{{a}}{% endif %}{# a #}", {"a": "x"}, "{% if a %}x{% endif %}{# a #}"),
        ("{{{a}}}", {"a": "x"}, "{x}"),
        ("{{a}}", {"a": "{{b}}", "b": "no"}, "{{b}}"),  # what was filled in is not looked at again
        ("{{a.b}}", {"a": {"b": "{{c}}{{f(c)}}"}, "c": "no"}, "{{c}}{{f(c)}}"),
        ("{{a}}{{b}}", {"a": "{{", "b": "a}}"}, "{{a}}"),
        ("{{n}} {{f}} {{t}} {{l}} {{d}}", {"n": 7, "f": 0.5, "t": True, "l": [1, "x"], "d": {"k": None}},
         "7 0.5 True [1, 'x'] {'k': None}"),
        ("{{zero}}{{no}}{{empty}}", {"zero": 0, "no": False, "empty": ""}, "0False"),
        ("plain", {"extra": "ignored"}, "plain"),
        ("", {}, ""),
        ("{{a}}", {"a": "\\1 \\g<0> {{a}} \x00"}, "\\1 \\g<0> {{a}} \x00"),
        ("{{_under_1}}", {"_under_1": "x"}, "x"),
        ("{{ a.b[0].c }}", {"a": {"b": [{"c": "x"}]}}, "x"),
        ("{{a[1][0]}}{{a.0}}{{d[k]}}", {"a": ["x", ["y"]], "d": {"k": 1}}, "yx1"),
    ],
)  # fmt: skip
def test_variables_are_replaced_in_one_pass(template, inputs, text):
    assert rendered(template, inputs) == text


def test_all_missing_inputs_are_named_at_once_as_they_are_written_and_none_counts_as_missing():
    with pytest.raises(MissingInputs) as caught:
        rendered('{{z}} {{a}} {{z}} {{m}} {{ a.b[0].c }} {{ f(x, "y", d.e) }}', {"m": None, "other": 1, "d": {}})
    assert caught.value.names == ("a", "a.b[0].c", "d.e", "m", "x", "z")
    assert "a, a.b[0].c, d.e, m, x, z" in caught.value.message


def test_an_input_too_long_to_write_as_text_is_refused_in_words():
    # Python writes whole numbers of up to 4,300 digits; JSON from outside cannot bring longer ones.
    assert rendered("{{n}}", {"n": int("1" * 4300)}) == "1" * 4300


@pytest.mark.parametrize("length", [10, 8_001, 250_001])  # each is remembered in another way
def test_a_template_of_any_length_is_rendered_again(length):
    text = "x" * length + "{{a}}"
    assert [rendered(text, {"a": each}) for each in ("1", "2")] == ["x" * length + "1", "x" * length + "2"]


def test_a_template_with_too_many_places_is_refused():
    assert rendered("{{a}}" * 10_000, {"a": "x"}) == "x" * 10_000
    with pytest.raises(Unprocessable, match="10,000 places"):
        parse("{{a}}" * 10_001)
