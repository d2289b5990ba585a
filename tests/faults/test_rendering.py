"""Processes that render templates: they hold nobody else up, and none outlives its server."""

import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.server import RunningServer, serving

DEADLINE = 30.0
BOMB = "{% for i in range(99999) %}{% set q = big.count('z') %}{% endfor %}"


def ask(server: RunningServer, template: str, language: str = "jinja", **inputs: object):
    config = {"provider": "mock", "model": "m", "prompt_template": template, "template_language": language}
    return server.post("/v4/completion", {"project": "p", "model_config": config, "inputs": inputs})


def test_a_template_that_computes_holds_up_no_other_call(fresh_server):
    for language in ("jinja", "default"):
        ask(fresh_server, "{{ a }}", language, a="x").expect(200)
    with ThreadPoolExecutor(4) as callers:
        bombs = [callers.submit(ask, fresh_server, BOMB, big=["x"] * 20_000) for _ in range(4)]
        while not any(each.done() for each in bombs):
            # Both processes compute, and the others wait for them; whoever needs neither is answered.
            ask(fresh_server, "{{ a }}", "default", a="x").expect(200)
        assert not all(each.done() for each in bombs), "the bombs were no bombs, so nothing was shown"
        replies = [each.result(DEADLINE) for each in bombs]
    assert [each.status for each in replies] == [422] * 4
    assert all("1 second of processor time" in each.detail["message"] for each in replies)
    ask(fresh_server, "{{ a }}", a="x").expect(200)


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_none_outlives_its_server(tmp_path: Path, end: signal.Signals):
    with serving(tmp_path / "data") as server:
        assert children(server) == []
        ask(server, "{{ a }}", a="x").expect(200)
        (child,) = children(server)
        server.process.send_signal(end)
        server.process.wait(DEADLINE)
        deadline = time.monotonic() + DEADLINE
        while is_alive(child):
            assert time.monotonic() < deadline, "it is still there"
            time.sleep(0.05)


def children(server: RunningServer) -> list[Path]:
    """The rendering processes of a server."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            fields, command = (each / "stat").read_text().rpartition(")")[2].split(), (each / "cmdline").read_bytes()
        except OSError:
            continue  # it has ended
        if int(fields[1]) == server.process.pid and b"everloop.templating.worker" in command:
            found.append(each)
    return found


def is_alive(process: Path) -> bool:
    try:
        return b"everloop.templating.worker" in (process / "cmdline").read_bytes()
    except OSError:
        return False
