"""Schemathesis tries what our OpenAPI allows and forbids, call by call and in chains, against a running server.

It looks for server errors, answers that the documentation does not know, keys that are not looked at, and more; what
it does not look for is in `schemathesis.toml`, with the reason.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.application import Application, with_vendor
from tests.faults.databases import DATABASES, kept
from tests.upstream import completion

COMMAND: Final = Path(sys.executable).with_name("schemathesis")
CONFIG: Final = Path(__file__).with_name("schemathesis.toml")
# Revoking a key that a list of keys has named would end the run.
LEFT_OUT: Final = "ApiKeys_revoke"


@pytest.fixture(scope="module", params=DATABASES)
def application(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    for database in kept(request, tmp_path_factory.mktemp("schemathesis")):
        with with_vendor(database.data_dir, database.settings) as application:
            application.upstream.always(completion("Hi"))
            yield application
            application.server.stop()


def tried(application: Application, where: Path, *options: str, seconds: int, config: Path = CONFIG) -> str:
    """What it says, once it has found nothing."""
    server = application.server
    done = subprocess.run(
        [
            *(COMMAND, "--config-file", config, "run", f"{server.base_url}/openapi.json"),
            *("--header", f"X-API-KEY: {server.key}", "--exclude-operation-id", LEFT_OUT),
            *("--no-color", "--generation-database", "none", "--warnings", "off", "--continue-on-failure"),
            *options,
        ],
        cwd=where,
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.timeout(300)
def test_one_call_after_another_finds_nothing(application, tmp_path):
    said = tried(
        application, tmp_path, "--phases", "fuzzing,stateful", "--max-examples", "5", "--seed", "1", seconds=280
    )
    assert "No issues found" in said


def test_what_it_finds_fails_the_test(application, tmp_path):
    """Without what is excused, it finds that rules between fields are no part of a schema."""
    strict = tmp_path / "strict.toml"
    strict.touch()
    options = (
        "--phases",
        "fuzzing",
        "--max-examples",
        "20",
        "--seed",
        "1",
        "--include-operation-id",
        "ModelConfigs_deserialize",
    )
    with pytest.raises(AssertionError, match="Valid data should have been accepted"):
        tried(application, tmp_path, *options, seconds=100, config=strict)


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_a_long_look_finds_nothing(application, tmp_path):
    options = ("--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "100")
    assert "No issues found" in tried(application, tmp_path, *options, seconds=7000)
