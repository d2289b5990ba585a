"""`kill -9` with PostgreSQL as the database, of the server or of the database itself: nothing acknowledged is lost.

The database is told not to wait for its disk (`synchronous_commit` off), which must not be heeded.
"""

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.postgres import Cluster, cluster
from tests.server import RunningServer, serving

LOAD = Path(__file__).with_name("load.py")
TABLES = {"log": "log", "feedback": "feedback", "config": "model_config"}
ROUNDS = 3
TORN = "SELECT count(*) FROM log l FULL JOIN log_body b ON b.log_id = l.id WHERE l.id IS NULL OR b.log_id IS NULL"


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    with cluster("-c", "synchronous_commit=off", "-c", "wal_writer_delay=10s") as running:
        yield running


def one_round(url: str, data_dir: Path, acknowledged: Path, kill: Callable[[RunningServer], None]) -> None:
    """Serves, loads, and kills; the client must have failed for no other reason."""
    with serving(data_dir, {"EVERLOOP_DATABASE_URL": url}) as server:
        body = {"project": "kill", "provider": "mock", "model": "m", "prompt_template": "Hello, how are you today?"}
        server.post("/v4/model-configs", body).expect(200)
        client = subprocess.Popen(
            [sys.executable, LOAD, str(server.port), server.key, acknowledged], stderr=subprocess.PIPE, text=True
        )
        kill(server)
        server.process.kill()
        server.process.wait()
        _, complaints = client.communicate(timeout=60)
        # A server whose database went away may still say so.
        assert client.returncode == 0 or "503" in complaints, complaints


def check(postgres: Cluster, name: str, acknowledged: Path) -> Counter[str]:
    """Every acknowledged id is there once and whole; how many of each kind there were."""
    lines = [line.split() for line in acknowledged.read_text().splitlines() if line.count(" ") == 1]
    for kind, table in TABLES.items():
        kept = [row[0] for row in postgres.run(f"SELECT id FROM {table}", name)]  # noqa: S608 - names from this file
        assert len(kept) == len(set(kept))
        lost = {identifier for what, identifier in lines if what == kind} - set(kept)
        assert not lost, f"{len(lost)} of kind {kind} were acknowledged and lost"
    assert postgres.run(TORN, name) == [(0,)]
    return Counter(what for what, _ in lines)


def rounds(
    postgres: Cluster, tmp_path: Path, kill: Callable[[RunningServer], None], revive: Callable[[], None]
) -> None:
    name = postgres.fresh_name()
    url, acknowledged = postgres.create(name), tmp_path / "acknowledged"
    acknowledged.touch()
    seen: Counter[str] = Counter()
    for _ in range(ROUNDS):
        one_round(url, tmp_path / "data", acknowledged, kill)
        revive()
        seen = check(postgres, name, acknowledged)
    assert min(seen["log"], seen["feedback"], seen["config"]) >= ROUNDS, seen
    with serving(tmp_path / "data", {"EVERLOOP_DATABASE_URL": url}) as server:
        last = [line.split()[1] for line in acknowledged.read_text().splitlines() if line.startswith("log data_")][-1]
        assert server.get(f"/v4/logs/{last}").expect(200)["id"] == last
        server.stop()


def test_what_was_acknowledged_survives_kills_of_the_server(postgres: Cluster, tmp_path: Path):
    chance = random.Random(20_261_124)  # noqa: S311 - instants, not secrets

    def kill(server: RunningServer) -> None:
        time.sleep(chance.uniform(0.3, 1.2))
        server.process.kill()

    rounds(postgres, tmp_path, kill, lambda: None)


def test_what_was_acknowledged_survives_kills_of_the_database(postgres: Cluster, tmp_path: Path):
    """The server is stopped in its tracks first, so that the last it said is what it knew when the database died."""
    chance = random.Random(20_261_125)  # noqa: S311 - as above

    def kill(server: RunningServer) -> None:
        time.sleep(chance.uniform(0.3, 1.2))
        server.process.send_signal(signal.SIGSTOP)
        postgres.stop(signal.SIGQUIT)

    rounds(postgres, tmp_path, kill, postgres.start)
