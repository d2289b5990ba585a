import msgspec
import pytest

from everloop.templating import limits
from everloop.templating.rendering import reply_to
from everloop.templating.wire import Done, Flawed, Missing, Order


def reply(*templates, tools=(), **inputs):
    order = Order("render", list(templates), msgspec.Raw(msgspec.json.encode(inputs)), list(tools))
    return reply_to(order, lambda name, arguments: None if name == "never" else f"<{name} {arguments}>")


def rendered(template, **inputs):
    found = reply(template, **inputs)
    assert isinstance(found, Done), found
    (text,) = found.texts
    return text


@pytest.mark.parametrize(
    ("template", "inputs", "text"),
    [
        ("Hi {{ name }}", {"name": "Ada"}, "Hi Ada"),
        ("{% if a %}yes{% else %}no{% endif %}", {"a": []}, "no"),
        ("{% for each in all if each > 1 %}{{ loop.index }}:{{ each }} {% endfor %}", {"all": [1, 2, 3]}, "1:2 2:3 "),
        ("{% for key, each in d.items() %}{{ key }}={{ each }} {% endfor %}", {"d": {"a": 1, "b": 2}}, "a=1 b=2 "),
        ("{{ a.b[0].c }}{{ a['b'][0]['c'] }}", {"a": {"b": [{"c": "x"}]}}, "xx"),
        ("{{ name|upper }} {{ all|join(', ') }} {{ n|round(1) }}", {"name": "a", "all": [1, 2], "n": 1.26},
         "A 1, 2 1.3"),
        ("{{ a }} {{ b }} {{ c }} {{ d }}", {"a": None, "b": True, "c": [1, "x"], "d": {"k": None}},
         "None True [1, 'x'] {'k': None}"),
        ("{{ a is none }} {{ b is defined }} {{ b|default('x') }}", {"a": None}, "True False x"),
        ("{% macro m(x) %}<{{ x }}{{ a }}>{% endmacro %}{{ m(1) }}", {"a": "y"}, "<1y>"),
        ("{% set x = 1 %}{% raw %}{{ x }}{% endraw %}{# gone #}{{ x }}", {}, "{{ x }}1"),
        ("{{ a }}", {"a": "{{ b }} <&>"}, "{{ b }} <&>"),  # inserted text is not looked at again, nor escaped
        ("{{ self }} {{ source }} {{ name }} {{ range }}", {"self": 1, "source": 2, "name": 3, "range": 4}, "1 2 3 4"),
        ("{{ n }}", {"n": 2**63}, str(2**63)),
        ("{{ a }}\n", {"a": "\u4e2d\u00e9"}, "\u4e2d\u00e9"),  # the last line end goes, as in Jinja
        ("", {}, ""),
    ],
)  # fmt: skip
def test_jinja_is_rendered(template, inputs, text):
    assert rendered(template, **inputs) == text


@pytest.mark.parametrize(
    ("templates", "inputs", "names"),
    [
        (["{{ z }} {{ a }} {{ z }} {{ given }}"], {"given": 1}, ["z", "a"]),
        (["{{ a }}", "{% for x in b %}{{ x }}{% endfor %}", "{% if c %}{% endif %}"], {}, ["a", "b", "c"]),
        (["{{ a.b[0].c }} {{ d.e() }} {{ f|upper }} {{ -g }}"], {}, ["a", "d", "f", "g"]),
        (["{{ a.b.c }} {{ d }}"], {"a": {}}, ["a.b"]),  # nothing can stand in for a part of what is there
        (["{{ a + b }} {{ c > 1 }}"], {"b": 1}, ["a"]),
        (["{{ a + b }}"], {}, ["a", "b"]),
        (["{{ a }} {{ b|default('x') }} {{ c is defined }}"], {}, ["a"]),
        (["{{ a }}", "{{ 1 / 0 }}"], {}, ["a"]),  # before what else is wrong
        (["{% set b = 1 %}{{ b }}{{ \u00e9t\u00e9 }}{{ a }}"], {}, ["\u00e9t\u00e9", "a"]),
    ],
)
def test_missing_inputs_are_told_at_once(templates, inputs, names):
    found = reply(*templates, **inputs)
    assert isinstance(found, Missing)
    assert sorted(found.names) == sorted(names)


