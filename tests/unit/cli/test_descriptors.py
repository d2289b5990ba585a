import resource

import pytest

from everloop.cli.descriptors import make_room


class Limits:
    """In place of the system's."""

    def __init__(self, soft: int, hard: int) -> None:
        self.both = (soft, hard)

    def get(self, _kind: int) -> tuple[int, int]:
        return self.both

    def set(self, _kind: int, both: tuple[int, int]) -> None:
        self.both = both


@pytest.fixture
def limits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Limits:
    limits = Limits(*request.param)
    monkeypatch.setattr(resource, "getrlimit", limits.get)
    monkeypatch.setattr(resource, "setrlimit", limits.set)
    return limits


INFINITE = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("limits", "after"),
    [
        ((1024, 524_288), (3200, 524_288)),
        ((1024, INFINITE), (3200, INFINITE)),
        ((INFINITE, INFINITE), (INFINITE, INFINITE)),
        ((20_000, 20_000), (20_000, 20_000)),
    ],
    indirect=["limits"],
)
def test_as_many_as_needed_and_never_fewer_than_there_were(limits: Limits, after: tuple[int, int]):
    assert make_room(1000) is None
    assert limits.both == after


@pytest.mark.parametrize("limits", [(1024, 2000)], indirect=True)
def test_a_system_that_allows_too_few_is_told_of(limits: Limits):
    said = make_room(1000)
    assert limits.both == (2000, 2000)
    assert said is not None
    assert "EVERLOOP_MAX_CALLS=1000" in said
    assert "3200 open files" in said
    assert "600 calls" in said
