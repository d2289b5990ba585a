"""A SQLite database is moved to PostgreSQL, and a server there answers as the one before did."""

import os
import pty
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.api.experimenting import GOOD, Stage
from tests.postgres import Cluster, cluster
from tests.server import COMMAND, RunningServer, serving

KEY = {"Idempotency-Key": "once"}
CONFIG = {"project": "moved", "provider": "mock", "model": "m", "prompt_template": "Hello {{name}}"}
CALL = {"project": "moved", "inputs": {"name": "nul \x00"}, "session_reference_id": "mine \x1a", "user": "ada"}
SECRET = "not-to-be-seen"


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


def migrate(
    server: RunningServer, url: str, settings: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "migrate", "--to", url],
        env={**server.environment, **(settings or {})},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def furnish(server: RunningServer) -> Stage:
    """Something of everything, by calls."""
    server.post("/v4/model-configs", CONFIG).expect(200)
    other = server.post("/v4/model-configs", CONFIG | {"prompt_template": "Bye {{name}}"}).expect(200)
    place = f"/v4/projects/{other['project_id']}"
    server.patch(f"{place}/deploy-config", {"config_id": other["config"]["id"]}).expect(200)
    server.put("/api/provider-keys/openai", {"key": "sk-of-a-provider-key-1234"}).expect(200)
    server.post("/api/api-keys", {"name": "another"}).expect(201)
    stage = Stage.build(server, "tested", live=True)
    for number in range(20):
        log = call(server)
        server.post("/v4/feedback", {"type": "comment", "value": f"{number} \u001a", "data_id": log}).expect(200)
        answer = server.post("/v4/completion-deployed", {"project": "tested", "user": f"user {number}"}).expect(200)
        server.post("/v4/feedback", {**GOOD, "data_id": answer["data"][0]["id"]}).expect(200)
    return stage


def call(server: RunningServer) -> str:
    identifier: str = server.post("/v4/completion-deployed", CALL).expect(200)["data"][0]["id"]
    return identifier


def answers(server: RunningServer, stage: Stage) -> dict[str, Any]:
    """What a reader sees of everything."""
    projects = server.get("/v4/projects").expect(200)["records"]
    paths = [
        "/v4/projects",
        "/api/api-keys",
        "/api/provider-keys",
        "/api/environments",
        f"/api/experiments/{stage.id}/results",
    ]
    for project in projects:
        place = f"/v4/projects/{project['id']}"
        paths += [place, f"{place}/configs", f"{place}/experiments", f"{place}/deployed-configs"]
        paths += [f"/v4/logs?project_id={project['id']}&size=50", f"/v4/logs?project_id={project['id']}&size=7&page=2"]
    return {path: server.get(path).expect(200) for path in paths}


def test_a_server_on_postgres_goes_on_where_the_one_on_sqlite_was(postgres: Cluster, tmp_path: Path):
    url = postgres.create("moved")
    with serving(tmp_path / "data") as server:
        stage = furnish(server)
        once = server.send("POST", "/v4/completion-deployed", b'{"project":"tested"}', keyed(server)).expect(200)
        before = answers(server, stage)
        refused = migrate(server, url)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "stop it first" in refused.stderr
        server.stop()
    told = migrate(server, url)
    assert told.returncode == 0, told.stderr
    assert "of " in told.stderr.splitlines()[-1]
    assert f"EVERLOOP_DATA_DIR={tmp_path / 'data'} or a copy of its secret.key" in told.stdout
    with serving(tmp_path / "data", {"EVERLOOP_DATABASE_URL": url}) as there:
        assert answers(there, Stage(there, stage.project, stage.project_id, stage.one, stage.two, stage.id)) == before
        again = there.send("POST", "/v4/completion-deployed", b'{"project":"tested"}', keyed(there)).expect(200)
        assert again == once
        assert "1 kept, all can be opened" in there.command("doctor")
        log = there.get(f"/v4/logs/{call(there)}").expect(200)
        assert log["output"].endswith("Bye nul \x00")
        assert log["session_id"] == next(each["session_id"] for each in logs_of(before) if each["session_id"])
        there.stop()
    again_told = migrate(server, url)
    assert again_told.returncode == 0, again_told.stderr
    assert "Moving" not in again_told.stderr
    assert "moved there already" in again_told.stdout


def keyed(server: RunningServer) -> dict[str, str]:
    return {"X-API-KEY": server.key, "Content-Type": "application/json", **KEY}


def logs_of(seen: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [log for path, answer in seen.items() if path.startswith("/v4/logs") for log in answer["records"]]


def counts(told: str) -> dict[str, tuple[str, str]]:
    lines = [line.split() for line in told.splitlines() if len(line.split()) == 3]
    return {name: (here, there) for name, here, there in lines}


def test_rows_are_counted_on_both_sides(postgres: Cluster, tmp_path: Path):
    url = postgres.create("counted")
    with serving(tmp_path / "data", {"EVERLOOP_SECRET_KEY": "0123456789abcdef0123456789abcdef"}) as server:
        for _ in range(3):
            server.post("/v4/completion-deployed", {"project": "hello", "inputs": {"name": "nul \x00"}}).expect(200)
        server.stop()
    told = migrate(server, url)
    assert told.returncode == 0, told.stderr
    found = counts(told.stdout)
    assert found["log"] == found["log_body"] == ("4", "4")
    assert found["all"][0] == found["all"][1]
    assert "texts hold NUL" in told.stdout
    assert "Not moved: probe" in told.stdout
    assert "the same EVERLOOP_SECRET_KEY" in told.stdout
    assert postgres.run("SELECT count(*) FROM log", "counted") == [(4,)]


def test_a_terminal_sees_a_bar(postgres: Cluster, tmp_path: Path):
    url = postgres.create("watched")
    with serving(tmp_path / "data") as server:
        server.stop()
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [COMMAND, "migrate", "--to", url],
        env={**server.environment, "TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=theirs,
        timeout=100,
        check=False,
    )
    os.close(theirs)
    seen = os.read(ours, 1_000_000).decode()
    os.close(ours)
    assert done.returncode == 0, seen
    assert "Moving log_body" in seen
    assert "100%" in seen


@pytest.mark.parametrize(
    ("url", "settings", "words"),
    [
        (f"postgresql://me:{SECRET}@127.0.0.1:1/everloop", {}, "PostgreSQL: The database cannot be reached."),
        (f"mysql://me:{SECRET}@127.0.0.1/everloop", {}, "postgresql://user:password@host/database"),
        (f"postgresql://me:{SECRET}@127.0.0.1:no/everloop", {}, "cannot be read"),
        (f"postgresql://me:{SECRET}@/x", {"EVERLOOP_DATABASE_URL": f"postgresql://me:{SECRET}@/y"}, "unset it"),
    ],
)
def test_what_cannot_be_done_is_said_without_the_password(
    fresh_server: RunningServer, url: str, settings: dict[str, str], words: str
):
    fresh_server.stop()
    told = migrate(fresh_server, url, settings)
    assert told.returncode == 1
    assert words in told.stderr.splitlines()[-1]
    assert SECRET not in told.stdout + told.stderr
    assert "Traceback" not in told.stderr
