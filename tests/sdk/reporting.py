"""At the end of a run: how many operations the official clients have called. Fails the run when one is left."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.sdk.coverage import Called, called, left, report
from tests.sdk.scenarios import SCENARIOS
from tests.sdk.scenarios.recording import AWAITED, PLAIN

PROPERTY = "what an official client called"


@dataclass(frozen=True, slots=True)
class Run:
    """What was played, as (version, way, name), and what the clients called meanwhile."""

    played: frozenset[tuple[str, str, str]]
    done: frozenset[Called]

    @property
    def is_whole(self) -> bool:
        """Whether every story was told to its good end; a part of them says nothing of what is never called."""
        return everything() <= self.played


def everything() -> set[tuple[str, str, str]]:
    """All that can be played."""
    return {
        (version, way, name)
        for name, told in SCENARIOS.items()
        for version in told.versions
        for way in (PLAIN, AWAITED)
        if way == PLAIN or told.has_twin
    }


def run_of(properties: Iterable[tuple[str, Any]]) -> Run:
    """The run that left these properties on the reports of its tests."""
    played: set[tuple[str, str, str]] = set()
    done: set[Called] = set()
    for name, value in properties:
        if name == PROPERTY:
            played.update((value["version"], value["way"], each) for each in value["names"])
            done.update(called(value["version"], map(tuple, value["calls"])))
    return Run(frozenset(played), frozenset(done))


def _run(config: pytest.Config) -> Run:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    passed = reporter.stats.get("passed", ()) if reporter else ()
    return run_of(each for test in passed for each in test.user_properties)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails a run that was otherwise good; with several processes, the one that hears of all."""
    run = _run(session.config)
    if run.is_whole and left(run.done) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Prints the numbers."""
    run = _run(config)
    if not run.is_whole:
        return
    terminalreporter.section("official clients")
    for line in report(run.done):
        terminalreporter.line(line)
