"""`everloop import humanloop`: taken over beside a server, read back, done again, killed, and given bad input."""

import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import exported
from tests.exported import (
    CONVERSATION,
    DATASET,
    GREETING,
    GREETING_NEW,
    GREETING_OLD,
    SUPPORT,
    SUPPORT_VERSION,
    TRACE,
    log_id,
)
from tests.faults.databases import DATABASES, Kept, kept
from tests.server import COMMAND, RunningServer, serving

Done = subprocess.CompletedProcess[str]
TABLES = ("project", "model_config", "deployment", "environment", "log", "log_body", "session", "feedback")
MORE_TABLES = ("feedback_type", "feedback_label", "dataset", "dataset_version", "datapoint")


@dataclass(frozen=True, slots=True)
class Imported:
    server: RunningServer
    done: Done


def run(environment: Mapping[str, str], folder: Path, *options: str) -> Done:
    return subprocess.run(
        [COMMAND, "import", "humanloop", str(folder), *options],
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def counts(done: Done) -> dict[str, tuple[int, int]]:
    """What was new and what was there, by kind."""
    rows = [line.split() for line in done.stdout.splitlines() if line.endswith("already there")]
    return {" ".join(row[:-5]): (int(row[-5]), int(row[-3])) for row in [_plain(each) for each in rows]}


def _plain(row: list[str]) -> list[str]:
    return [each.replace(",", "") for each in row if each not in ("would", "be")]


def everything(database: Kept) -> list[str]:
    return database.dump((*TABLES, *MORE_TABLES), "true")


def read(server: RunningServer, path: str) -> Any:
    return server.get(path).expect(200)


def until_known(server: RunningServer, path: str) -> Any:
    """What another process wrote is known within a second; this waits longer before it gives up."""
    deadline = time.monotonic() + 20
    while (answer := server.get(path)).status == 404:
        assert time.monotonic() < deadline, answer
        time.sleep(0.05)
    return answer.expect(200)


@pytest.fixture(scope="module", params=DATABASES)
def imported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imported]:
    """A server beside which a whole export was imported, and what the command said."""
    folder = tmp_path_factory.mktemp("import")
    for database in kept(request, folder):
        with serving(database.data_dir, database.settings) as server:
            done = run(server.environment, exported.write(folder / "export"))
            assert done.returncode == 0, done.stderr
            until_known(server, f"/v4/projects/{SUPPORT}")
            yield Imported(server, done)
            server.stop()


def test_everything_that_has_a_place_is_taken_over(imported: Imported):
    assert "everloop:" not in imported.done.stderr
    assert counts(imported.done) == {
        "projects": (2, 0),
        "configs": (3, 0),
        "environments": (1, 0),
        "deployments": (2, 0),
        "logs": (7, 0),
        "feedback": (3, 0),
        "datasets": (1, 0),
        "dataset versions": (3, 0),
        "datapoints": (4, 0),
    }


def test_what_has_no_place_is_told_by_kind_and_number(imported: Imported):
    told = imported.done.stdout
    for line in (
        "1 x `description` of a prompt (",
        "1 x `attributes` of a prompt version (",
        "1 x link to a tool (",
        "1 x judgment of an evaluator that is no person (",
        "2 x id of a dataset version (",
        *(f"1 x {kind} file (" for kind in ("tool", "evaluator", "flow", "agent")),
        "1 x log of a flow file (",
        "1 x evaluation (",
    ):
        assert f"Left out: {line}" in told, told


def test_what_was_live_is_called_in_each_environment(imported: Imported):
    server = imported.server
    project = read(server, f"/v4/projects/{GREETING}")
    assert (project["name"], project["created_at"]) == ("letters/greeting", "2025-03-01T09:00:00Z")
    configs = {each["config"]["id"]: each["config"] for each in read(server, f"/v4/projects/{GREETING}/configs")}
    assert configs.keys() == {GREETING_OLD, GREETING_NEW}
    assert configs[GREETING_OLD]["name"] == "first"

    called = {"project": "letters/greeting", "inputs": {"name": "Bo"}}
    answered = {}
    for environment in (None, "production", "staging"):
        answer = server.post("/v4/completion-deployed", called | {"environment": environment}).expect(200)
        answered[environment] = read(server, f"/v4/logs/{answer['data'][0]['id']}")["config_id"]
    assert answered == {None: GREETING_NEW, "production": GREETING_NEW, "staging": GREETING_OLD}


