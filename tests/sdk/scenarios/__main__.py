"""Plays scenarios: `python -m tests.sdk.scenarios --host http://127.0.0.1:8000 --key KEY NAME…`."""

import argparse
import asyncio
import inspect
import sys
import traceback
from pathlib import Path

from tests.sdk.scenarios import SCENARIOS
from tests.sdk.scenarios.recording import Recording
from tests.sdk.scenarios.stage import Stage


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.sdk.scenarios", description=__doc__)
    parser.add_argument("--host", required=True, help="the server, without /v4")
    parser.add_argument("--key", required=True)
    parser.add_argument("--record", type=Path, required=True, help="where to write what was called")
    parser.add_argument("--awaited", action="store_true", help="call the asynchronous twins of plain methods")
    parser.add_argument("names", choices=sorted(SCENARIOS), nargs="+", metavar="NAME")
    asked = parser.parse_args()
    recording = Recording()
    failed = [name for name in asked.names if not _played(name, Stage(asked.host, asked.key, awaited=asked.awaited))]
    recording.write(asked.record)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def _played(name: str, stage: Stage) -> bool:
    """Whether it ended well; what went wrong is printed."""
    try:
        told = SCENARIOS[name].play(stage)
        if inspect.iscoroutine(told):
            asyncio.run(told)
    except Exception:  # noqa: BLE001 - the next ones shall be played, too
        print(f"{name}:\n{traceback.format_exc()}")  # noqa: T201 - pytest shows it
        return False
    return True


if __name__ == "__main__":
    main()
