from types import SimpleNamespace

import pytest

from tests.sdk.coverage import CANNOT, Called, callable_operations, called, left, report
from tests.sdk.reporting import PROPERTY, everything, pytest_sessionfinish, run_of
from tests.sdk.scenarios.recording import AWAITED, PLAIN


def whole(calls=()):
    """The properties of a run that played everything, in which 0.7.35 made these calls."""
    return [
        (PROPERTY, {"version": version, "way": way, "names": [name], "calls": list(calls)})
        for version, way, name in everything()
    ]


def test_what_was_called_is_known_by_its_address():
    calls = [
        ("plain", "GET", "/projects/pr_1/configs", 200),
        ("awaited", "POST", "/model-configs/serialize", 200),
        ("plain", "POST", "/model-configs/config_1/export", 200),
        ("plain", "DELETE", "/projects/pr_1/deployed-config/env_1", 200),
    ]
    assert called("0.7.35", calls) == {
        Called("0.7.35", "GET /projects/{id}/configs", PLAIN),
        Called("0.7.35", "POST /model-configs/serialize", AWAITED),
        Called("0.7.35", "POST /model-configs/{id}/export", PLAIN),
        Called("0.7.35", "DELETE /projects/{project_id}/deployed-config/{environment_id}", PLAIN),
    }


@pytest.mark.parametrize(
    "call",
    [("plain", "GET", "/projects/pr_1", 404), ("plain", "PUT", "/projects", 200), ("plain", "GET", "/evaluators", 200)],
)
def test_what_failed_or_is_none_of_ours_does_not_count(call):
    assert called("0.7.35", [call]) == set()


def test_nothing_is_excused_that_a_client_could_not_call_anyway():
    assert set(CANNOT) <= callable_operations()


def test_what_is_left_is_counted_and_named():
    todo = callable_operations() - set(CANNOT)
    forgotten = Called("0.7.35", "GET /projects", AWAITED)
    of_way = sum(1 for each in todo if (each.version, each.way) == ("0.7.35", AWAITED))
    lines = report(todo - {forgotten})
    assert left(todo - {forgotten}) == [forgotten]
    assert f"humanloop==0.7.35, awaited: {of_way - 1} of {of_way} operations called" in lines
    assert lines[-1] == "never called: GET /projects (awaited, humanloop==0.7.35)"
    assert left(todo) == []


def test_a_part_of_the_stories_says_nothing():
    assert run_of(whole()).is_whole
    assert not run_of(whole()[1:]).is_whole
    assert not run_of([("another property", 1)]).is_whole


@pytest.mark.parametrize(
    ("properties", "before", "after"),
    [(whole(), 0, 1), (whole()[1:], 0, 0), (whole(), 2, 2)],
)
def test_a_whole_run_that_left_something_out_fails(properties, before, after):
    reporter = SimpleNamespace(stats={"passed": [SimpleNamespace(user_properties=properties)]})
    plugins = SimpleNamespace(get_plugin=lambda _: reporter)
    session = SimpleNamespace(config=SimpleNamespace(pluginmanager=plugins), exitstatus=pytest.ExitCode(before))
    pytest_sessionfinish(session)  # type: ignore[arg-type]
    assert session.exitstatus == after


def test_a_whole_run_that_left_nothing_out_is_good(monkeypatch):
    monkeypatch.setattr("tests.sdk.reporting.left", lambda done: [])
    reporter = SimpleNamespace(stats={"passed": [SimpleNamespace(user_properties=whole())]})
    plugins = SimpleNamespace(get_plugin=lambda _: reporter)
    session = SimpleNamespace(config=SimpleNamespace(pluginmanager=plugins), exitstatus=pytest.ExitCode.OK)
    pytest_sessionfinish(session)  # type: ignore[arg-type]
    assert session.exitstatus == pytest.ExitCode.OK
