"""Logs of the caller's own: kept, one or many, and read back."""

from datetime import UTC, datetime, timedelta, timezone

from tests.sdk.scenarios.projects import assert_just_now
from tests.sdk.scenarios.registry import scenario, scenario_of
from tests.sdk.scenarios.stage import Stage, optional_moment, refused

CONFIG = {"model": "gpt-4o", "provider": "mock", "prompt_template": "Hello {{name}}!", "temperature": 0.2}
TOOL = {
    "type": "tool",
    "name": "weather",
    "description": "Looks out of the window",
    "parameters": {"type": "object", "properties": {"place": {"type": "string"}}},
}


@scenario
def a_log_is_kept_and_read_back(stage: Stage) -> None:
    project = stage.name()
    made = stage.registered(project)
    kept = stage.client.log(
        project=project,
        config_id=made.config.id,
        inputs={"name": "Ada", "list": [1, {"deep": None}]},
        output="Hi  Ada",
        source="tests",
        metadata={"a": 1},
        reference_id=stage.name("mine"),
        environment="production",
        duration=1.5,
    )
    assert type(kept).__name__ == "CreateLogResponse"
    assert (kept.project_id, kept.session_id) == (made.project_id, None)
    read = stage.log(made.project_id, kept.id)
    assert type(read).__name__ == "LogResponse"
    assert (read.project, read.project_id, read.config_id) == (project, made.project_id, made.config.id)
    assert type(read.config).__name__ == "ModelConfigResponse"
    assert read.config.model == "gpt-4o"
    assert read.inputs == {"name": "Ada", "list": [1, {"deep": None}]}
    assert (read.output, read.source, read.metadata, read.duration) == ("Hi  Ada", "tests", {"a": 1}, 1.5)
    assert read.reference_id.startswith("mine ")
    assert read.environment == "production"
    assert (read.feedback, read.evaluation_results, read.tools) == ([], [], [])
    assert (read.error, read.parent_id, read.messages, read.output_message) == (None, None, None, None)
    assert read.observability_status == "completed"
    assert_just_now(optional_moment(read.created_at))
    assert_just_now(stage.moment(read.updated_at))


@scenario
def a_call_is_read_back_as_a_log(stage: Stage) -> None:
    project = stage.name()
    made = stage.registered(project)
    answer = stage.client.complete_deployed(project=project, inputs={"name": "Ada"})
    read = stage.log(made.project_id, answer.data[0].id)
    assert (read.output, read.raw_output) == (answer.data[0].output, answer.data[0].raw_output)
    assert (read.finish_reason, read.config.id) == ("stop", made.config.id)
    assert read.provider_latency >= 0
    assert read.duration >= read.provider_latency
    assert read.provider_response["choices"][0]["message"]["content"] == answer.data[0].raw_output
    if stage.sdk.shows_provider_request:
        assert read.provider_request == answer.provider_request
        assert (read.prompt_tokens, read.output_tokens) == (answer.usage.prompt_tokens, answer.usage.generation_tokens)
        assert read.tokens == answer.usage.total_tokens


@scenario
def many_logs_are_kept_at_once(stage: Stage) -> None:
    project = stage.name()
    made = stage.registered(project)
    kept = stage.client.log(
        [{"project": project, "config_id": made.config.id, "output": f"number {number}"} for number in range(3)]
    )
    assert isinstance(kept, list)
    assert [type(each).__name__ for each in kept] == ["CreateLogResponse"] * 3
    assert len({each.id for each in kept}) == 3
    assert [stage.log(made.project_id, each.id).output for each in kept] == ["number 0", "number 1", "number 2"]


@scenario
def a_log_brings_its_config_along(stage: Stage) -> None:
    project = stage.name()
    kept = stage.client.log(project=project, config=CONFIG, output="made elsewhere")
    read = stage.log(kept.project_id, kept.id)
    assert (read.config.model, read.config.temperature) == ("gpt-4o", 0.2)
    again = stage.client.log(project_id=kept.project_id, config={**CONFIG, "type": "model"}, output="again")
    assert stage.log(kept.project_id, again.id).config_id == read.config_id
    assert stage.client.projects.get(id=kept.project_id).active_config is None, "only registering puts a config live"
    assert stage.registered(project, temperature=0.2).config.id == read.config_id


@scenario
def a_log_of_a_tool_shows_the_tool(stage: Stage) -> None:
    project = stage.name()
    kept = stage.client.log(project=project, config=TOOL, inputs={"place": "Rome"}, output="sunny")
    read = stage.log(kept.project_id, kept.id)
    assert type(read.config).__name__ == stage.sdk.tool_config
    assert (read.config.id, read.config.type, read.config.name) == (read.config_id, "tool", "weather")
    if stage.sdk.tool_config == "ToolConfigResponse":
        assert read.config.parameters == TOOL["parameters"]
    again = stage.client.log(project=project, config=TOOL, output="rain")
    assert stage.log(kept.project_id, again.id).config_id == read.config_id
    named = stage.client.log(project=project, config_id=read.config_id, output="snow")
    assert stage.log(kept.project_id, named.id).config.name == "weather"
    (listed,) = stage.client.projects.list_configs(id=kept.project_id)
    assert (type(listed.config).__name__, listed.config.id) == (stage.sdk.tool_config, read.config_id)
    assert listed.num_datapoints == 3
    refused(400, lambda: stage.client.projects.deploy_config(project_id=kept.project_id, config_id=read.config_id))
    assert stage.client.projects.get(id=kept.project_id).active_config is None


