import signal
import subprocess
import sys

import pytest


def limited(code: str) -> subprocess.CompletedProcess[str]:
    """A process that keeps to the limits and runs this code."""
    text = f"import os, socket; from everloop.templating import limits; limits.enter(); limits.start_clock()\n{code}"
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("open('/etc/passwd')", "Too many open files"),
        ("socket.socket()", "Too many open files"),
        ("os.listdir('/')", "Too many open files"),
        ("os.pipe()", "Too many open files"),
        ("os.open('/tmp/x', os.O_CREAT | os.O_WRONLY)", "Too many open files"),
        pytest.param(
            "x = bytearray(limits.MEMORY_BYTES)",
            "MemoryError",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="others keep no such limit"),
        ),
    ],
)
def test_what_rendering_does_not_need_is_given_up(code, said):
    ended = limited(code)
    assert ended.returncode == 1
    assert said in ended.stderr


def test_what_it_does_need_is_there():
    assert limited("print('x' * 10)").stdout == "xxxxxxxxxx\n"
    assert limited("x = bytearray(100_000_000); print(len(x))").stdout == "100000000\n"


def test_the_kernel_ends_a_process_that_computes_too_long():
    assert limited("while True: pass").returncode == -signal.SIGPROF


def test_waiting_takes_no_time_and_each_order_has_a_second_of_its_own():
    code = """
import time
time.sleep(1.2)
for _ in range(3):
    limits.start_clock()
    end = time.process_time() + 0.5
    while time.process_time() < end:
        pass
print("done")
"""
    assert limited(code).stdout == "done\n"
