from collections.abc import Callable
from typing import Any

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.deployment import ConfigTarget
from everloop.domain.document import Document
from everloop.domain.ids import ConfigId
from everloop.domain.organisation_tool import OrganisationTool, ToolChange, ToolKind
from everloop.domain.reference import ProjectReference
from everloop.errors import BadRequest, Conflict, InvalidFields, NotFound, UnknownTool
from everloop.services.command import CompletionCommand
from everloop.services.configs import Labels
from everloop.services.experiment_changes import ArmChange, ExperimentChange
from everloop.services.experiments import NewExperiment
from everloop.services.tools import NewTool
from tests.fake_provider import generation
from tests.fakes import FakeHouse

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}
GONE = {"id": "oc_gone", "source": "organization"}


@pytest.fixture
async def house() -> FakeHouse:
    return await FakeHouse.build()


async def a_function(house: FakeHouse, name: str = "get_weather", **more: Any) -> OrganisationTool:
    return await house.tools.create(
        house.scope, NewTool(ToolKind.FUNCTION, name, ToolChange(parameters=PARAMETERS), **more)
    )


async def snippets(house: FakeHouse, name: str = "snippet", **texts: str) -> OrganisationTool:
    return await house.tools.create(house.scope, NewTool(ToolKind.SNIPPETS, name, ToolChange(snippets=texts)))


def link(tool: OrganisationTool) -> dict[str, Any]:
    return {"id": tool.id, "source": "organization"}


def linking(*tools: Any, prompt: str = "Hi") -> ModelConfig:
    return ModelConfig("m", "fake", prompt_template=prompt, tools=tools)


async def test_a_tool_lives(house: FakeHouse):
    tool = await a_function(house)
    assert (tool.id[:3], tool.created_at, tool.updated_at) == ("oc_", house.clock.now(), house.clock.now())
    assert await house.tools.get(house.scope, tool.id) == tool
    house.clock.milliseconds += 5
    changed = await house.tools.update(house.scope, tool.id, ToolChange("weather"))
    assert (changed.name, changed.parameters, changed.updated_at) == ("weather", PARAMETERS, house.clock.now())
    other = await snippets(house, a="A")
    assert await house.tools.all(house.scope) == (other, changed)
    await house.tools.delete(house.scope, tool.id)
    assert await house.tools.all(house.scope) == (other,)
    for call in (
        lambda: house.tools.get(house.scope, tool.id),
        lambda: house.tools.update(house.scope, tool.id, ToolChange()),
        lambda: house.tools.delete(house.scope, tool.id),
    ):
        with pytest.raises(NotFound):
            await call()


async def test_calls_see_every_change_at_once(house: FakeHouse):
    tool = await a_function(house, id="oc_mine")
    assert house.tools.box(house.scope).by_id == {"oc_mine": tool}
    changed = await house.tools.update(house.scope, tool.id, ToolChange("weather"))
    assert house.tools.box(house.scope).by_id == {"oc_mine": changed}
    await house.tools.delete(house.scope, tool.id)
    assert house.tools.box(house.scope).by_id == {}


async def test_what_is_refused_is_not_kept(house: FakeHouse):
    with pytest.raises(InvalidFields):
        await house.tools.create(house.scope, NewTool(ToolKind.FUNCTION, "x", ToolChange(snippets={})))
    tool = await a_function(house)
    with pytest.raises(InvalidFields):
        await house.tools.update(house.scope, tool.id, ToolChange(parameters={"type": 7}))
    assert await house.tools.all(house.scope) == (tool,)


async def test_a_config_links_only_what_is_there(house: FakeHouse):
    texts, reference = await snippets(house), ProjectReference("p")
    for wrong in (GONE, link(texts)):
        with pytest.raises(InvalidFields, match=rf"json_schema.*{wrong['id']}") as refused:
            await house.configs.register(house.scope, reference, linking(wrong), Labels())
        assert refused.value.issues[0].location == ("body", "tools")
    assert not house.memory.configs
    tool = await a_function(house)
    await house.configs.register(house.scope, reference, linking({"name": "inline"}, link(tool)), Labels())


async def test_a_tool_that_another_process_made_a_moment_ago_is_found(house: FakeHouse):
    elsewhere = await house.beside()
    tool = await a_function(elsewhere)
    assert house.tools.box(house.scope).by_id == {}
    await house.configs.register(house.scope, ProjectReference("p"), linking(link(tool)), Labels())


async def test_a_tool_in_use_is_kept_and_says_by_whom(house: FakeHouse):
    tool, other = await a_function(house), await a_function(house, "other")
    for project in ("b", "a"):
        await house.deploy(project, linking(link(tool)))
    with pytest.raises(Conflict, match=r"'get_weather'.*'a', 'b'"):
        await house.tools.delete(house.scope, tool.id)
    assert await house.tools.get(house.scope, tool.id) == tool
    await house.tools.delete(house.scope, other.id)

    for project in ("a", "b"):
        project_id = (await house.projects.resolve(house.scope, ProjectReference(project))).project.id
        (environment,) = house.environments.all(house.scope)
        await house.deployments.clear(house.scope, project_id, environment.id)
    await house.tools.delete(house.scope, tool.id)


async def test_of_many_projects_ten_are_told(house: FakeHouse):
    tool = await a_function(house)
    for number in range(12):
        await house.deploy(f"p{number:02}", linking(link(tool)))
    with pytest.raises(Conflict, match=r"in 'p00', .*, 'p09' and 2 more: "):
        await house.tools.delete(house.scope, tool.id)


