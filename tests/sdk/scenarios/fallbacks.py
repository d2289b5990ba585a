"""Fallbacks: the provider of what is deployed is down, and the client does not notice but for whose the answer is."""

from typing import Any

from tests.sdk.scenarios.registry import scenario_with_vendor
from tests.sdk.scenarios.stage import Stage, acollect


@scenario_with_vendor
async def another_config_answers_for_a_provider_that_is_down(stage: Stage) -> None:
    project, down = stage.name(), stage.name("down").replace(" ", "-")
    nobody = "http://127.0.0.1:9/v1"  # a port on which nobody listens
    stage.http("POST", "/api/connections", {"name": down, "base_url": nobody, "key": "sk-of-nobody"})
    # The clients know v4's providers and refuse to send another name.
    live = {"project": project, "provider": down, "model": "llama", "prompt_template": "Hello {{name}}!"}
    made = stage.http("POST", "/v4/model-configs", live)
    second = stage.registered(project, "Repeat: {{name}}", provider="openai")
    (default,) = [each for each in stage.http("GET", "/api/environments") if each["tag"] == "default"]
    place = f"/api/projects/{made['project_id']}/environments/{default['id']}/policy"
    stage.http("PUT", place, {"fallbacks": [second.config.id]})

    asked: dict[str, Any] = {
        "project": project,
        "inputs": {"name": "Ada"},
        "provider_api_keys": {"openai": "sk-0123456789"},
    }
    plain = stage.client.complete_deployed(**asked).data[0]
    awaited = (await stage.client.acomplete_deployed(**asked)).data[0]
    chunks = await acollect(stage.client.complete_deployed_stream(**asked))
    assert plain.output == awaited.output == "".join(chunk["output"] for chunk in chunks) == "Ada"
    assert {chunk["model_config_id"] for chunk in chunks} == {second.config.id}
    for log_id in (plain.id, awaited.id, chunks[0]["id"]):
        log = stage.http("GET", f"/v4/logs/{log_id}")
        assert (log["config_id"], log["output"], log["error"]) == (second.config.id, "Ada", None)
        (attempt,) = log["attempts"]
        assert (attempt["config_id"], attempt["provider"]) == (made["config"]["id"], down)
        assert attempt["kind"] in {"connection", "overloaded"}  # the third may find the circuit open
