import asyncio
import os
import signal
from collections.abc import Sequence

import msgspec
import pytest
import uvloop

from everloop.domain.document import EMPTY_OBJECT, Document
from everloop.domain.template_language import Rendered, TemplateFlaw
from everloop.domain.template_tool import ToolResult
from everloop.errors import MissingInputs, Unavailable, Unprocessable
from everloop.templating import process
from everloop.templating.engine import JinjaEngine


class Echo:
    """A template tool that says what it was given."""

    id = "oc_echo"

    def knows(self, word: str) -> bool:
        return False

    def run(self, arguments: Sequence[str]) -> str:
        if "no" in arguments:
            raise Unprocessable("Not that.")
        return "+".join(arguments)


@pytest.fixture
async def engine():
    engine = JinjaEngine()
    yield engine
    await engine.close()


def document(**inputs) -> Document:
    return Document(inputs, msgspec.json.encode(inputs))


async def test_templates_are_rendered_in_one_process_after_the_other(engine):
    for number in range(3):
        rendered = await engine.render(["a {{ n }}", "b {{ n }}"], document(n=number), {})
        assert rendered == Rendered((f"a {number}", f"b {number}"))
    assert len(engine._idle) == 1


async def test_a_crowd_is_served_by_few_processes(engine):
    found = await asyncio.gather(*(engine.render(["{{ n }}"], document(n=n), {}) for n in range(20)))
    assert [each.texts for each in found] == [(str(n),) for n in range(20)]
    assert 1 <= len(engine._idle) <= 2


async def test_tools_run_and_are_told(engine):
    rendered = await engine.render(["{{ echo('a', x) }}{{ echo('a', x) }}"], document(x=1), {"echo": Echo()})
    assert rendered == Rendered(("a+1a+1",), (ToolResult("oc_echo", "echo", 'echo("a", "1")', "a+1"),))
    with pytest.raises(Unprocessable, match=r"^Not that\.$"):
        await engine.render(["{{ echo('no') }}"], EMPTY_OBJECT, {"echo": Echo()})


async def test_what_is_missing_and_what_is_wrong_are_told(engine):
    with pytest.raises(MissingInputs) as caught:
        await engine.render(["{{ b }}", "{{ a }}"], EMPTY_OBJECT, {})
    assert caught.value.names == ("a", "b")
    with pytest.raises(Unprocessable, match=r"^The template, line 2: invalid operation: .*at `1/0`\.$"):
        await engine.render(["\n{{ 1/0 }}"], EMPTY_OBJECT, {})
    with pytest.raises(Unprocessable, match=r"^Template 2 of the 2 of the config, line 1: "):
        await engine.render(["x", "{{ 1/0 }}"], EMPTY_OBJECT, {})


async def test_nobody_knows_which_of_several_took_too_much(engine):
    bomb = "{{ " + "-" * 100_000 + "1 }}"
    for templates, which in ((["x", bomb], "One of the 2 templates of the config"), ([bomb], "The template")):
        said = f"{which}: it takes more than 256 MB of memory, or is nested too deeply."
        assert await engine.check(templates) == TemplateFlaw(None, said)
        with pytest.raises(Unprocessable) as caught:
            await engine.render(templates, EMPTY_OBJECT, {})
        assert caught.value.message == said


async def test_the_syntax_is_checked(engine):
    assert await engine.check(["{{ a }}", "{{ b }}"]) is None
    flaw = TemplateFlaw(0, "The template, line 1: syntax error: unexpected end of block, expected in.")
    assert await engine.check(["{% for %}"]) == flaw


async def test_a_process_that_was_ended_from_outside_is_replaced(engine):
    await engine.render(["x"], EMPTY_OBJECT, {})
    (idle,) = engine._idle
    os.kill(idle._process.pid, signal.SIGKILL)
    assert (await engine.render(["{{ a }}"], document(a="x"), {})).texts == ("x",)
    assert idle not in engine._idle


async def test_a_process_that_ends_again_and_again_is_no_fault_of_the_template(engine, monkeypatch):
    monkeypatch.setattr(process, "_COMMAND", ("/bin/sh", "-c", "exit 3"))
    with pytest.raises(Unavailable, match=r"ended \(code 3\)"):
        await engine.render(["x"], EMPTY_OBJECT, {})
    assert engine._idle == []


async def test_a_process_that_cannot_be_started_is_told(engine, monkeypatch):
    monkeypatch.setattr(process, "_COMMAND", ("/nowhere/python",))
    with pytest.raises(Unavailable, match="No process could be started"):
        await engine.render(["x"], EMPTY_OBJECT, {})


async def test_a_process_that_says_nothing_is_not_waited_for(engine, monkeypatch):
    monkeypatch.setattr(process, "_COMMAND", ("/bin/sh", "-c", "read nothing; sleep 600"))
    monkeypatch.setattr(process, "_DEADLINE", 0.2)
    with pytest.raises(Unavailable, match="no time"):
        await engine.render(["x"], EMPTY_OBJECT, {})
    assert engine._idle == []


async def test_a_call_that_is_given_up_leaves_no_half_done_process(engine, monkeypatch):
    started = asyncio.Event()

    class Slow:
        id = "oc_slow"

        def knows(self, word: str) -> bool:
            return False

        def run(self, arguments: Sequence[str]) -> str:
            started.set()
            return "x"

    endless = "{% for i in range(900) %}{{ slow(i) }}{% endfor %}"
    call = asyncio.create_task(engine.render([endless], EMPTY_OBJECT, {"slow": Slow()}))
    await started.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert engine._idle == []
    assert (await engine.render(["y"], EMPTY_OBJECT, {})).texts == ("y",)


def test_a_process_that_ends_before_it_has_read_all_is_told_in_the_loop_of_servers_too(monkeypatch):
    monkeypatch.setattr(process, "_COMMAND", ("/bin/sh", "-c", "exit 3"))

    async def rendered():
        engine = JinjaEngine()
        for _ in range(5):
            with pytest.raises(Unavailable, match=r"ended \(code 3\)"):
                await engine.render(["x" * 5_000_000], EMPTY_OBJECT, {})

    uvloop.run(rendered())
