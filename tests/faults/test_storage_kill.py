"""`kill -9` of a process that writes: whatever it was told is kept is there afterwards, once and whole."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from everloop.storage.folded import fold_file
from everloop.storage.migrating import migrate

# Writes logs and configurations for ever, and says of each when it was acknowledged.
WRITER = """
    import asyncio, os, sys
    from dataclasses import replace
    from everloop.domain.ids import OrganisationId
    from everloop.domain.scope import Scope
    from everloop.storage.opening import open_storage
    from everloop.telemetry.clock import SystemClock
    from tests.contract.stores.samples import Tally, a_log, a_project, a_piece

    SCOPE = Scope(OrganisationId("org_a"), "me")

    def acknowledge(kind, identifier):
        os.write(1, f"{kind} {identifier}\\n".encode())

    async def write_logs(storage, name):
        for number in range(1_000_000):
            ids = [f"data_{name}_{number}_{part}" for part in range(number % 3 + 1)]
            logs = [a_log(each, session=f"sesh_{number}", session_reference=str(number)) for each in ids]
            if number % 2:
                logs = [replace(each, experiment_id="exp_1", trial_id=f"trial_{number % 199}") for each in logs]
            await storage.log_writer.append(SCOPE, logs)
            for each in ids:
                acknowledge("log", each)
            if number % 5 == 0:
                piece = a_piece(f"ann_{name}_{number}", "good", log=ids[0])
                await storage.feedback.record(SCOPE, a_project().id, [], [piece])
                acknowledge("feedback", piece.id)

    async def write_projects(storage, name):
        for number in range(1_000_000):
            await storage.projects.create(SCOPE, a_project(f"pr_{name}_{number}"))
            acknowledge("project", f"pr_{name}_{number}")

    async def main():
        storage = await open_storage(sys.argv[1], SystemClock(), Tally())
        name = sys.argv[2]
        async with asyncio.TaskGroup() as tasks:
            for part in range(8):
                tasks.create_task(write_logs(storage, f"{name}_{part}"))
            tasks.create_task(write_projects(storage, name))

    asyncio.run(main())
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/everloop.db"
    migrate(url)
    connection = sqlite3.connect(tmp_path / "everloop.db")
    connection.execute("INSERT INTO organisation (id, name, created_at) VALUES ('org_a', 'a', 1)")
    connection.execute(
        "INSERT INTO project (organisation_id, id, name, folded_name, created_at, updated_at) "
        "VALUES ('org_a', 'pr_1', 'first', 'first', 1, 1)"
    )
    connection.execute(
        "INSERT INTO feedback_type (organisation_id, project_id, name, kind) "
        "VALUES ('org_a', 'pr_1', 'rating', 'select')"
    )
    connection.execute(
        "INSERT INTO experiment (organisation_id, id, project_id, name, salt, positive_labels, status, created_at, "
        "updated_at) VALUES ('org_a', 'exp_1', 'pr_1', 'which', 'salt', "
        """'[{"type": "rating", "value": "good"}]', 'In progress', 1, 1)"""
    )
    connection.commit()
    connection.close()
    return url


def acknowledged_before_death(url: str, name: str, seconds: float) -> set[tuple[str, str]]:
    """What a writer acknowledged until it was killed that long after its first acknowledgement."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), url, name], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(seconds)
    os.kill(process.pid, signal.SIGKILL)
    rest, said = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL, said.decode()
    *whole, _torn = (first + rest).decode().split("\n")
    return {(kind, identifier) for kind, _, identifier in (line.partition(" ") for line in whole)}


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is of POSIX")
def test_nothing_acknowledged_is_lost_doubled_or_torn(url: str, tmp_path: Path):
    chance = random.Random(2024)  # noqa: S311 - when to kill, not whom to trust
    acknowledged: set[tuple[str, str]] = set()
    round_ = 0
    # Ten kills, and more on a slow machine, until there was much to lose.
    while round_ < 10 or (len(acknowledged) <= 500 and round_ < 60):
        round_ += 1
        acknowledged |= acknowledged_before_death(url, str(round_), chance.uniform(0.02, 0.25))
        connection = sqlite3.connect(tmp_path / "everloop.db")
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        kept = connection.execute(
            "SELECT 'log', id FROM log UNION ALL SELECT 'feedback', id FROM feedback "
            "UNION ALL SELECT 'project', id FROM project"
        ).fetchall()
        assert acknowledged <= set(kept)
        fold_file(tmp_path / "everloop.db")
        check_whole(connection)
        connection.close()
    assert {kind for kind, _ in acknowledged} == {"log", "feedback", "project"}
    assert len(acknowledged) > 500


def check_whole(connection: sqlite3.Connection) -> None:
    """No log without its body or its session, no call's logs by halves, no project without its types.

    And the sums of the experiment, once folded, are those of its logs and their feedback.
    """

    def number(query: str) -> int:
        return int(connection.execute(query).fetchone()[0])

    assert number("SELECT count(*) FROM log") == number("SELECT count(DISTINCT id) FROM log")
    same = "FROM log LEFT JOIN log_body ON log_body.log_id = log.id WHERE log_body.log_id IS NULL"
    assert number(f"SELECT count(*) {same}") == 0
    assert number("SELECT count(*) FROM log_body") == number("SELECT count(*) FROM log")
    assert number("SELECT count(*) FROM log WHERE session_id NOT IN (SELECT id FROM session)") == 0
    calls: dict[str, int] = {}
    for (identifier,) in connection.execute("SELECT id FROM log"):
        call = identifier.rpartition("_")[0]
        calls[call] = calls.get(call, 0) + 1
    assert not [call for call, logs in calls.items() if logs != int(call.rpartition("_")[2]) % 3 + 1]
    query = (
        "SELECT id, (SELECT count(*) FROM feedback_type WHERE project_id = project.id) FROM project WHERE id != 'pr_1'"
    )
    assert not [identifier for identifier, types in connection.execute(query) if types != 5]
    exposed = "FROM log WHERE experiment_id = 'exp_1'"
    rated = "FROM log JOIN feedback ON feedback.log_id = log.id WHERE experiment_id = 'exp_1'"
    sums = "SELECT coalesce(sum(trials), 0), coalesce(sum(logs), 0) FROM arm_usage"
    assert connection.execute(sums).fetchall() == [
        (number(f"SELECT count(DISTINCT trial_id) {exposed}"), number(f"SELECT count(*) {exposed}"))
    ]
    assert number("SELECT count(*) FROM trial") == number(f"SELECT count(DISTINCT trial_id) {exposed}")
    assert number("SELECT coalesce(sum(rated), 0) FROM trial") == number(f"SELECT count(*) {rated}")
    units = number("SELECT coalesce(sum(units), 0) FROM arm_outcome")
    assert units == number(f"SELECT count(DISTINCT trial_id) {rated}")
