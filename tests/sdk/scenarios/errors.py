"""Errors: each as the exception that the client makes of it, with a decoded body."""

from functools import partial

from tests.sdk.scenarios.registry import scenario
from tests.sdk.scenarios.stage import Stage, arefused, refused, stream_refused

UNKNOWN_PROJECT = "pr_000000000000000000000"


@scenario
async def a_wrong_key_is_refused(stage: Stage) -> None:
    stranger = stage.client_with(api_key="hl_sk_nobody")
    for detail in (
        refused(401, lambda: stranger.complete_deployed(project="hello", inputs={"name": "Ada"})),
        refused(401, stranger.projects.list),
        await arefused(401, stranger.acomplete_deployed(project="hello", inputs={"name": "Ada"})),
        await stream_refused(401, stranger.complete_deployed_stream(project="hello", inputs={"name": "Ada"})),
    ):
        assert (detail["type"], detail["code"]) == ("authentication_error", 401)
        assert detail["message"]
        assert "hl_sk_nobody" not in detail["message"]


@scenario
def an_unknown_project_id_is_not_found(stage: Stage) -> None:
    for detail in (
        refused(404, lambda: stage.client.complete_deployed(project_id=UNKNOWN_PROJECT)),
        refused(404, lambda: stage.client.projects.list_configs(id=UNKNOWN_PROJECT)),
        refused(404, lambda: stage.client.projects.list_deployed_configs(id=UNKNOWN_PROJECT)),
        refused(404, lambda: stage.client.projects.export(id=UNKNOWN_PROJECT)),
        refused(404, lambda: stage.client.logs.list(project_id=UNKNOWN_PROJECT)),
        refused(404, lambda: stage.client.model_configs.get(id="config_000000000000000000000")),
    ):
        assert (detail["type"], detail["code"]) == ("not_found_error", 404)
        assert detail["message"]
        assert detail["origin"]


@scenario
def an_unknown_environment_is_not_found_and_the_known_ones_are_named(stage: Stage) -> None:
    project = stage.name()
    stage.registered(project)
    detail = refused(
        404,
        lambda: stage.client.complete_deployed(project=project, inputs={"name": "Ada"}, environment="nowhere"),
    )
    assert "production" in detail["message"]


@scenario
async def nothing_deployed_is_a_bad_request(stage: Stage) -> None:
    project = stage.name()
    detail = refused(400, lambda: stage.client.complete_deployed(project=project, inputs={"name": "Ada"}))
    assert (detail["type"], detail["code"]) == ("bad_request_error", 400)
    assert project in detail["message"]
    listed = stage.client.projects.list(filter=project)
    assert [each.name for each in listed.records] == [project], "the project was made all the same"
    again = await arefused(400, stage.client.acomplete_deployed(project=project, inputs={"name": "Ada"}))
    assert again == detail


@scenario
def a_chat_config_does_not_complete(stage: Stage) -> None:
    project = stage.name()
    stage.client.model_configs.register(
        project=project, model="gpt-4o", provider="mock", chat_template=[{"role": "user", "content": "Hi"}]
    )
    detail = refused(400, lambda: stage.client.complete_deployed(project=project))
    assert (detail["type"], detail["code"]) == ("bad_request_error", 400)
    assert "chat" in detail["message"]


@scenario
async def missing_inputs_are_all_named(stage: Stage) -> None:
    project = stage.name()
    made = stage.registered(project, "{{one}} {{two}} {{three}}")
    for detail in (
        refused(422, lambda: stage.client.complete_deployed(project=project, inputs={"two": "2"})),
        await arefused(422, stage.client.acomplete_deployed(project=project, inputs={"two": "2"})),
    ):
        assert (detail["type"], detail["code"]) == ("unprocessable_entity_error", 422)
        assert "one" in detail["message"]
        assert "three" in detail["message"]
        assert "two" not in detail["message"]
    assert stage.client.projects.get(id=made.project_id).data_count == 0


@scenario
async def neither_project_nor_id_is_a_list_of_fields(stage: Stage) -> None:
    for issues in (
        refused(422, lambda: stage.client.complete_deployed(inputs={})),
        await arefused(422, stage.client.acomplete_deployed(inputs={})),
    ):
        assert isinstance(issues, list)
        assert set(issues[0]) == {"loc", "msg", "type"}
        assert issues[0]["loc"][0] == "body"


@scenario
def a_project_and_an_id_that_disagree_are_refused(stage: Stage) -> None:
    project = stage.name()
    made = stage.registered(project)
    other = stage.name()
    issues = refused(422, lambda: stage.client.complete_deployed(project=other, project_id=made.project_id))
    assert issues[0]["loc"] == ["body", "project"]


@scenario
def a_failure_of_the_provider_is_told_and_logged(stage: Stage) -> None:
    for kind, status in (("rate_limit", 429), ("overloaded", 503), ("authentication", 401), ("unprocessable", 422)):
        project = stage.name()
        made = stage.saying(project, "never", fault={"kind": kind})
        detail = refused(status, partial(stage.client.complete_deployed, project=project))
        assert (detail["code"], detail["origin"]) == (status, "Mock")
        (log,) = stage.client.logs.list(project_id=made.project_id).records
        assert (log.error, log.output) == (detail["message"], None)
