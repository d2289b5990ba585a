"""`docs/how-to/mock.md`: what it shows works, and all that it lists is there."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from everloop.providers.mock_fault import KINDS, Fault
from everloop.providers.mock_script import Script
from tests.application import Streamed

GUIDE: Final = (Path(__file__).parents[2] / "docs" / "how-to" / "mock.md").read_text()
BLOCKS: Final = [json.loads(each) for each in re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)]
CELLS: Final = re.findall(r"^\| (?!field|what)[^|-][^|]* \| (.*) \|$", GUIDE, re.MULTILINE)
FAULTS: Final = [json.loads(each) for cell in CELLS for each in re.findall(r"`(\{\"(?:kind|status).*?\})`", cell)]
ERRORS: Final = {
    "rate_limit": 429,
    "bad_request": 400,
    "authentication": 401,
    "permission": 401,
    "not_found": 404,
    "too_large": 400,
    "unprocessable": 422,
}


def registered(server, block: dict[str, Any]) -> None:
    server.post("/v4/model-configs", block).expect(200)


def called(server, project: str, **body: Any):
    return server.post("/v4/completion-deployed", {"project": project, "inputs": {"question": "When?"}, **body})


def test_the_first_example_breaks_after_three_words(running_server):
    registered(running_server, BLOCKS[0])
    reply = called(running_server, "support", stream=True)
    streamed = Streamed(reply.status, reply.headers, reply.body)
    assert streamed.text() == "It is on"
    (error,) = streamed.errors
    assert (error["type"], error["code"], error["origin"]) == ("rate_limit_error", 429, "Mock")


def test_the_second_example_answers_at_its_third_try(running_server):
    registered(running_server, BLOCKS[1])
    for tries in (3, 1):
        (sample,) = called(running_server, "patience").expect(200)["data"]
        log = running_server.get(f"/v4/logs/{sample['id']}").expect(200)
        assert (log["output"], log["provider_calls"]) == ("At last.", tries)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", FAULTS, ids=json.dumps)
def test_every_fault_that_is_shown(running_server, fault, stream):
    """Each fails as an error, or as a stream that broke off, and leaves one log with what had come."""
    script = {"text": "one two three four five", "fault": fault | ({"name": f"{stream}"} if "name" in fault else {})}
    project = f"guide {json.dumps(fault)} {stream}"
    config = {"provider": "mock", "model": "m", "prompt_template": "Hi", "other": {"mock": script}}
    configured = running_server.post("/v4/model-configs", {"project": project, **config}).expect(200)
    if fault.get("kind") == "stall":
        policy = {"timeouts": {"first_byte": 0.2, "gap": 0.2}}
        environment = next(each for each in running_server.get("/api/environments").expect(200) if each["tag"])
        place = f"/api/projects/{configured['project_id']}/environments/{environment['id']}/policy"
        running_server.put(place, policy).expect(200)
    reply = called(running_server, project, stream=stream)
    (log,) = running_server.get(f"/v4/logs?project_id={configured['project_id']}").expect(200)["records"]
    if "first" in fault:
        assert (reply.status, log["provider_calls"]) == (200, fault["first"] + 1)
        return
    begun = stream and "after_chunks" in fault
    assert reply.status == 200 if begun else reply.status in {400, 401, 404, 422, 429, 503}
    assert log["error"]
    assert log["raw_output"] == ("one two three" if begun else None)
    assert (log["tokens"] or 0) == (5 if begun else 0)  # both are estimates: a byte for the prompt, 13 for the text


def test_all_that_there_is_is_listed():
    listed = set(re.findall(r"`(\w+)`", GUIDE)) | {each.get("kind") for each in FAULTS}
    assert set(KINDS) - {"connection"} <= listed
    assert set(Fault.__struct_fields__) | set(Script.__struct_fields__) <= listed
    assert len(FAULTS) >= 9
