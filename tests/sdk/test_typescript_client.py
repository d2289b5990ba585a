"""The official TypeScript client, in Node.js, drives a running server."""

import json
import os
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.sdk.vendor import server_with_vendor
from tests.server import RunningServer

__all__ = ["server_with_vendor"]

FOLDER: Final = Path(__file__).parent / "typescript"
VERSION: Final = "0.5.36"
SECONDS: Final = 60
SCENARIOS: Final = (
    "a_deployed_completion",
    "several_samples",
    "a_stream_of_many_alphabets",
    "a_completion_past_the_server",
    "deploying_to_an_environment",
    "logs_of_tools_agents_and_anything_else",
    "logging_and_feedback",
    "a_session_of_two_calls",
    "an_experiment",
    "a_chat_that_calls_a_tool",
    "configs_of_the_calls_own",
    "projects_by_name",
    "errors_say_what_to_do",
)


def _node(*arguments: str, vendor: str = "") -> str:
    """What the scenarios' program prints; `vendor` is the base URL of the model that the client itself calls."""
    if not (FOLDER / "node_modules" / ".done").exists():
        pytest.fail("There is no TypeScript client to test with: run make sdk-envs.", pytrace=False)
    done = subprocess.run(
        ["node", "scenarios.mjs", *arguments],
        cwd=FOLDER,
        env={"PATH": os.environ["PATH"], "OPENAI_BASE_URL": vendor, "OPENAI_API_KEY": "sk-of-the-client"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"{' '.join(arguments[2:])} ended with {done.returncode}:\n{done.stdout}", pytrace=False)
    return done.stdout


def test_the_client_is_the_one_that_is_locked():
    package = json.loads((FOLDER / "node_modules" / "humanloop" / "package.json").read_text())
    assert package["version"] == VERSION


def test_every_scenario_is_played():
    assert json.loads(_node("--list")) == list(SCENARIOS)


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_client_and_the_server_agree(server_with_vendor: RunningServer, name: str):
    server = server_with_vendor
    _node(server.base_url, server.key, name, vendor=server.environment["OPENAI_BASE_URL"])
