"""Old months go from under a server that is called all the while, and a kill in the middle tears nothing."""

import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from everloop.storage.postgres.partitions import make_ahead
from tests.contract.stores.samples import a_log_id
from tests.postgres import Cluster, cluster, finished
from tests.server import RunningServer, serving

LOAD = Path(__file__).with_name("load.py")
DAY = 86_400_000
MONTHS = 4
LOGS = 2_000  # of each month but the oldest
FEW = 100  # of that one, which has no partition
BODY = {"project": "kill", "provider": "mock", "model": "m", "prompt_template": "Hello, how are you today?"}

# Copies of one log over a month, each with feedback, two in a session.
FILL = """
    WITH one AS (SELECT * FROM log LIMIT 1),
    made AS (SELECT id, at, 'sesh_' || id AS session FROM unnest($1::text[], $2::bigint[]) old (id, at)),
    logs AS (
        INSERT INTO log (organisation_id, id, project_id, created_at, updated_at, session_id, save, sample_index)
        SELECT organisation_id, made.id, project_id, at, at, left(session, -1), true, 0 FROM one, made
    ),
    bodies AS (
        INSERT INTO log_body (organisation_id, log_id) SELECT organisation_id, made.id FROM one, made
    ),
    sessions AS (
        INSERT INTO session (organisation_id, id, created_at)
        SELECT DISTINCT organisation_id, left(session, -1), 1 FROM one, made ON CONFLICT DO NOTHING
    )
    INSERT INTO feedback (organisation_id, id, project_id, log_id, type, value, created_at)
    SELECT organisation_id, 'ann_' || made.id, project_id, made.id, 'rating', '"good"', at FROM one, made
"""

# Sweeps as the job does, without pauses.
SWEEPER = """
    import asyncio, sys
    from everloop.storage.postgres.connecting import look_at
    from everloop.storage.postgres.retention import PostgresOldLogs

    async def main():
        old_logs = PostgresOldLogs(await look_at(sys.argv[1]))
        print("begun", flush=True)
        async with old_logs.alone() as alone:
            if alone:
                await old_logs.drop_logs(int(sys.argv[2]))
                while await old_logs.delete_logs(int(sys.argv[2]), 20):
                    pass

    asyncio.run(main())
"""

TORN = (
    "SELECT count(*) FROM log FULL JOIN log_body ON log_id = id WHERE id IS NULL OR log_id IS NULL",
    "SELECT count(*) FROM log WHERE session_id IS NOT NULL AND session_id NOT IN (SELECT id FROM session)",
)
ALL = ("SELECT count(*) FROM log",)
LEFT_BEHIND = (
    "SELECT count(*) FROM feedback WHERE log_id NOT IN (SELECT id FROM log)",
    "SELECT count(*) FROM session WHERE id NOT IN (SELECT session_id FROM log WHERE session_id IS NOT NULL)",
    "SELECT count(*) FROM pg_class WHERE relname ~ '_gone_'",
)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


def fill(url: str, now: int) -> None:
    """The `MONTHS` before the present one, each in partitions of its own but the oldest, and logs in all of them."""

    async def fill_() -> None:
        connection = await asyncpg.connect(url)
        months = [now - 31 * DAY * number for number in range(1, MONTHS + 1)]
        for month in months[:-1]:
            await make_ahead(connection, month)
        for month in months:
            ids = [a_log_id(number, month) for number in range(FEW if month == months[-1] else LOGS)]
            await connection.execute(FILL, ids, [month] * len(ids))
        await connection.close()

    finished(fill_())


def numbers(postgres: Cluster, name: str, queries: tuple[str, ...]) -> list[int]:
    return [postgres.run(query, name)[0][0] for query in queries]


def prepared(postgres: Cluster, data_dir: Path, now: int) -> tuple[str, dict[str, str]]:
    """The name of a database with the past in it, and the settings of a server for it."""
    name = postgres.fresh_name()
    settings = {"EVERLOOP_DATABASE_URL": postgres.create(name), "EVERLOOP_SECRET_KEY": "s" * 32}
    with serving(data_dir, settings) as server:
        server.post("/v4/model-configs", BODY).expect(200)
        server.post("/v4/completion-deployed", {"project": "kill"}).expect(200)
        server.stop()
    fill(settings["EVERLOOP_DATABASE_URL"], now)
    return name, settings


