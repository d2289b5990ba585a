import asyncio
from dataclasses import replace

import pytest

from everloop import errors
from everloop.domain.config import (
    ConfigUse,
    ConfigVersion,
    Endpoint,
    LoggedConfig,
    LoggedType,
    ModelConfig,
    fingerprint,
)
from everloop.domain.ids import ConfigId, ProjectId
from everloop.domain.log_filter import LogColumn, LogFilter, LogSort
from everloop.domain.scope import Scope
from everloop.storage.opening import Storage
from tests.contract.stores.conftest import Opener
from tests.contract.stores.samples import (
    ALL,
    a_deployment,
    a_log,
    a_logged_version,
    a_project,
    a_target,
    a_version,
    an_environment,
    an_organisation,
)

EVERYTHING = ModelConfig(
    model="gpt-😀",
    provider="openai",
    endpoint=Endpoint.CHAT,
    prompt_template="nul \x00 {{a}}",
    chat_template=({"role": "user", "content": [{"type": "text", "text": "é"}]}, {"role": "system", "content": None}),
    template_language="jinja",
    tools=({"name": "f", "parameters": {"type": "object", "required": ["x"]}},),
    max_tokens=17,
    temperature=0.1,
    top_p=0.30000000000000004,
    stop=("\n", "END"),
    presence_penalty=-2.0,
    frequency_penalty=1.5,
    other={"big": 2**80, "deep": [[{"x": None}]], "flag": True, "f": 1e300},
    seed=-(2**63),
    response_format={"type": "json_schema", "json_schema": {"a": 1}},
    reasoning_effort=1024,
)


@pytest.fixture
async def project(storage: Storage, scope: Scope) -> ProjectId:
    return (await storage.projects.create(scope, a_project())).id


@pytest.mark.parametrize("config", [ModelConfig("m"), EVERYTHING, replace(EVERYTHING, reasoning_effort="high")])
async def test_every_field_comes_back(storage: Storage, scope: Scope, project: ProjectId, config: ModelConfig):
    version = replace(a_version(config=config), name="a name", description="a\x00description")
    assert await storage.configs.register(scope, version, None) == version
    kept = await storage.configs.get(scope, version.id)
    assert kept == version
    assert isinstance(kept, ConfigVersion)
    assert fingerprint(kept.config) == version.fingerprint
    assert isinstance(kept.config.endpoint, Endpoint)


async def test_the_same_fingerprint_is_the_same_version(storage: Storage, scope: Scope, project: ProjectId):
    first = replace(a_version("config_1", config=EVERYTHING), name="first name")
    second = replace(a_version("config_2", config=EVERYTHING), name="second name")
    assert await storage.configs.register(scope, first, None) == first
    assert await storage.configs.register(scope, second, None) == first
    assert await storage.configs.get(scope, ConfigId("config_2")) is None


async def test_each_project_has_its_own_version(storage: Storage, scope: Scope, project: ProjectId):
    await storage.projects.create(scope, a_project("pr_2"))
    one = await storage.configs.register(scope, a_version("config_1", "pr_1", EVERYTHING), None)
    two = await storage.configs.register(scope, a_version("config_2", "pr_2", EVERYTHING), None)
    assert (one.id, two.id) == ("config_1", "config_2")


async def test_an_unknown_project_is_not_found_and_a_taken_id_a_conflict(
    storage: Storage, scope: Scope, project: ProjectId
):
    with pytest.raises(errors.NotFound):
        await storage.configs.register(scope, a_version(project="pr_none"), None)
    await storage.configs.register(scope, a_version("config_1"), None)
    with pytest.raises(errors.Conflict):
        await storage.configs.register(scope, a_version("config_1", config=EVERYTHING), None)


