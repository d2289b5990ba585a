"""What is live where: the first config, others, environments, and taking things down."""

from tests.sdk.scenarios.registry import scenario
from tests.sdk.scenarios.stage import Stage, refused


@scenario
def the_first_registered_config_goes_live(stage: Stage) -> None:
    project = stage.name()
    first = stage.registered(project, "First: {{name}}")
    assert type(first).__name__ == "ProjectConfigResponse"
    assert first.project_name == project
    second = stage.registered(project, "Second: {{name}}")
    assert second.config.id != first.config.id
    active = stage.client.projects.get(id=first.project_id).active_config
    assert type(active).__name__ == "ProjectConfigResponse"
    assert active.config.id == first.config.id
    answer = stage.client.complete_deployed(project=project, inputs={"name": "Ada"})
    assert answer.data[0].model_config_id_ == first.config.id
    assert "First: Ada" in answer.data[0].output


@scenario
def the_same_config_is_registered_once(stage: Stage) -> None:
    project = stage.name()
    first = stage.registered(project, temperature=1)
    again = stage.registered(project, temperature=1.0, description="said otherwise")
    assert again.config.id == first.config.id
    listed = stage.client.projects.list_configs(id=first.project_id)
    assert [each.config.id for each in listed] == [first.config.id]
    assert type(listed[0]).__name__ == "ProjectConfigResponse"


@scenario
def a_config_is_read_back_alone(stage: Stage) -> None:
    made = stage.registered(stage.name(), max_tokens=7, stop=["x", "y"], seed=3, top_p=0.5, name="v1")
    read = stage.client.model_configs.get(id=made.config.id)
    assert type(read).__name__ == "ModelConfigResponse"
    assert (read.id, read.type, read.model, read.provider) == (made.config.id, "model", "gpt-4o", "mock")
    assert (read.max_tokens, read.stop, read.seed, read.top_p) == (7, ["x", "y"], 3, 0.5)
    assert (read.temperature, read.presence_penalty, read.frequency_penalty) == (1, 0, 0)
    assert (read.prompt_template, read.chat_template, read.endpoint) == ("Hello {{name}}!", None, "complete")
    assert (read.tools, read.tool_configs, read.name) == ([], [], "v1")


@scenario
def an_update_of_the_project_puts_another_config_live(stage: Stage) -> None:
    project = stage.name()
    stage.registered(project, "First: {{name}}")
    second = stage.registered(project, "Second: {{name}}")
    changed = stage.client.projects.update(id=second.project_id, active_config_id=second.config.id)
    assert changed.active_config.config.id == second.config.id
    assert "Second: Ada" in stage.client.complete_deployed(project=project, inputs={"name": "Ada"}).data[0].output


@scenario
def each_environment_has_its_own_config(stage: Stage) -> None:
    project, staging = stage.name(), stage.environment()
    live = stage.registered(project, "Live: {{name}}")
    tried = stage.registered(project, "Tried: {{name}}")
    deployed = stage.client.projects.deploy_config(
        project_id=live.project_id, config_id=tried.config.id, environments=[{"id": staging["id"]}]
    )
    assert [type(each).__name__ for each in deployed] == ["EnvironmentProjectConfigResponse"]
    assert (deployed[0].environment_id, deployed[0].environment_name) == (staging["id"], staging["name"])
    assert (deployed[0].environment_tag, deployed[0].model_config_id_) == ("other", tried.config.id)
    there = stage.client.complete_deployed(project=project, inputs={"name": "Ada"}, environment=staging["name"])
    here = stage.client.complete_deployed(project=project, inputs={"name": "Ada"})
    named = stage.client.complete_deployed(project=project, inputs={"name": "Ada"}, environment="production")
    assert "Tried: Ada" in there.data[0].output
    assert "Live: Ada" in here.data[0].output
    assert named.data[0].model_config_id_ == live.config.id
    assert stage.log(live.project_id, there.data[0].id).environment == staging["name"]
    assert stage.log(live.project_id, here.data[0].id).environment == "production"


@scenario
def a_deploy_without_environments_is_one_to_the_default(stage: Stage) -> None:
    project = stage.name()
    stage.registered(project, "First: {{name}}")
    second = stage.registered(project, "Second: {{name}}")
    deployed = stage.client.projects.deploy_config(project_id=second.project_id, config_id=second.config.id)
    assert [(each.environment_name, each.environment_tag) for each in deployed] == [("production", "default")]
    assert "Second: Ada" in stage.client.complete_deployed(project=project, inputs={"name": "Ada"}).data[0].output


@scenario
def what_is_live_is_read_and_taken_down(stage: Stage) -> None:
    project, staging = stage.name(), stage.environment()
    made = stage.registered(project)
    stage.client.projects.deploy_config(
        project_id=made.project_id, config_id=made.config.id, environments=[{"id": staging["id"]}]
    )
    active = stage.client.projects.get_active_config(id=made.project_id, environment=staging["name"])
    assert type(active).__name__ == "GetModelConfigResponse"
    assert (active.environment_id, active.config.id) == (staging["id"], made.config.id)
    assert active.config.prompt_template == "Hello {{name}}!"

    def live() -> dict[str, str | None]:
        listed = stage.client.projects.list_deployed_configs(id=made.project_id)
        assert {type(each).__name__ for each in listed} == {"EnvironmentProjectConfigResponse"}
        return {each.environment_name: each.model_config_id_ for each in listed if each.model_config_id_}

    assert live() == {"production": made.config.id, staging["name"]: made.config.id}
    for _ in range(2):  # the second time there is nothing left to take down
        stage.client.projects.delete_deployed_config(project_id=made.project_id, environment_id=staging["id"])
        assert live() == {"production": made.config.id}
    refused(400, lambda: stage.client.projects.get_active_config(id=made.project_id, environment=staging["name"]))
    cleared = stage.client.projects.deactivate_config(id=made.project_id)
    assert type(cleared).__name__ == "ProjectResponse"
    assert cleared.active_config is None
    assert live() == {}
    refused(400, lambda: stage.client.complete_deployed(project=project, inputs={"name": "Ada"}))


@scenario
def a_later_config_does_not_go_live_by_itself(stage: Stage) -> None:
    project = stage.name()
    made = stage.registered(project, "First: {{name}}")
    stage.client.projects.deactivate_config(id=made.project_id)
    stage.registered(project, "Second: {{name}}")
    assert stage.client.projects.get(id=made.project_id).active_config is None


@scenario
async def deployments_are_changed_asynchronously(stage: Stage) -> None:
    client, project = stage.client, stage.name()
    made = await client.model_configs.aregister(project=project, model="gpt-4o", provider="mock", prompt_template="Hi")
    deployed = await client.projects.adeploy_config(project_id=made.project_id, config_id=made.config.id)
    assert deployed[0].model_config_id_ == made.config.id
    active = await client.projects.aget_active_config(id=made.project_id)
    assert active.config.id == made.config.id
    assert (await client.projects.adeactivate_config(id=made.project_id)).active_config is None
