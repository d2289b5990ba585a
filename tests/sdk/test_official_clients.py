"""The official Python clients, each of its own virtual environment, drive a running server."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.sdk.reporting import PROPERTY
from tests.sdk.scenarios import SCENARIOS, VERSIONS
from tests.sdk.scenarios.recording import AWAITED, PLAIN
from tests.sdk.vendor import server_with_vendor
from tests.server import RunningServer, running_server

__all__ = ["running_server", "server_with_vendor"]

ROOT: Final = Path(__file__).parents[2]
SECONDS: Final = 60
SECONDS_OF_ALL: Final = 300


def _python(version: str) -> Path:
    """The interpreter of that client's virtual environment; without one nothing is proved, so nothing is skipped."""
    python = ROOT / f".venv-sdk-{version}" / "bin" / "python"
    if not python.exists():
        pytest.fail(f"There is no client humanloop=={version} to test with: run make sdk-envs.", pytrace=False)
    return python


def _play(version: str, server: RunningServer, way: str, names: Sequence[str], record: Path) -> None:
    """Plays stories in one process, and writes down what was called."""
    flags = ["--awaited"] if way == AWAITED else []
    command: list[str | Path] = [
        *(_python(version), "-m", "tests.sdk.scenarios"),
        *("--host", server.base_url, "--key", server.key, "--record", record),
        *(*flags, *names),
    ]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={"PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS if len(names) == 1 else SECONDS_OF_ALL,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"{version}, {way}, ended with {done.returncode}:\n{done.stdout}", pytrace=False)


@pytest.fixture
def play(request, tmp_path, record_property):
    """Plays stories that must end well, and tells the report at the end of the run."""

    def played(version: str, way: str, names: Sequence[str]) -> None:
        fixture = "server_with_vendor" if SCENARIOS[names[0]].vendor else "running_server"
        record = tmp_path / "calls.json"
        _play(version, request.getfixturevalue(fixture), way, names, record)
        told = {"version": version, "way": way, "names": names, "calls": json.loads(record.read_text())}
        record_property(PROPERTY, told)

    return played


def test_without_a_virtual_environment_the_tests_fail_and_say_how_to_make_it():
    with pytest.raises(pytest.fail.Exception, match="run make sdk-envs"):
        _python("0.0.0")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_client_of_a_virtual_environment_is_the_one_it_is_named_after(version):
    shown = subprocess.run(
        [_python(version), "-c", "import humanloop; print(humanloop.__version__)"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert shown.stdout.strip() == version


@pytest.mark.parametrize(
    ("version", "name"),
    [(version, name) for name, told in SCENARIOS.items() for version in told.versions],
)
def test_the_client_and_the_server_agree(play, version, name):
    play(version, PLAIN, [name])


@pytest.mark.timeout(SECONDS_OF_ALL)
@pytest.mark.parametrize("version", VERSIONS)
def test_the_same_is_told_with_asynchronous_calls(play, version):
    play(version, AWAITED, [name for name, told in SCENARIOS.items() if version in told.versions and told.has_twin])


def test_a_story_that_ends_badly_fails_its_test(running_server, tmp_path):
    stranger = running_server.as_other("hl_sk_nobody")
    with pytest.raises(pytest.fail.Exception, match="failed: a_project_is_made"):
        _play(VERSIONS[-1], stranger, PLAIN, ["a_project_is_made"], tmp_path / "calls.json")