def old(postgres: Cluster, name: str, before: int) -> int:
    (number,) = numbers(postgres, name, (f"SELECT count(*) FROM log WHERE created_at < {before}",))  # noqa: S608 - a number
    return number


def test_old_months_go_while_calls_go_on(postgres: Cluster, tmp_path: Path):
    """Two servers, one of which sweeps; every call is answered, and what was acknowledged is there in the end."""
    now, acknowledged = int(time.time() * 1000), tmp_path / "acknowledged"
    acknowledged.touch()
    name, settings = prepared(postgres, tmp_path / "data", now)
    settings["EVERLOOP_LOG_RETENTION_DAYS"] = "20"
    with serving(tmp_path / "data", settings) as server, serving(tmp_path / "other", settings) as one:
        client = load(server, acknowledged)
        deadline = time.monotonic() + 100
        while (told := server.log.read_text() + one.log.read_text()).count("deleted ") == 0:
            assert client.poll() is None, client.communicate()[1]
            assert time.monotonic() < deadline, "the old logs never went"
            time.sleep(0.1)
        time.sleep(0.5)
        assert client.poll() is None, client.communicate()[1]
        assert f"deleted {(MONTHS - 1) * LOGS + FEW} logs older than 20 days" in told
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(60)
        client.communicate(timeout=60)
        one.stop()
    assert old(postgres, name, now - 20 * DAY) == 0
    kept = {row[0] for row in postgres.run("SELECT id FROM log", name)}
    logs = {line.split()[1] for line in acknowledged.read_text().splitlines() if line.startswith("log data_")}
    assert logs
    assert logs <= kept
    assert numbers(postgres, name, TORN) == [0, 0]
    assert numbers(postgres, name, LEFT_BEHIND) == [0, 0, 0]


def load(server: RunningServer, acknowledged: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, str(LOAD), str(server.port), server.key, str(acknowledged)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def test_a_kill_in_the_middle_tears_nothing(postgres: Cluster, tmp_path: Path):
    chance = random.Random(20_261_126)  # noqa: S311 - instants, not secrets
    now = int(datetime.now(UTC).timestamp() * 1000)
    name, settings = prepared(postgres, tmp_path / "data", now)
    command = [sys.executable, "-c", textwrap.dedent(SWEEPER), settings["EVERLOOP_DATABASE_URL"], str(now - 20 * DAY)]
    left, in_the_middle = old(postgres, name, now - 20 * DAY), 0
    young = numbers(postgres, name, ALL)[0] - left
    for kill in range(8):
        sweeper = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert sweeper.stdout is not None
        assert sweeper.stdout.readline() == b"begun\n"
        if kill % 2:
            time.sleep(chance.uniform(0, 0.4))
        # However fast the machine is, some kills come when a part has gone and not all.
        while not kill % 2 and old(postgres, name, now - 20 * DAY) == left and sweeper.poll() is None:
            time.sleep(0.001)
        sweeper.send_signal(signal.SIGKILL)
        sweeper.communicate()
        before, left = left, old(postgres, name, now - 20 * DAY)
        assert numbers(postgres, name, TORN) == [0, 0]
        in_the_middle += 0 < left < before
    assert in_the_middle > 0, "none of the kills came in the middle"
    # The server that runs a killed sweeper's last statement may still hold its lock for a moment.
    deadline = time.monotonic() + 60
    while old(postgres, name, now - 20 * DAY) or any(numbers(postgres, name, LEFT_BEHIND)):
        assert time.monotonic() < deadline, numbers(postgres, name, LEFT_BEHIND)
        subprocess.run(command, check=True, timeout=120, capture_output=True)
    assert numbers(postgres, name, TORN) == [0, 0]
    assert numbers(postgres, name, ALL) == [young]
