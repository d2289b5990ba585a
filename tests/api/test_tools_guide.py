"""The guide to tools says what happens: its commands are run as they stand there."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any, Final

from tests.server import RunningServer

GUIDE: Final = Path(__file__).parents[2] / "docs" / "how-to" / "tools.md"
SECONDS: Final = 60


def told(server: RunningServer, commands: str, tool: str = "") -> list[Any]:
    """What the commands of a block answer."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands.replace("curl ", "echo; curl --silent --show-error ")],
        env={"PATH": os.environ["PATH"], "URL": server.base_url, "KEY": server.key, "TOOL": tool},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def test_the_guide_is_followed_from_its_first_block_to_its_last(fresh_server: RunningServer):
    make, link, snippets, change, delete = re.findall(
        r"^```sh\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    (function,) = told(fresh_server, make)
    (linking,) = told(fresh_server, link, function["id"])
    assert [each["name"] for each in linking["config"]["tools"]] == ["get_weather"]
    texts, _, answer = told(fresh_server, snippets)
    (sample,) = answer["data"]
    assert "Be kind, be brief. Parcels can be sent back for 30 days. Answer: May I send it back?" in sample["output"]
    assert [each["signature"] for each in sample["tool_results"]] == ['snippet("manner")', "snippet(topic)"]
    (changed,) = told(fresh_server, change, texts["id"])
    assert changed["snippets"] == {**texts["snippets"], "manner": "Be kind."}
    for tool, project in ((function, "weather"), (texts, "shop")):
        (refused,) = told(fresh_server, delete, tool["id"])
        assert refused["detail"]["code"] == 409
        assert project in refused["detail"]["message"]
