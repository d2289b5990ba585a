"""Templates that anybody may write: they cannot get out, nor take more than a second, 256 MB and 10 MB of output.

Every bomb here is rendered by the processes that servers use. The kernel ends one that computes longer or takes more
memory, so nothing here looks at a clock: a bomb is refused in words, or its text is short enough.
"""

import contextlib
import sys
from pathlib import Path

import msgspec
import pytest

from everloop.domain.document import Document
from everloop.domain.filling import Filling
from everloop.errors import MissingInputs, Unprocessable
from everloop.templating.engine import JinjaEngine

MOST = 10_000_000


@pytest.fixture
async def engine():
    engine = JinjaEngine()
    yield engine
    await engine.close()


async def rendered(engine, template, **inputs):
    result = await engine.render([template], Document(inputs, msgspec.json.encode(inputs)), {})
    return result.texts[0]


GIVEN = {"d": {"a": 1}, "l": [{"a": 1}, {"a": 2}], "s": "text", "n": 1, "o": None}

# Ways to Python's own, and to what lies beside the template.
ESCAPES = [
    *(f"{{{{ {name}.{path} }}}}" for name in GIVEN for path in ("__class__", "__class__.__mro__", "__doc__")),
    *(f"{{{{ {name}['__class__'] }}}}" for name in GIVEN),
    *(f"{{{{ {name}|attr('__class__') }}}}" for name in GIVEN),
    "{{ d.__init__.__globals__ }}",
    "{{ d.get.__self__ }}",
    "{{ d.items().__class__ }}",
    "{{ l.append.__func__ }}",
    "{{ ''.join.__class__ }}",
    "{{ (1).__class__.__base__.__subclasses__() }}",
    "{{ s.__class__.__base__.__subclasses__() }}",
    "{{ '{0.__class__}'.format(d) }}",
    "{{ '{0[__class__]}'.format(d) }}",
    "{{ '{d.__class__}'.format(d=d) }}",
    "{{ '%(x)s' % d.__class__ }}",
    "{{ namespace.__init__ }}",
    "{{ range.__globals__ }}",
    "{{ cycler.__init__.__globals__.os }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ self.__init__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ loop }}",
    "{{ lipsum.__globals__ }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ debug() }}",
    "{{ config }}",
    "{{ request }}",
    "{{ environ }}",
    "{{ __builtins__ }}",
    "{{ __import__('os') }}",
    "{{ open('/etc/passwd').read() }}",
    "{{ eval('1') }}",
    "{{ exec('1') }}",
    "{{ os.environ }}",
    "{% include '/etc/passwd' %}",
    "{% include ['a', 'b'] %}",
    "{% import '/etc/passwd' as x %}{{ x }}",
    "{% from '../../x' import y %}{{ y }}",
    "{% extends '/etc/passwd' %}",
    "{{ super() }}",
    "{% macro m() %}{{ caller.__class__ }}{% endmacro %}{{ m() }}",
    "{% macro m() %}{% endmacro %}{{ m.__class__ }}",
    "{% for x in l %}{{ loop.__class__ }}{% endfor %}",
]


@pytest.mark.parametrize("template", ESCAPES)
async def test_nothing_but_the_inputs_is_reachable(engine, template):
    with pytest.raises((Unprocessable, MissingInputs)):
        await rendered(engine, template, **GIVEN)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ l|map(attribute='__class__')|list }}", "[undefined, undefined]"),
        ("{{ l|selectattr('__class__')|list }}", "[]"),
        ("{{ l|rejectattr('a')|list }}", "[]"),
        ("{{ d.items().mapping }}", "{'a': 1}"),
        ("{{ d is defined and d.__class__ is defined }}", "False"),
    ],
)
async def test_what_filters_and_tests_see_is_not_pythons_either(engine, template, text):
    assert await rendered(engine, template, **GIVEN) == text


