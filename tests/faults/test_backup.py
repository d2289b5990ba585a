"""A backup made under load has everything that was acknowledged before it began, and a server runs on it elsewhere."""

import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from tests.faults.databases import KeptInFile
from tests.faults.test_kill import LOAD, TABLES, check
from tests.server import COMMAND, RunningServer, serving

BODY = {"project": "kill", "provider": "mock", "model": "m", "prompt_template": "Hello, how are you today?"}


def said(server: RunningServer, *arguments: str) -> str:
    """What a command that must fail says on stderr, in one line."""
    done = subprocess.run(
        [COMMAND, *arguments], env=dict(server.environment), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    return line


def acknowledged_lines(acknowledged: Path) -> list[str]:
    """Complete ones only: the client may be writing the last one."""
    return [line for line in acknowledged.read_text().splitlines(keepends=True) if line.endswith("\n")]


def test_what_was_acknowledged_before_a_backup_is_in_it(tmp_path: Path):
    data_dir, acknowledged = tmp_path / "data", tmp_path / "acknowledged"
    acknowledged.touch()
    backups = [tmp_path / f"backup-{number}.db" for number in range(3)]
    with serving(data_dir) as server:
        server.post("/v4/model-configs", BODY).expect(200)
        client = subprocess.Popen(
            [sys.executable, LOAD, str(server.port), server.key, acknowledged], stderr=subprocess.PIPE, text=True
        )
        before: list[list[str]] = []
        for backup in backups:
            wait_for_more(acknowledged, len(before[-1]) if before else 0)
            before.append(acknowledged_lines(acknowledged))
            told = server.command("backup", str(backup))
            assert "checked and on disk" in told
            assert str(data_dir / "secret.key") in told
        wait_for_more(acknowledged, len(before[-1]))
        assert "is there already" in said(server, "backup", str(backups[0]))
        assert "stop it first" in said(server, "restore", str(backups[0]), "--replace")
        server.process.kill()
        _, complaints = client.communicate(timeout=60)
        assert client.returncode == 0, complaints
    check(KeptInFile(tmp_path), acknowledged)
    for backup, lines in zip(backups, before, strict=True):
        holds(backup, lines)
    answers_elsewhere({**server.environment, "EVERLOOP_DATA_DIR": str(tmp_path / "elsewhere")}, backups[-1], before[-1])


def wait_for_more(acknowledged: Path, than: int) -> None:
    """Until the load has had a hundred more answers."""
    deadline = time.monotonic() + 60
    while len(acknowledged_lines(acknowledged)) < than + 100:
        assert time.monotonic() < deadline, "there is no load"
        time.sleep(0.02)


def holds(backup: Path, lines: list[str]) -> None:
    """Every id is in the file, and no log is torn."""
    database = sqlite3.connect(backup)
    kept = {
        (kind, identifier)
        for kind, table in TABLES.items()
        for (identifier,) in database.execute(f"SELECT id FROM {table}")  # noqa: S608 - names from a file of ours
    }
    torn = "SELECT count(*) FROM log l FULL JOIN log_body b ON b.log_id = l.id WHERE l.id IS NULL OR b.log_id IS NULL"
    assert database.execute(torn).fetchone() == (0,)
    database.close()
    lost = {(kind, identifier) for kind, identifier in map(str.split, lines)} - kept
    assert not lost, f"{len(lost)} were acknowledged and are not in {backup.name}"


def answers_elsewhere(environment: dict[str, str], backup: Path, lines: list[str]) -> None:
    """A server on the restored backup reads its logs and writes new ones."""
    done = subprocess.run(
        [COMMAND, "restore", str(backup)], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "There is no secret.key" in done.stdout
    with serving(Path(environment["EVERLOOP_DATA_DIR"])) as restored:
        last = [line.split()[1] for line in lines if line.startswith("log ")][-1]
        assert restored.get(f"/v4/logs/{last}").expect(200)["id"] == last
        answer = restored.post("/v4/completion-deployed", {"project": "kill"}).expect(200)
        identifier = answer["data"][0]["id"]
        assert restored.get(f"/v4/logs/{identifier}").expect(200)["id"] == identifier
        restored.stop()


def test_a_restored_database_takes_the_place_of_another(tmp_path: Path):
    backup = tmp_path / "backup.db"
    with serving(tmp_path / "data") as server:
        server.post("/v4/projects", {"name": "before"}).expect(201)
        server.command("backup", str(backup))
        server.post("/v4/projects", {"name": "after"}).expect(201)
        server.stop()
        assert "--replace" in said(server, "restore", str(backup))
        told = server.command("restore", str(backup), "--replace")
        assert str(tmp_path / "data" / "everloop.db.replaced-1") in told
    with serving(tmp_path / "data") as server:
        names = {each["name"] for each in server.get("/v4/projects").expect(200)["records"]}
        assert "before" in names
        assert "after" not in names
        server.stop()
