"""Limits: a call over one fails as the client knows it, and leaves nothing behind."""

from tests.sdk.scenarios.registry import scenario
from tests.sdk.scenarios.stage import Stage, arefused, refused, stream_refused


@scenario
async def a_call_over_a_limit_is_refused(stage: Stage) -> None:
    project = stage.name()
    made = stage.registered(project)
    new = {"project_id": made.project_id, "measure": "requests", "period": "day", "amount": 2}
    limit = stage.http("POST", "/api/limits", new)
    asked = {"project": project, "inputs": {"name": "Ada"}}
    stage.client.complete_deployed(**asked)
    await stage.client.acomplete_deployed(**asked)
    for detail in (
        refused(429, lambda: stage.client.complete_deployed(**asked)),
        await arefused(429, stage.client.acomplete_deployed(**asked)),
        await stream_refused(429, stage.client.complete_deployed_stream(**asked)),
    ):
        assert (detail["type"], detail["code"], detail["origin"]) == ("rate_limit_error", 429, "Everloop")
        for word in (project, "2 requests per day", limit["id"]):
            assert word in detail["message"]
    assert len(stage.client.logs.list(project_id=made.project_id).records) == 2
    assert stage.http("GET", f"/api/limits/{limit['id']}")["used"] == 2
    stage.http("PATCH", f"/api/limits/{limit['id']}", {"amount": 3})
    stage.client.complete_deployed(**asked)
