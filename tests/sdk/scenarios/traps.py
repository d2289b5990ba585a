"""Where the clients' typing is easily led astray, so that an answer that looks right arrives as something else."""

from typing import Any

from tests.sdk.scenarios.projects import assert_just_now
from tests.sdk.scenarios.registry import scenario, scenario_of
from tests.sdk.scenarios.stage import Stage

CHAT = [{"role": "system"}, {"role": "user", "content": "{{q}}"}]
TOOL = {
    "name": "add",
    "description": "Adds.",
    "parameters": {"type": "object", "properties": {"a": {"type": "number"}}},
}


def _readings(stage: Stage, made: Any) -> list[Any]:
    """The same config as every call returns it that wraps one."""
    client = stage.client
    client.projects.update(id=made.project_id, active_config_id=made.config.id)
    kept = client.log(project_id=made.project_id, config_id=made.config.id, output="x")
    return [
        made.config,
        client.projects.get(id=made.project_id).active_config.config,
        client.projects.get_active_config(id=made.project_id).config,
        client.projects.list_configs(id=made.project_id)[0].config,
        stage.log(made.project_id, kept.id).config,
    ]


@scenario
def a_config_without_a_name_is_taken_for_what_it_is(stage: Stage) -> None:
    # 0.7.0 takes whatever has a name for a generic config, which has no `.model`.
    for config in _readings(stage, stage.registered(stage.name(), temperature=0.5)):
        assert type(config).__name__ == "ModelConfigResponse"
        assert (config.type, config.model, config.temperature, config.name) == ("model", "gpt-4o", 0.5, None)
        assert (config.tools, config.tool_configs) == ([], [])


@scenario
def a_config_with_a_name_is_read_whole_by_its_id(stage: Stage) -> None:
    made = stage.registered(stage.name(), name="friendly", description="The friendly one")
    for config in _readings(stage, made):
        assert type(config).__name__ == stage.sdk.named_config
        assert (config.id, config.name, config.description) == (made.config.id, "friendly", "The friendly one")
    alone = stage.client.model_configs.get(id=made.config.id)
    assert type(alone).__name__ == "ModelConfigResponse"
    assert (alone.model, alone.name) == ("gpt-4o", "friendly")


@scenario
def a_chat_config_is_taken_for_what_it_is(stage: Stage) -> None:
    made = stage.client.model_configs.register(
        project=stage.name(),
        model="gpt-4o",
        provider="mock",
        chat_template=CHAT,
        tools=[TOOL],
        response_format={"type": "json_object"},
        stop="END",
    )
    for config in _readings(stage, made):
        assert type(config).__name__ == "ModelConfigResponse"
        assert (config.endpoint, config.prompt_template, config.stop) == ("chat", None, "END")
        assert [(each.role, each.content) for each in config.chat_template] == [("system", None), ("user", "{{q}}")]
        assert {type(each).__name__ for each in config.chat_template} <= {"ChatMessage", "ChatMessageWithToolCall"}
        (tool,) = config.tools
        assert type(tool).__name__ == "ToolResponse"
        assert (tool.name, tool.description, tool.parameters) == (TOOL["name"], TOOL["description"], TOOL["parameters"])
        assert tool.id
        assert config.response_format.type == "json_object"


@scenario
def a_provider_that_the_client_does_not_know_makes_a_plain_dict(stage: Stage) -> None:
    # Nothing that a server could do about: the client's enum refuses it, in what is sent and in what comes.
    for provider in stage.sdk.unknown_providers:
        config = {"project": stage.name(), "provider": provider, "model": "m", "prompt_template": "Hi"}
        made = stage.http("POST", "/v4/model-configs", config)
        (read,) = stage.client.projects.list_configs(id=made["project_id"])
        assert isinstance(read.config, dict)
        assert (read.config["provider"], read.config["model"]) == (provider, "m")
        assert stage.client.model_configs.get(id=made["config"]["id"]).model == "m"


@scenario
def moments_are_parsed(stage: Stage) -> None:
    # A null in a required one would be an error in 0.7.0: a config that was never used has a `last_used` all the same.
    made = stage.registered(stage.name())
    for moment in (made.created_at, made.updated_at, made.last_used):
        assert_just_now(stage.moment(moment))


@scenario
def the_clients_own_validation_accepts_every_answer(stage: Stage) -> None:
    # `validate` builds the typed object strictly, which the clients do not by themselves: nulls only where they may be.
    client, project = stage.client, stage.name()
    project_id = client.projects.create(name=project, validate=True).id
    config_id = client.model_configs.register(
        project=project, model="gpt-4o", provider="mock", prompt_template="Hi", tools=[TOOL], validate=True
    ).config.id
    client.model_configs.get(id=config_id, validate=True)
    client.projects.get(id=project_id, validate=True)
    client.projects.get_active_config(id=project_id, validate=True)
    client.projects.update(id=project_id, active_config_id=config_id, validate=True)
    client.projects.list(filter=project, validate=True)
    client.projects.list_configs(id=project_id, validate=True)
    client.projects.list_deployed_configs(id=project_id, validate=True)
    client.projects.deploy_config(project_id=project_id, config_id=config_id, validate=True)
    session_id = client.sessions.create(validate=True).id
    answer = client.completions.create_deployed(
        project=project, session_id=session_id, num_samples=2, metadata={"a": None}, validate=True
    )
    client.sessions.get(id=session_id, validate=True)
    client.logs.log(project=project, config_id=config_id, output="x", validate=True)
    client.feedback_api.feedback(type="rating", value="good", data_id=answer.data[0].id, validate=True)
    client.feedback_api.feedback(type="rating", value="good", data_id=answer.data[0].id, unset=True, validate=True)
    client.projects.export(id=project_id, validate=True)
    assert client.logs.list(project_id=project_id, validate=True).total == 3
    client.projects.deactivate_config(id=project_id, validate=True)


@scenario_of("0.7.35")
def a_log_by_its_id_passes_the_clients_own_validation(stage: Stage) -> None:
    project = stage.name()
    stage.registered(project)
    answer = stage.client.complete_deployed(project=project, inputs={"name": "Ada"})
    read = stage.client.logs.get(id=answer.data[0].id, validate=True)
    assert type(read.config).__name__ == "ModelConfigResponse"
    assert read.batch_ids == []