async def test_the_first_goes_live_with_the_id_that_is_kept(storage: Storage, scope: Scope, project: ProjectId):
    await storage.configs.register(scope, a_version("config_1"), None)
    twin = replace(a_version("config_2"), fingerprint=a_version("config_1").fingerprint)
    await storage.configs.register(scope, twin, a_deployment("dep_1", a_target("config_2")))
    history = await storage.deployments.history(scope, project, ALL)
    assert history.items == (a_deployment("dep_1", a_target("config_1")),)


async def test_the_second_does_not_go_live(storage: Storage, scope: Scope, project: ProjectId):
    await storage.configs.register(scope, a_version("config_1"), a_deployment("dep_1"))
    await storage.configs.register(scope, a_version("config_2"), a_deployment("dep_2"))
    assert [each.id for each in (await storage.deployments.history(scope, project, ALL)).items] == ["dep_1"]


async def test_nor_does_one_after_a_deployment_elsewhere_was_cleared(
    storage: Storage, scope: Scope, project: ProjectId
):
    await storage.environments.create(scope, an_environment("env_s", "staging", is_default=False))
    await storage.configs.register(scope, a_version("config_1"), None)
    await storage.deployments.deploy(scope, [a_deployment("dep_1", a_target(), environment="env_s")])
    await storage.deployments.deploy(scope, [a_deployment("dep_2", None, environment="env_s", created_at=31)])
    await storage.configs.register(scope, a_version("config_2"), a_deployment("dep_3"))
    assert [each.id for each in (await storage.deployments.history(scope, project, ALL)).items] == ["dep_2", "dep_1"]


async def test_without_its_environment_neither_version_nor_deployment_is_kept(
    storage: Storage, scope: Scope, project: ProjectId
):
    with pytest.raises(errors.NotFound):
        await storage.configs.register(scope, a_version(), a_deployment(environment="env_none"))
    assert await storage.configs.get(scope, a_version().id) is None


async def test_many_processes_register_one_and_the_first_alone_goes_live(open_named: Opener):
    houses = [await open_named("same") for _ in range(3)]
    await houses[0].organisations.create(an_organisation("a"), an_environment())
    scope = Scope(an_organisation("a").id, "me")
    await houses[0].projects.create(scope, a_project())
    configs = [ModelConfig("one"), ModelConfig("two")]
    kept = await asyncio.gather(
        *(
            house.configs.register(
                scope,
                a_version(f"config_{number}_{index}", config=configs[index % 2]),
                a_deployment(f"dep_{number}_{index}"),
            )
            for number, house in enumerate(houses)
            for index in range(4)
        )
    )
    assert len({each.id for each in kept}) == 2
    assert all(each.config in configs for each in kept)
    live = (await houses[1].deployments.history(scope, a_project().id, ALL)).items
    assert len(live) == 1
    assert live[0].target in {a_target(each.id) for each in kept}


async def test_several_versions_are_read_at_once(storage: Storage, scope: Scope, project: ProjectId):
    one, two = a_version("config_1"), a_version("config_2")
    for version in (one, two):
        await storage.configs.register(scope, version, None)
    wanted = [one.id, two.id, ConfigId("config_none")]
    assert await storage.configs.versions(scope, wanted) == {one.id: one, two.id: two}
    assert await storage.configs.versions(scope, []) == {}


async def test_use_is_counted_from_the_logs(storage: Storage, scope: Scope, project: ProjectId):
    for number in (1, 2):
        await storage.configs.register(scope, a_version(f"config_{number}", created_at=number), None)
    await storage.log_writer.append(scope, [a_log("data_1", created_at=70), a_log("data_2", created_at=60)])
    await storage.log_writer.append(scope, [a_log("data_3", config=None, created_at=90)])
    one = ConfigUse(a_version("config_1", created_at=1), 2, 70)
    two = ConfigUse(a_version("config_2", created_at=2), 0, None)
    ids = [ConfigId("config_1"), ConfigId("config_none")]
    assert await storage.configs.used(scope, ids) == {"config_1": one}
    assert await storage.configs.used(scope, []) == {}
    assert await storage.configs.of_project(scope, project) == (two, one)