def test_logs_keep_ids_times_sessions_tokens_costs_and_feedback(imported: Imported):
    log = read(imported.server, f"/v4/logs/{log_id(CONVERSATION)}")
    assert {key: log[key] for key in ("created_at", "project", "config_id", "session_id", "parent_id", "user")} == {
        "created_at": "2025-05-01T12:01:40.123000Z",
        "project": "support",
        "config_id": SUPPORT_VERSION,
        "session_id": TRACE,
        "parent_id": TRACE,
        "user": "bo",
    }
    assert (log["prompt_tokens"], log["output_tokens"]) == (3, 4)
    assert (log["prompt_cost"], log["output_cost"]) == (0.25, 0.5)
    assert (log["duration"], log["environment"], log["source"]) == (0.5, "production", "sdk")
    assert log["inputs"] == {"customer": "Bo", "question": "Rain?"}
    assert log["metadata"] == {"number": CONVERSATION}
    assert log["output_message"]["tool_calls"] == [exported.CALLED]
    said = {(each["type"], each["value"], each["user"], each["created_at"]) for each in log["feedback"]}
    at = "2025-05-02T00:00:00Z"
    assert said == {("rating", "good", "bo", at), ("issue", "slow", None, at), ("issue", "rude", None, at)}


def test_a_failed_log_without_texts_is_in_the_session_too(imported: Imported):
    log = read(imported.server, f"/v4/logs/{log_id(CONVERSATION + 1)}")
    assert (log["save"], log["inputs"], log["session_id"]) == (False, {}, TRACE)
    session = read(imported.server, f"/v4/sessions/{TRACE}")
    first = read(imported.server, f"/v4/logs/{log_id(CONVERSATION)}")
    assert (session["datapoints_count"], session["created_at"]) == (2, first["created_at"])


def test_a_chat_has_its_tools_and_settings(imported: Imported):
    config = read(imported.server, f"/v4/model-configs/{SUPPORT_VERSION}")
    assert [each["role"] for each in config["chat_template"]] == ["system", "user"]
    assert [each["name"] for each in config["tools"]] == ["weather", "tides"]
    assert (config["stop"], config["reasoning_effort"]) == ("END", "low")
    assert (config["response_format"], config["other"]) == ({"type": "json_object"}, {"parallel_tool_calls": False})


def test_a_dataset_keeps_its_datapoints_in_all_versions(imported: Imported):
    server = imported.server
    assert read(server, f"/v4/datasets/{DATASET}")["name"] == "letters/cases"
    now = read(server, f"/v4/datasets/{DATASET}/datapoints")["records"]
    assert [each["id"] for each in now] == ["dp_1", "dp_2", "dp_3"]
    assert (now[0]["inputs"], now[0]["target"]) == ({"name": "Ada 1"}, {"output": "Hello"})
    before = read(server, f"/api/datasets/{DATASET}/versions/1/datapoints")["records"]
    assert [each["id"] for each in before] == ["dp_0", "dp_1", "dp_2"]


def test_a_dry_run_tells_the_same_and_writes_nothing_and_a_second_run_changes_nothing(database: Kept, tmp_path: Path):
    folder = exported.write(tmp_path / "export")
    with serving(database.data_dir, database.settings) as server:
        environment = server.environment
        server.stop()
    empty = everything(database)
    dry = run(environment, folder, "--dry-run")
    assert everything(database) == empty

    first = run(environment, folder)
    assert (first.returncode, counts(first)) == (0, counts(dry))
    full = everything(database)
    assert len(full) > len(empty)

    second = run(environment, folder)
    assert second.returncode == 0, second.stderr
    assert everything(database) == full
    there = counts(second)
    assert all(new == 0 for new, _ in there.values()), there
    assert there["logs"] == (0, 7)
    assert there["dataset versions"] == (0, 3)
    assert there["feedback"] == (0, 3)


def test_what_was_killed_in_the_middle_goes_on_and_ends_as_if_it_had_not_been(database: Kept, tmp_path: Path):
    folder = exported.write(tmp_path / "export", logs=6_000)
    with serving(database.data_dir, database.settings) as server:
        environment = server.environment
        server.stop()
    process = subprocess.Popen([COMMAND, "import", "humanloop", str(folder)], env=dict(environment))
    try:
        deadline = time.monotonic() + 60
        while database.query("SELECT count(*) FROM log WHERE source = 'sdk'")[0][0] < 1_000:
            assert time.monotonic() < deadline
            assert process.poll() is None
    finally:
        process.kill()
        process.wait()
    (there,) = database.query("SELECT count(*) FROM log WHERE source = 'sdk'")[0]
    assert 0 < there < 6_002
    bodies = "SELECT count(*) FROM log JOIN log_body ON log_body.log_id = log.id WHERE source = 'sdk'"
    assert database.query(bodies) == [(there,)]

    again = run(environment, folder)
    assert again.returncode == 0, again.stderr
    assert counts(again)["logs"] == (6_002 - there, there)
    ids = [row[0] for row in database.query("SELECT id FROM log WHERE source = 'sdk' ORDER BY id")]
    assert len(ids) == len(set(ids)) == 6_002
    database.check()


