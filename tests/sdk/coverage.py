"""Which operations the official clients have called, and which of those that they can call are left."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

from tests.contract_v4.differences import ALL
from tests.contract_v4.operations import Operation, promised
from tests.sdk.scenarios.recording import AWAITED, PLAIN, Call
from tests.sdk.scenarios.registry import VERSIONS


@dataclass(frozen=True, slots=True, order=True)
class Called:
    """An operation by its method and path, called by a version of the client in one of its two ways."""

    version: str
    operation: str
    way: str


# What a client has but cannot do, and why.
CANNOT: Final = {
    Called("0.7.0", "POST /model-configs/serialize", way): "it adds provider keys to the body, and then refuses them"
    for way in (PLAIN, AWAITED)
}


def called(version: str, calls: Iterable[Call]) -> set[Called]:
    """What was called with success. What is none of the contract's operations is left out."""
    return {
        Called(version, name, way)
        for way, method, path, status in calls
        if 200 <= status < 300 and (name := _operation(method, path))
    }


def callable_operations() -> set[Called]:
    """Everything that has been built and that a version of the client can call: each both ways."""
    return {
        Called(version, each.name, way)
        for each in promised()
        for version in VERSIONS
        if version in each.clients and f"{each.name}: is missing" not in ALL
        for way in (PLAIN, AWAITED)
    }


def report(done: Collection[Called]) -> list[str]:
    """How many of how many, and each that is left."""
    lines = []
    for version in VERSIONS:
        can = {each for each in callable_operations() if each.version == version} - set(CANNOT)
        for way in (PLAIN, AWAITED):
            of_way = {each for each in can if each.way == way}
            lines.append(f"humanloop=={version}, {way}: {len(of_way & set(done))} of {len(of_way)} operations called")
    return lines + [f"never called: {each.operation} ({each.way}, humanloop=={each.version})" for each in left(done)]


def left(done: Collection[Called]) -> list[Called]:
    """What should have been called, and was not."""
    return sorted(callable_operations() - set(CANNOT) - set(done))


def _operation(method: str, path: str) -> str | None:
    """The contract's name of what was called; where several fit, that with the fewest variables."""
    fitting = [each for each in promised() if each.method == method and _pattern(each.path).fullmatch(path)]
    return min(fitting, key=_variables).name if fitting else None


def _variables(operation: Operation) -> int:
    return operation.path.count("{")


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))