async def test_snippets_that_templates_in_use_call_stay_and_keep_their_name(house: FakeHouse):
    tool = await snippets(house, a="A")
    version = await house.deploy("p", ModelConfig("m", "fake", prompt_template="{{ snippet(a) }}"))
    for call in (
        lambda: house.tools.delete(house.scope, tool.id),
        lambda: house.tools.update(house.scope, tool.id, ToolChange("other")),
    ):
        with pytest.raises(Conflict, match=r"'snippet'.*'p'"):
            await call()
    await house.tools.update(house.scope, tool.id, ToolChange("snippet", snippets={"b": "B"}))
    (environment,) = house.environments.all(house.scope)
    await house.deployments.clear(house.scope, version.project_id, environment.id)
    await house.tools.update(house.scope, tool.id, ToolChange("other"))
    await house.tools.delete(house.scope, tool.id)


async def in_experiment(house: FakeHouse, tool: OrganisationTool) -> tuple[str, str, list[ConfigId]]:
    """An experiment of two arms, of which the second links the tool; nothing is live."""
    versions = [await house.deploy("p", linking(prompt="one")), await house.deploy("p", linking(link(tool)))]
    project_id = versions[0].project_id
    (environment,) = house.environments.all(house.scope)
    await house.deployments.clear(house.scope, project_id, environment.id)
    ids = [each.id for each in versions]
    made = await house.experiments.create(house.scope, project_id, NewExperiment("e", (), tuple(ids)))
    return project_id, made.experiment.id, ids


async def test_the_arms_of_an_experiment_need_their_tools_until_it_is_concluded(house: FakeHouse):
    tool = await a_function(house)
    _, experiment_id, _ = await in_experiment(house, tool)
    with pytest.raises(Conflict, match="'p'"):
        await house.tools.delete(house.scope, tool.id)
    await house.experiments.conclude(house.scope, experiment_id, None)
    await house.tools.delete(house.scope, tool.id)


Putting = Callable[[FakeHouse, str, ConfigId], Any]


@pytest.mark.parametrize(
    "put",
    [
        lambda house, project, config: house.deployments.deploy(house.scope, project, ConfigTarget(config), None),
        lambda house, project, config: house.experiments.create(
            house.scope, project, NewExperiment("new", (), (config,))
        ),
    ],
)
async def test_a_config_whose_tool_went_goes_live_nowhere(house: FakeHouse, put: Putting):
    tool = await a_function(house)
    project_id, experiment_id, (_, linked) = await in_experiment(house, tool)
    await house.experiments.conclude(house.scope, experiment_id, None)
    await house.tools.delete(house.scope, tool.id)
    deployments, experiments = len(house.memory.deployments), len(house.memory.experiments)
    with pytest.raises(BadRequest, match=rf"{linked}.*{tool.id}"):
        await put(house, project_id, linked)
    assert (len(house.memory.deployments), len(house.memory.experiments)) == (deployments, experiments)
    await a_function(house, id=tool.id)
    await put(house, project_id, linked)


async def test_a_config_whose_tool_went_joins_no_experiment(house: FakeHouse):
    tool = await a_function(house)
    project_id, experiment_id, (plain, linked) = await in_experiment(house, tool)
    await house.experiments.conclude(house.scope, experiment_id, None)
    await house.tools.delete(house.scope, tool.id)
    other = await house.experiments.create(house.scope, project_id, NewExperiment("other", (), (plain,)))
    with pytest.raises(BadRequest, match=tool.id):
        await house.experiments.update(house.scope, other.experiment.id, ExperimentChange(arms={linked: ArmChange()}))
    with pytest.raises(InvalidFields, match=tool.id):
        await house.experiments.register(
            house.scope, ProjectReference(id=project_id), "other", linking(link(tool), prompt="new"), Labels()
        )
    kept = (await house.experiments.get(house.scope, other.experiment.id)).experiment
    assert [each.config_id for each in kept.arms] == [plain]


async def test_a_call_finds_what_another_process_made_a_moment_ago(house: FakeHouse):
    config = ModelConfig("m", "fake", prompt_template="{{ snippet(a) }}", tools=({**GONE, "id": "oc_new"},))
    elsewhere = await house.beside()
    await a_function(elsewhere, id="oc_new")
    tool = await snippets(elsewhere, b="B")
    await elsewhere.deploy("p", config)
    await house.directory.refresh()
    await elsewhere.tools.update(house.scope, tool.id, ToolChange(snippets={"a": "A"}))
    house.provider.answers(generation("x"))
    await house.completion.complete(house.scope, CompletionCommand(ProjectReference("p")))
    ((call, _),) = house.provider.calls
    assert call.request.prompt == "A"
    assert [each["name"] for each in call.request.config.tools] == ["get_weather"]


async def test_a_call_for_what_is_nowhere_is_refused_after_one_read(house: FakeHouse):
    await house.deploy("p", ModelConfig("m", "fake", prompt_template="{{ snippet(a) }}"))
    await snippets(house, a="A")
    tool = (await house.tools.all(house.scope))[0]
    await house.tools.update(house.scope, tool.id, ToolChange(snippets={"a": None, "b": "B"}))
    reads = house.feed.reads
    inputs = Document({"a": "c"}, b'{"a":"c"}')
    for number, (given, key) in enumerate([(Document({}, b"{}"), "a"), (inputs, "c")], 1):
        with pytest.raises(UnknownTool, match=f"no snippet '{key}'"):
            await house.completion.complete(house.scope, CompletionCommand(ProjectReference("p"), inputs=given))
        assert house.feed.reads == reads + number
    assert house.provider.calls == []
    assert house.kept == []