@scenario
def a_log_keeps_messages_and_errors(stage: Stage) -> None:
    messages = [{"role": "system"}, {"role": "user", "content": "Hi"}]
    said = {"role": "assistant", "content": "Ho"}
    kept = stage.client.log(
        project=stage.name(), config=CONFIG, messages=messages, output_message=said, error="it broke", output="Ho"
    )
    read = stage.log(kept.project_id, kept.id)
    assert [(each.role, each.content) for each in read.messages] == [("system", None), ("user", "Hi")]
    assert (read.output_message.role, read.output_message.content) == ("assistant", "Ho")
    assert read.error == "it broke"


@scenario
def a_log_may_say_when_it_was_made(stage: Stage) -> None:
    project = stage.name()
    moment = datetime(2024, 2, 29, 12, 30, 15, 250_000, tzinfo=timezone(timedelta(hours=2)))
    for given, meant in (
        (moment, moment),
        (moment.astimezone(UTC), moment),
        (moment.replace(tzinfo=None), moment.replace(tzinfo=UTC)),
    ):
        kept = stage.client.log(project=project, config=CONFIG, output="then", created_at=given)
        read = stage.log(kept.project_id, kept.id)
        assert optional_moment(read.created_at) == meant, (given, read.created_at)
        assert_just_now(stage.moment(read.updated_at))


@scenario
def a_log_may_bring_feedback(stage: Stage) -> None:
    project = stage.name()
    one = stage.client.log(project=project, config=CONFIG, output="x", feedback={"type": "rating", "value": "good"})
    two = stage.client.log(
        project=project,
        config=CONFIG,
        output="x",
        feedback=[{"type": "comment", "value": "Fine", "user": "ada"}, {"type": "issue", "value": "late"}],
    )
    (rating,) = stage.log(one.project_id, one.id).feedback
    assert type(rating).__name__ == "FeedbackResponse"
    assert (rating.type, rating.value, rating.data_id) == ("rating", "good", one.id)
    assert {(each.type, each.value, each.user) for each in stage.log(two.project_id, two.id).feedback} == {
        ("comment", "Fine", "ada"),
        ("issue", "late", None),
    }


@scenario
def logs_are_listed_newest_first(stage: Stage) -> None:
    project = stage.name()
    kept = [stage.client.log(project=project, config=CONFIG, output=str(number)) for number in range(3)]
    newest_first = [each.id for each in reversed(kept)]
    page = stage.client.logs.list(project_id=kept[0].project_id, page=0, size=2)
    assert type(page).__name__ == "PaginatedDataLogResponse"
    assert [each.id for each in page.records] == newest_first[:2]
    assert (page.page, page.size, page.total) == (0, 2, 3)
    assert [each.id for each in stage.client.logs.list(project_id=kept[0].project_id, page=1, size=2).records] == [
        newest_first[2]
    ]
    assert stage.client.logs.list(project_id=kept[0].project_id, page=2, size=2).records == []
    assert len(stage.client.logs.list(project_id=kept[0].project_id).records) == 3


@scenario_of("0.7.35")
def a_log_keeps_what_newer_clients_send(stage: Stage) -> None:
    project = stage.name()
    request, response = {"prompt": "x", "n": 1}, {"id": "up-1", "choices": []}
    kept = stage.client.log(
        project=project,
        config=CONFIG,
        output="x",
        prompt_tokens=3,
        output_tokens=4,
        prompt_cost=0.25,
        output_cost=0.5,
        stdout="printed",
        provider_request=request,
        provider_response=response,
        judgment=0.75,
    )
    read = stage.client.logs.get(id=kept.id)
    assert (read.prompt_tokens, read.output_tokens, read.tokens) == (3, 4, 7)
    assert (read.prompt_cost, read.output_cost, read.stdout, read.judgment) == (0.25, 0.5, "printed", 0.75)
    assert (read.provider_request, read.provider_response) == (request, response)
    unsaved = stage.client.log(project=project, config=CONFIG, inputs={"a": 1}, output="secret", save=False)
    read = stage.client.logs.get(id=unsaved.id)
    assert (read.save, read.inputs, read.output) == (False, {}, None)


@scenario_of("0.7.35")
def an_unknown_log_is_not_found(stage: Stage) -> None:
    assert refused(404, lambda: stage.client.logs.get(id="data_000000000000000000000"))["code"] == 404


@scenario
async def a_log_is_kept_asynchronously(stage: Stage) -> None:
    kept = await stage.client.alog(project=stage.name(), config=CONFIG, output="x")
    page = await stage.client.logs.alist(project_id=kept.project_id)
    assert [each.id for each in page.records] == [kept.id]
