"""Old logs go while a server runs, and a kill in the middle tears nothing."""

import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

from everloop.storage.migrating import migrate
from tests.contract.stores.samples import a_log_id
from tests.server import serving

DAY = 86_400_000
LOGS = 6_000

# Sweeps as the job does, in the smallest batches and without pauses, so that there are many instants to be killed at.
SWEEPER = """
    import asyncio, sys
    from pathlib import Path
    from everloop.storage.retention import OldLogs

    async def main():
        old_logs = OldLogs(Path(sys.argv[1]))
        async with old_logs.alone() as alone:
            assert alone
            print("begun", flush=True)
            while await old_logs.delete_logs(int(sys.argv[2]), 20):
                pass

    asyncio.run(main())
"""


def make_old_logs(file: Path, count: int, now: int) -> list[str]:
    """Copies the first log with its body, 40 days old, each with feedback, two in a session; their ids."""
    connection = sqlite3.connect(file)
    columns = [name for (name,) in connection.execute("SELECT name FROM pragma_table_info('log')")]
    organisation, project = connection.execute("SELECT organisation_id, project_id FROM log").fetchone()
    rest = ", ".join(f'"{name}"' for name in columns if name not in {"id", "created_at", "session_id"})
    ids = [str(a_log_id(number, now - 40 * DAY + number)) for number in range(count)]
    for number, identifier in enumerate(ids):
        session = f"sesh_{number // 2}"
        connection.execute(
            f"INSERT INTO log (id, created_at, session_id, {rest}) SELECT ?, ?, ?, {rest} FROM log LIMIT 1",  # noqa: S608 - our own names
            (identifier, now - 40 * DAY + number, session),
        )
        connection.execute("INSERT INTO log_body (organisation_id, log_id) VALUES (?, ?)", (organisation, identifier))
        connection.execute("INSERT OR IGNORE INTO session VALUES (?, ?, 1, NULL)", (organisation, session))
        piece = (organisation, f"ann_{number}", project, identifier, '"good"')
        connection.execute(
            "INSERT INTO feedback (organisation_id, id, project_id, log_id, type, value, created_at) "
            "VALUES (?, ?, ?, ?, 'rating', ?, 1)",
            piece,
        )
    connection.commit()
    connection.close()
    return ids


def check_whole(file: Path) -> int:
    """No body without its log, no log without its body or session, no feedback without its log; the number of logs."""
    connection = sqlite3.connect(file)

    def number(query: str) -> int:
        return int(connection.execute(query).fetchone()[0])

    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    torn = "SELECT count(*) FROM log l FULL JOIN log_body b ON b.log_id = l.id WHERE l.id IS NULL OR b.log_id IS NULL"
    assert number(torn) == 0
    assert number("SELECT count(*) FROM feedback WHERE log_id NOT IN (SELECT id FROM log)") == 0
    assert number("SELECT count(*) FROM log WHERE session_id NOT IN (SELECT id FROM session)") == 0
    assert number("SELECT count(*) FROM session WHERE id NOT IN (SELECT session_id FROM log)") == 0
    logs = number("SELECT count(*) FROM log")
    connection.close()
    return logs


def with_one_log(file: Path) -> None:
    migrate(f"sqlite:///{file}")
    connection = sqlite3.connect(file)
    connection.execute("INSERT INTO organisation (id, name, created_at) VALUES ('org_a', 'a', 1)")
    connection.execute(
        "INSERT INTO project (organisation_id, id, name, folded_name, created_at, updated_at) "
        "VALUES ('org_a', 'pr_1', 'first', 'first', 1, 1)"
    )
    connection.execute(
        "INSERT INTO log (organisation_id, id, project_id, created_at, updated_at, session_id, save, sample_index) "
        "VALUES ('org_a', 'data_young', 'pr_1', ?, 1, 'sesh_young', 1, 0)",
        (2**62,),
    )
    connection.execute("INSERT INTO log_body (organisation_id, log_id) VALUES ('org_a', 'data_young')")
    connection.execute("INSERT INTO session VALUES ('org_a', 'sesh_young', 1, NULL)")
    connection.commit()
    connection.close()


def test_a_kill_in_the_middle_tears_nothing(tmp_path: Path):
    chance = random.Random(20_261_124)  # noqa: S311 - instants, not secrets
    file, now = tmp_path / "everloop.db", 1_800_000_000_000
    with_one_log(file)
    make_old_logs(file, LOGS, now)
    left, in_the_middle = check_whole(file), 0
    command = [sys.executable, "-c", textwrap.dedent(SWEEPER), str(file), str(now - 30 * DAY)]
    for _ in range(8):
        sweeper = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert sweeper.stdout is not None
        assert sweeper.stdout.readline() == b"begun\n"
        time.sleep(chance.uniform(0, 0.15))
        sweeper.send_signal(signal.SIGKILL)
        sweeper.communicate()
        before, left = left, check_whole(file)
        in_the_middle += 1 < left < before
    assert in_the_middle > 0, "none of the kills came in the middle"
    assert subprocess.run(command, check=True, timeout=120, capture_output=True).stdout == b"begun\n"
    assert check_whole(file) == 1


def test_a_server_lets_old_logs_go(tmp_path: Path):
    """Two processes start, one of them does the work; what is young stays, and the old is not found any more."""
    data_dir, now = tmp_path / "data", int(time.time() * 1000)
    with serving(data_dir) as server:
        body = {"project": "p", "provider": "mock", "model": "m", "prompt_template": "Hello"}
        server.post("/v4/model-configs", body).expect(200)
        young = server.post("/v4/completion-deployed", {"project": "p"}).expect(200)["data"][0]["id"]
        server.stop()
    old = make_old_logs(data_dir / "everloop.db", 100, now)
    with serving(data_dir) as server:
        assert server.get(f"/v4/logs/{old[0]}").expect(200)["id"] == old[0]
        server.stop()
    with serving(data_dir, {"EVERLOOP_LOG_RETENTION_DAYS": "30"}, ("--workers", "2")) as server:
        deadline = time.monotonic() + 60
        while server.get(f"/v4/logs/{old[-1]}").status == 200:
            assert time.monotonic() < deadline, "the old logs never went"
            time.sleep(0.05)
        for identifier in old:
            assert server.get(f"/v4/logs/{identifier}").status == 404
        assert server.get(f"/v4/logs/{young}").expect(200)["id"] == young
        refused = server.post("/v4/feedback", {"type": "rating", "value": "good", "data_id": old[0]})
        assert refused.status == 404
        server.stop()
        assert server.log.read_text().count("deleted 100 logs older than 30 days") == 1
    connection = sqlite3.connect(data_dir / "everloop.db")
    assert connection.execute("SELECT count(*) FROM feedback").fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM session").fetchone() == (0,)
    connection.close()