BOMBS = [
    "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
    "{% for a in range(10**12) %}x{% endfor %}",
    "{{ range(0, 10**18, 10**13)|list }}",
    "{{ 'x' * 10**9 }}",
    "{{ 'x' * 10**18 }}",
    "{{ [1] * 10**9 }}",
    "{{ ['x' * 10**6] * 10**6 }}",
    "{{ 10**10**10 }}",
    "{{ 9**9**9**9 }}",
    "{{ 'x'|center(10**9) }}",
    "{{ '%1000000000d'|format(1) }}",
    "{{ '%*d'|format(10**9, 1) }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ '{0:.1000000000f}'.format(1.0) }}",
    "{{ 'a\nb'|indent(10**9) }}",
    "{{ [1]|tojson(indent=10**9) }}",
    "{{ 'x'.ljust(10**9) }}{{ 'x'.zfill(10**9) }}",
    "{{ ('x' * 10**6)|replace('x', 'y' * 10**4) }}",
    "{{ ('x' * 10**6).replace('x', 'y' * 10**4) }}",
    "{{ ['x' * 10**6]|batch(10**9, 'x')|list }}",
    "{{ ['x']|slice(10**9)|list }}",
    "{{ (['x' * 10**5] * 10**5)|join(',') }}",
    "{% set n = namespace(x='xxxxxxxxxx') %}{% for i in range(64) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}",
    "{% set n = namespace(x=[1]) %}{% for i in range(64) %}{% set n.x = n.x + n.x %}{% endfor %}{{ n.x }}",
    "{% set n = namespace(x={'a': 1}) %}{% for i in range(99999) %}{% set n.x = {'a': n.x} %}{% endfor %}{{ n.x }}",
    "{% for i in range(99) %}{{ l.extend(l) }}{% endfor %}",
    "{{ l.append(l) }}{{ l|tojson }}",
    "{% for i in range(99999) %}{% set q = big.copy() %}{% endfor %}",
    "{% for i in range(99999) %}{% set q = big.count('z') %}{% endfor %}",
    "{% for i in range(99999) %}{% set q = big|sort|unique|list %}{% endfor %}",
    "{% for i in range(99999) %}{% set q = big|tojson %}{% endfor %}",
    "{% for i in range(99999) %}{% set q = big|string %}{% endfor %}",
    "{% macro m(x) %}{{ m(x) }}{{ m(x) }}{% endmacro %}{{ m(1) }}",
    "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(99) }}",
    "{% for x in tree recursive %}{{ loop(tree) }}{{ loop(tree) }}{% endfor %}",
    "{% filter upper %}" * 200 + "x" + "{% endfilter %}" * 200,
    "{{ " + "(" * 100_000 + "1" + ")" * 100_000 + " }}",
    "{{ " + "[" * 100_000 + " }}",
    "{{ " + "-" * 100_000 + "1 }}",
    "{{ " + "not " * 100_000 + "1 }}",
    "{{ 1" + " + 1" * 100_000 + " }}",
    "{{ 1" + " ~ 1" * 100_000 + " }}",
    "{{ 1" + " if 1 else 1" * 100_000 + " }}",
    "{{ s" + ".x" * 100_000 + " }}",
    "{{ s" + "[0]" * 100_000 + " }}",
    "{{ s" + "|upper" * 100_000 + " }}",
    "{% if 1 %}" * 100_000,
    "{% if 1 %}{% elif 1 %}" + "{% elif 1 %}" * 100_000 + "{% endif %}",
    "{{ big }}" * 1_000,
    "{{ s * 99999 }}" * 1_000,
    "{% raw %}" + "x" * (MOST + 1) + "{% endraw %}",
]


@pytest.mark.parametrize("template", BOMBS, ids=lambda each: each[:60])
async def test_bombs_take_no_more_than_the_limits(engine, template):
    with contextlib.suppress(Unprocessable):
        text = await rendered(engine, template, s="text", l=[1, 2], big=["x" * 90] * 20_000, tree=[1, 2])
        assert len(text.encode()) <= MOST
    # Whatever became of it, the next one is rendered.
    assert await rendered(engine, "{{ a }}", a="x") == "x"


@pytest.mark.parametrize(
    "template",
    [
        "{{" * 200_000,
        "{{ " * 200_000,
        "{{a" * 200_000,
        "{{a.a[a]" * 100_000,
        "{{" + "a" * 1_000_000,
        "{{" + "a." * 500_000,
        "{{f(" * 200_000,
        "{{f(" + "a," * 500_000,
        "{{f(" + "a ," * 300_000 + "!",
        '{{f("' * 200_000,
        '{{f("",' * 100_000,
        '{{f("' + "x" * 1_000_000,
        "{{f(a" + " " * 1_000_000,
        "{{a}}" * 10_000 + "{{",
        "{{a}}" * 200_000,
        "{{a[0]}}" * 10_000,
    ],
    ids=lambda each: each[:20],
)
def test_bombs_in_v4s_own_language_take_no_more_either(template):
    filling = Filling({"a": ["x" * 1_000] * 1_000})
    with contextlib.suppress(Unprocessable):
        assert len(filling.fill(template).encode()) <= MOST


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_a_process_has_no_secrets_and_no_way_out(engine, monkeypatch):
    monkeypatch.setenv("EVERLOOP_SECRET_KEY", "canary-4711")
    await rendered(engine, "x")
    (idle,) = engine._idle
    place = Path("/proc") / str(idle._process.pid)
    assert (place / "environ").read_bytes() == b""
    assert {each.name for each in (place / "fd").iterdir()} == {"0", "1", "2"}
    told = {line[:26].strip(): line[26:].split()[:2] for line in (place / "limits").read_text().splitlines()[1:]}
    assert told["Max address space"] == ["256000000"] * 2
    assert told["Max open files"] == ["3"] * 2
    assert told["Max processes"] == told["Max file size"] == told["Max core file size"] == ["0"] * 2
