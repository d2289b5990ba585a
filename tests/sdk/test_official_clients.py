"""The official Python clients, each of its own virtual environment, drive a running server."""

import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.sdk.scenarios import SCENARIOS, VERSIONS
from tests.sdk.vendor import server_with_vendor
from tests.server import RunningServer, running_server

__all__ = ["running_server", "server_with_vendor"]

ROOT: Final = Path(__file__).parents[2]
SECONDS: Final = 60


def _python(version: str) -> Path:
    """The interpreter of that client's virtual environment; without one nothing is proved, so nothing is skipped."""
    python = ROOT / f".venv-sdk-{version}" / "bin" / "python"
    if not python.exists():
        pytest.fail(f"There is no client humanloop=={version} to test with: run make sdk-envs.", pytrace=False)
    return python


def _play(python: Path, server: RunningServer, name: str) -> None:
    command: list[str | Path] = [
        python,
        "-m",
        "tests.sdk.scenarios",
        "--host",
        server.base_url,
        "--key",
        server.key,
        name,
    ]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={"PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"{name} ended with {done.returncode}:\n{done.stdout}", pytrace=False)


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
def test_the_client_and_the_server_agree(request, version, name):
    python = _python(version)
    fixture = "server_with_vendor" if SCENARIOS[name].vendor else "running_server"
    _play(python, request.getfixturevalue(fixture), name)
