import json
from dataclasses import dataclass, field
from pathlib import Path

from bench import machine
from bench.machine import Machine
from bench.pages import free_stem, keep, method


@dataclass(frozen=True, slots=True)
class Run:
    machine: Machine
    command: str = "python -m bench.x"
    seconds: float = 3.0
    failures: list[str] = field(default_factory=lambda: ["too slow"])


def test_nothing_is_overwritten(tmp_path: Path):
    run, folder = Run(machine.describe(tmp_path)), tmp_path / "results"
    first = keep(run, "one", folder, free_stem(folder, "today"))
    second = keep(run, "two", folder, free_stem(folder, "today"))
    assert [first.name, second.name] == ["today.md", "today-2.md"]
    assert (first.read_text(), second.read_text()) == ("one", "two")
    assert json.loads(second.with_suffix(".json").read_text())["failures"] == ["too slow"]


def test_a_page_says_how_it_was_made(tmp_path: Path):
    told = method(Run(machine.describe(tmp_path)), "One thing", also="; another")
    assert "- Command: `python -m bench.x` (3 s in all; another)" in told
    assert "- One thing\n" in told
