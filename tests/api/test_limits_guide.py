"""The guide to limits says what happens: its commands are run as they stand there."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any, Final

from everloop.api.v4.log_models import LogResponse
from everloop.services.metering import INTERVAL
from tests.server import RunningServer

GUIDE: Final = (Path(__file__).parents[2] / "docs" / "how-to" / "limits.md").read_text(encoding="utf-8")
SECONDS: Final = 60


def told(server: RunningServer, command: str, project: str = "") -> Any:
    """What the command of a block answers."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command.replace("curl ", "curl --silent --show-error ")],
        env={"PATH": os.environ["PATH"], "URL": server.base_url, "KEY": server.key, "PROJECT": project},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_guide_is_followed(fresh_server: RunningServer):
    make, listing, price = re.findall(r"^```sh\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    config = {"project": "support", "provider": "mock", "model": "demo", "prompt_template": "one two"}
    project = fresh_server.post("/v4/model-configs", config).expect(200)["project_id"]
    limit = told(fresh_server, make, project)
    assert (limit["project_id"], limit["amount"]) == (project, 100)
    assert told(fresh_server, listing) == [limit]
    assert told(fresh_server, price)["output_price"] == 10
    dollars = {"project_id": project, "measure": "cost", "period": "day", "amount": 0.000001}
    fresh_server.post("/api/limits", dollars).expect(201)

    fresh_server.post("/v4/completion-deployed", {"project": "support"}).expect(200)
    assert [each["used"] > 0 for each in told(fresh_server, listing)] == [True, True]
    refused = fresh_server.post("/v4/completion-deployed", {"project": "support"})
    (shown,) = (json.loads(each) for each in re.findall(r"^```json\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL))
    assert refused.detail.keys() == shown["detail"].keys()
    assert pattern(shown["detail"]["message"]) == pattern(refused.detail["message"])


def pattern(message: str) -> str:
    """The words without what differs from limit to limit."""
    return re.sub(r"(pr|lim)_\w+|(pr|lim)_…|[\d.:TZ-]{6,}|\d+ requests|[\d.e-]+ US dollars|minute|day", "…", message)


def test_what_it_says_of_logs_and_of_time():
    table = GUIDE[GUIDE.index("## What a log tells") :]
    assert set(re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE)))) <= {
        *LogResponse.model_fields
    }
    assert INTERVAL == 0.5