async def test_of_equal_age_the_later_registered_is_newer(storage: Storage, scope: Scope, project: ProjectId):
    for identifier in ("config_b", "config_a", "config_c"):
        await storage.configs.register(scope, a_version(identifier, created_at=5), None)
    versions = [use.version.id for use in await storage.configs.of_project(scope, project)]
    assert versions == ["config_c", "config_a", "config_b"]
    assert await storage.configs.of_project(scope, ProjectId("pr_none")) == ()


TOOL = LoggedConfig(LoggedType.TOOL, {"name": "nul \x00 \ufdd0", "other": {"big": 2**80, "f": 0.1, "none": None}})


@pytest.mark.parametrize("kind", LoggedType)
async def test_a_config_of_another_type_comes_back(
    storage: Storage, scope: Scope, project: ProjectId, kind: LoggedType
):
    version = replace(a_logged_version(config=replace(TOOL, type=kind)), name="a name", description="a\x00description")
    assert await storage.configs.keep_logged(scope, version) == version
    assert await storage.configs.get(scope, version.id) == version
    assert isinstance(version.config.type, LoggedType)


async def test_the_same_config_of_another_type_is_the_same_version(storage: Storage, scope: Scope, project: ProjectId):
    first = await storage.configs.keep_logged(scope, a_logged_version("config_1", config=TOOL))
    assert await storage.configs.keep_logged(scope, a_logged_version("config_2", config=TOOL)) == first
    other = a_logged_version("config_3", config=replace(TOOL, type=LoggedType.GENERIC))
    assert await storage.configs.keep_logged(scope, other) == other
    with pytest.raises(errors.NotFound):
        await storage.configs.keep_logged(scope, a_logged_version(project="pr_none"))
    with pytest.raises(errors.Conflict):
        await storage.configs.keep_logged(scope, a_logged_version("config_1"))


async def test_of_configs_of_another_type_the_use_is_known_and_none_can_be_called(
    storage: Storage, scope: Scope, project: ProjectId
):
    model, logged = a_version("config_1", created_at=1), replace(a_logged_version("config_2"), created_at=2)
    await storage.configs.register(scope, model, None)
    await storage.configs.keep_logged(scope, logged)
    await storage.log_writer.append(scope, [a_log("data_1", config="config_2", created_at=70)])
    used = ConfigUse(logged, 1, 70)
    assert await storage.configs.of_project(scope, project) == (used, ConfigUse(model, 0, None))
    assert await storage.configs.used(scope, [logged.id]) == {logged.id: used}
    assert await storage.configs.versions(scope, [model.id, logged.id]) == {model.id: model}


async def test_configs_of_another_type_leave_the_first_model_config_to_go_live(
    storage: Storage, scope: Scope, project: ProjectId
):
    await storage.configs.keep_logged(scope, a_logged_version("config_1"))
    await storage.configs.register(scope, a_version("config_2"), a_deployment("dep_1", a_target("config_2")))
    ((_, view),) = (await storage.feed.load()).organisations[scope.organisation_id].projects.items()
    assert list(view.configs) == ["config_2"]


async def test_logs_of_an_agent_are_of_no_model(storage: Storage, scope: Scope, project: ProjectId):
    agent = LoggedConfig(LoggedType.AGENT, {"model": "gpt", "model_config": {"model": "gpt"}})
    await storage.configs.register(scope, a_version("config_1"), None)
    await storage.configs.keep_logged(scope, a_logged_version("config_2", config=agent))
    logs = [a_log("data_1", config="config_1"), a_log("data_2", config="config_2")]
    await storage.log_writer.append(scope, logs)
    found = await storage.logs.find(scope, project, LogFilter(models=("gpt",)), ALL)
    assert found.items == (logs[0],)
    by_model = LogFilter(order=(LogSort(LogColumn.MODEL, descending=True),))
    assert (await storage.logs.find(scope, project, by_model, ALL)).items == tuple(logs)