def test_very_many_missing_inputs_are_not_all_told():
    found = reply("".join(f"{{{{ a{number} }}}}" for number in range(limits.MISSING + 50)))
    assert isinstance(found, Missing)
    assert len(found.names) == limits.MISSING


@pytest.mark.parametrize(
    ("template", "line", "said"),
    [
        ("a\nb{{ 1 / 0 }}", 2, "unable to calculate 1 / 0, at `1 / 0`"),
        ("{{ a|nothing }}", 1, "filter nothing is unknown, at `nothing`"),
        ("{{ nothing('x') }}", 1, "nothing is unknown"),
        ("{{ a.nothing() }}", None, "no attribute 'nothing'"),
        ("{{ l.pop() }}", None, "pop from empty list"),
        ("{{ a.items }}", None, "it writes the method `items` itself: there is no value of that name"),
        ("\n{% for x in [a] %}{{ x.y }}{% endfor %}", 2, "`x.y` is undefined"),
        ("{% include 'x' %}", 1, "no other templates"),
        ("{{ (", 1, "syntax error"),
        ("{% for i in range(5000) %}{% for j in range(5000) %}{% endfor %}{% endfor %}", 1, "2,000,000 steps"),
        ("{{ 'x' * 10000001 }}", None, "longer than 10,000,000 bytes"),
    ],
)
def test_what_cannot_be_rendered_is_told_with_its_line(template, line, said):
    found = reply("ok", template, a={}, l=[])
    assert isinstance(found, Flawed)
    assert (found.place, found.line) == (1, line)
    assert said in found.message


def test_an_error_repeats_no_more_of_the_template_than_helps():
    found = reply("{{ 1 / 0 if '" + "x" * 1_000 + "' }}")
    assert isinstance(found, Flawed)
    assert len(found.message) < 300
    found = reply("{{ l.index('" + "x" * 1_000 + "') }}", l=[])
    assert isinstance(found, Flawed)
    assert found.message.startswith("ValueError: 'xxx")
    assert len(found.message) < 300


def test_the_limit_of_output_is_of_all_templates_together():
    assert isinstance(reply("{{ 'x' * 5000000 }}", "{{ 'x' * 5000000 }}"), Done)
    assert isinstance(reply("{{ 'x' * 5000000 }}", "{{ 'x' * 5000000 }}", "x"), Flawed)


def test_tools_are_called_with_texts():
    assert reply("{{ f('a', 1, b) }}", tools=["f"], b="c") == Done(["<f ['a', '1', 'c']>"])
    refused = reply("{{ never('a') }}", tools=["never"])
    assert isinstance(refused, Flawed)
    assert refused.message == "the tool 'never' refused the call"
    for template in ("{{ f(nothing) }}", "{{ f(none) }}"):
        empty = reply(template, tools=["f"])
        assert isinstance(empty, Flawed)
        assert "an argument of the tool 'f' has no value" in empty.message
    many = reply("{% for i in range(1001) %}{{ f() }}{% endfor %}", tools=["f"])
    assert isinstance(many, Flawed)
    assert "more than 1,000 times" in many.message


def test_inputs_nested_too_deeply_are_refused():
    nested = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    found = reply_to(Order("render", ["{{ a }}"], msgspec.Raw(nested)), lambda *_: None)
    assert found == Flawed(None, None, "the inputs are nested too deeply")


def test_nothing_of_one_order_is_there_for_the_next():
    assert isinstance(reply("{% set x = 1 %}{{ x }}{% macro m() %}{% endmacro %}{{ a.update({'x': 1}) }}", a={}), Done)
    found = reply("{{ x }}{{ a }}")
    assert isinstance(found, Missing)
    assert found.names == ["x", "a"]


def check(*templates):
    return reply_to(Order("check", list(templates)), lambda *_: None)


def test_the_syntax_is_looked_at_without_inputs():
    assert check("{{ a }}", "{% for x in y %}{{ z|nothing }}{% endfor %}") == Done()
    assert check() == Done()
    found = check("{{ a }}", "\n{% for %}")
    assert isinstance(found, Flawed)
    assert (found.place, found.line) == (1, 2)
    assert found.message == "syntax error: unexpected end of block, expected in"
