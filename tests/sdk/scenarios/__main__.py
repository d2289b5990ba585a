"""Plays one scenario: `python -m tests.sdk.scenarios --host http://127.0.0.1:8000 --key KEY NAME`."""

import argparse
import asyncio
import inspect

from tests.sdk.scenarios import SCENARIOS
from tests.sdk.scenarios.stage import Stage


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.sdk.scenarios", description=__doc__)
    parser.add_argument("--host", required=True, help="the server, without /v4")
    parser.add_argument("--key", required=True)
    parser.add_argument("name", choices=sorted(SCENARIOS))
    asked = parser.parse_args()
    told = SCENARIOS[asked.name].play(Stage(asked.host, asked.key))
    if inspect.iscoroutine(told):
        asyncio.run(told)


if __name__ == "__main__":
    main()