def test_bad_input_is_told_with_its_place_and_the_rest_is_taken(database: Kept, tmp_path: Path):
    folder = exported.write(tmp_path / "export")
    made = exported.version(
        GREETING_NEW, template="Hello {{name}}!", created_at="2025-03-02T10:00:00Z", temperature=0.5
    )
    lines: list[exported.Object | str] = [
        "{broken",
        "[1]",
        exported.log(7, made, prompt_tokens="many"),
        exported.log(8, made, created_at="soon"),
    ]
    exported.put_lines(folder, f"{GREETING}/logs/3.jsonl", [*lines, exported.log(9, made)])
    exported.put(folder, f"{GREETING}/versions/prv_odd", exported.version("prv_odd", template_language="mustache"))
    exported.put(folder, "pr_empty/nothing.json", {})
    exported.put(folder, "x_1/file.json", {"type": "poem"})
    with serving(database.data_dir, database.settings) as server:
        done = run(server.environment, folder)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        told = done.stderr.splitlines()
        for number in (1, 2, 3, 4):
            place = f"everloop: files/{GREETING}/logs/3.jsonl:{number}: "
            assert sum(line.startswith(place) for line in told) == 1, told
        assert any("versions/prv_odd: The version is left out. Its template is in" in line for line in told)
        assert any("files/pr_empty/file.json: The file is left out. It cannot be read" in line for line in told)
        assert any("files/x_1/file.json: The file is of the unknown type 'poem'" in line for line in told)
        assert counts(done)["logs"] == (8, 0)
        server.stop()


def test_an_id_or_a_name_that_is_taken_by_something_else_is_told_and_left_alone(database: Kept, tmp_path: Path):
    folder = exported.write(tmp_path / "export")
    with serving(database.data_dir, database.settings) as server:
        environment = server.environment
        taken = server.post("/v4/projects", {"name": "support"}).expect(201)
        server.stop()
    assert f"there is a project named 'support' already ({taken['id']})" in run(environment, folder).stderr
    before = everything(database)

    other = exported.version(GREETING_NEW, template="Another {{name}}", created_at="2025-03-02T10:00:00Z")
    exported.put(folder, f"{GREETING}/versions/{GREETING_NEW}", other)
    exported.put_lines(folder, f"{GREETING}/logs/1.jsonl", [exported.log(0, other, inputs={"name": "Eve"})])
    done = run(environment, folder)
    assert done.returncode == 1
    assert f"Version {GREETING_NEW} is left out: another config here has its id." in done.stderr
    assert f"logs/1.jsonl:1: The log is left out: another one here has the id {log_id(0)}." in done.stderr
    assert everything(database) == before


def test_what_was_deployed_here_since_stays(database: Kept, tmp_path: Path):
    folder = exported.write(tmp_path / "export")
    with serving(database.data_dir, database.settings) as server:
        assert run(server.environment, folder).returncode == 0
        until_known(server, f"/v4/projects/{GREETING}")
        server.patch(f"/v4/projects/{GREETING}/deploy-config", {"config_id": GREETING_OLD}).expect(200)
        done = run(server.environment, folder)
        assert "Left out: 1 x deployment ('production' of the project was deployed to here" in done.stdout
        live = read(server, f"/v4/projects/{GREETING}/active-config")
        assert live["config"]["id"] == GREETING_OLD
        server.stop()


def test_what_was_deleted_here_does_not_come_back(database: Kept, tmp_path: Path):
    folder = exported.write(tmp_path / "export")
    with serving(database.data_dir, database.settings) as server:
        assert run(server.environment, folder).returncode == 0
        datasets = until_known(server, f"/v4/datasets/{DATASET}")["project_id"]
        for project in (SUPPORT, datasets):
            until_known(server, f"/v4/projects/{project}")
            server.delete(f"/v4/projects/{project}").expect(204)

        again = run(server.environment, folder)

        assert again.returncode == 1
        assert "The prompt is left out, with its logs: its project was deleted here." in again.stderr
        assert "The dataset is left out: it was deleted here, with its project." in again.stderr
        assert counts(again)["projects"] == (0, 1)
        for path in (f"/v4/projects/{SUPPORT}", f"/v4/datasets/{DATASET}", f"/v4/logs/{log_id(CONVERSATION)}"):
            assert server.get(path).status == 404, path
        server.stop()


def test_an_import_into_another_organisation_is_seen_there_alone(database: Kept, tmp_path: Path):
    folder = exported.write(tmp_path / "export")
    with serving(database.data_dir, database.settings) as server:
        server.command("orgs", "create", "other")
        assert run(server.environment, folder, "--org", "other").returncode == 0
        assert server.get(f"/v4/projects/{GREETING}").status == 404
        assert run(server.environment, folder).returncode == 0
        server.stop()
    assert database.query("SELECT count(*) FROM log WHERE source = 'sdk'") == [(14,)]


def test_what_is_no_export_is_told_in_one_line(tmp_path: Path):
    environment = {"EVERLOOP_DATA_DIR": str(tmp_path / "data")}
    (tmp_path / "exports" / "20250605-120000" / "files").mkdir(parents=True)
    for path, said in (
        (tmp_path / "nowhere", "There is no folder"),
        (tmp_path / "exports", "20250605-120000"),
        (tmp_path / "exports" / "20250605-120000", "make one with `everloop init` first"),
    ):
        done = run(environment, path)
        assert done.returncode == 1
        assert said in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr
