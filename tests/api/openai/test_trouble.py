"""Limits, fallbacks and what they say, by the official client."""

import openai
import pytest

from tests.api.openai.conftest import ADD, USER

OWN = {"name": "own", "parameters": {"type": "object", "properties": {}}}


@pytest.mark.parametrize("stream", [False, True])
def test_a_limit_is_a_rate_limit_that_says_when_to_come_back(door, stream):
    project = door.mocks()
    limit = {"project_id": door.app.project_id(project), "measure": "requests", "period": "day", "amount": 1}
    made = door.app.server.post("/api/limits", limit).expect(201)
    call = door.client.chat.completions.create
    call(model=project, messages=[USER])
    with pytest.raises(openai.RateLimitError) as caught:
        call(model=project, messages=[USER], stream=stream)
    assert (caught.value.code, caught.value.type) == ("rate_limit_exceeded", "rate_limit_error")
    assert int(caught.value.response.headers["retry-after"]) > 0
    assert len(door.app.logs(project)) == 1
    door.app.server.delete(f"/api/limits/{made['id']}")


@pytest.mark.parametrize("stream", [False, True])
def test_a_fallback_answers_and_the_answer_is_about_it(door, stream):
    """What is live has tools of its own and is down; its fallback has none, and takes those of the call."""
    server = door.app.server
    project = door.mocks({"fault": {"kind": "overloaded"}}, tools=[OWN])
    project_id = door.app.project_id(project)
    script = {"tool_calls": [{"name": "add"}]}
    second = {"provider": "mock", "model": "m", "endpoint": "chat", "other": {"mock": script}}
    made = server.post("/v4/model-configs", {"project": project, **second}).expect(200)["config"]["id"]
    (default,) = [each for each in server.get("/api/environments").expect(200) if each["tag"] == "default"]
    place = f"/api/projects/{project_id}/environments/{default['id']}/policy"
    server.put(place, {"fallbacks": [made]}).expect(200)

    raw = door.client.chat.completions.with_raw_response.create(
        model=project, messages=[USER], tools=[ADD], stream=stream
    )

    raw.http_response.read()
    assert "x-everloop-ignored" not in raw.headers
    assert b'"add"' in raw.content
    log = door.app.log(raw.headers["x-everloop-log-ids"])
    assert (log["config"]["id"], log["finish_reason"]) == (made, "tool_call")
