"""A command under test that ends with us, and all that it started with it, however we end."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO


class ProcessGroup:
    """A running command, `process`, in a group with all that it starts.

    A guard is in the group too. It waits for the end of a pipe that only we can write to, and so ends the group also
    when we are killed and can do nothing any more. As long as it lives the group's number is nobody else's.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        output: BinaryIO,
        environment: Mapping[str, str] | None = None,
        *,
        folder: Path | None = None,
        user: int | None = None,
    ) -> None:
        """Starts it with stdout and stderr to `output`, in our own environment and folder, as ourselves unless said."""
        self.process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=folder, user=user, process_group=0
        )
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", "read -r _; kill -KILL 0"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=self.process.pid,
        )

    def end(self) -> None:
        """Kills whatever is left of it; does nothing the second time."""
        if self._guard.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._guard.wait()
        assert self._guard.stdin is not None
        self._guard.stdin.close()
