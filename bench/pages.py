"""Where the results of all programs go: a page to read and figures to compute with, none of them overwritten."""

from pathlib import Path
from typing import Protocol

import msgspec

from bench.machine import Machine


class Run(Protocol):
    """What the results of every program tell."""

    @property
    def command(self) -> str:
        """Return how to make such a run."""

    @property
    def machine(self) -> Machine:
        """Return where and with what it was made."""

    @property
    def seconds(self) -> float:
        """Return how long it took."""

    @property
    def failures(self) -> list[str]:
        """Name what went wrong, or is not as it is aimed at."""


def keep(run: Run, page: str, directory: Path, stem: str) -> Path:
    """Write `stem`.md and `stem`.json (see `free_stem`); return the Markdown file."""
    document = {"failures": run.failures, **msgspec.to_builtins(run)}
    (directory / f"{stem}.json").write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n")
    file = directory / f"{stem}.md"
    file.write_text(page, encoding="utf-8")
    return file


def free_stem(directory: Path, name: str) -> str:
    """Make the directory and return the name, numbered when a run of that name is there already."""
    directory.mkdir(parents=True, exist_ok=True)
    number, stem = 1, name
    while (directory / f"{stem}.json").exists():
        number += 1
        stem = f"{name}-{number}"
    return stem


def method(run: Run, *facts: str, also: str = "") -> str:
    """Return the last part of a page: how it was made, and what each word means."""
    all_facts = [f"Command: `{run.command}` ({run.seconds:.0f} s in all{also})", *run.machine.facts(), *facts]
    listed = "\n".join(f"- {fact}" for fact in all_facts)
    return f"## Method\n\n{listed}\n\nWhat each word means: `bench/README.md`."
