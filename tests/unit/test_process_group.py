import subprocess
import sys
from pathlib import Path

import pytest

from tests.process_group import ProcessGroup

# Starts a command that starts another one, and says so when both run. Both hold its stdout until they end.
STARTER = """
import sys
from tests.process_group import ProcessGroup
group = ProcessGroup(["/bin/sh", "-c", "sleep 600 & echo both; wait"], sys.stdout.buffer)
sys.stdin.read()
group.end()
"""
CHECKOUT = Path(__file__).parents[2]


@pytest.mark.parametrize("killed", [True, False])
def test_nothing_outlives_who_started_it(killed: bool):
    command = [sys.executable, "-c", STARTER]
    starter = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=CHECKOUT)
    assert starter.stdout is not None
    assert starter.stdout.readline() == b"both\n"
    if killed:
        starter.kill()
    rest, _ = starter.communicate(timeout=30)  # to the end of the pipe: all who held it have ended
    assert rest == b""
    assert (starter.returncode == 0) is not killed


def test_to_end_twice_is_to_end_once(tmp_path: Path):
    with (tmp_path / "output").open("wb") as output:
        group = ProcessGroup(["/bin/sh", "-c", "echo $SAYING; pwd"], output, {"SAYING": "hello"}, folder=tmp_path)
    assert group.process.wait(30) == 0
    group.end()
    group.end()
    assert (tmp_path / "output").read_text() == f"hello\n{tmp_path}\n"
