"""Projects, configurations, deployments and environments, and how one bears on the other."""

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.deployment import ConfigTarget
from everloop.domain.page import PageRequest
from everloop.domain.project import ProjectSort
from everloop.domain.reference import ProjectReference
from everloop.errors import BadRequest, Conflict, InvalidFields, NotFound
from everloop.services.configs import Labels
from tests.fakes import FakeHouse

ONE, TWO = ModelConfig(model="one"), ModelConfig(model="two")
ALL = PageRequest(0, 100)


@pytest.fixture
async def house():
    return await FakeHouse.build()


async def test_the_first_registered_config_goes_live_and_later_ones_do_not(house):
    first, second = await house.deploy("p", ONE), await house.deploy("p", TWO)
    active = await house.sampling.active(house.scope, first.project_id, None)
    assert active.use.version == first != second
    history = await house.deployments.history(house.scope, first.project_id, ALL)
    assert [(row.target, row.created_by, row.ended_at) for row in history.items] == [
        (ConfigTarget(first.id), house.scope.actor, None)
    ]


async def test_a_project_that_was_cleared_gets_nothing_live_by_registering(house):
    first = await house.deploy("p", ONE)
    await house.deployments.clear_named(house.scope, first.project_id, None)
    await house.deploy("p", TWO)
    with pytest.raises(BadRequest, match="no active deployment"):
        await house.sampling.active(house.scope, first.project_id, None)


async def test_the_same_content_is_the_same_version_whatever_its_label(house):
    reference = ProjectReference("p")
    first = await house.configs.register(house.scope, reference, ONE, Labels("a"))
    second = await house.configs.register(house.scope, reference, ONE, Labels("b"))
    assert first.use.version.id == second.use.version.id
    assert len(await house.configs.of_project(house.scope, first.project.id)) == 1
    other = await house.configs.register(house.scope, ProjectReference("q"), ONE, Labels())
    assert other.use.version.id != first.use.version.id


async def test_deploying_and_clearing_is_remembered(house):
    first, second = await house.deploy("p", ONE), await house.deploy("p", TWO)
    house.clock.pass_(1)
    (live,) = await house.deployments.deploy(house.scope, first.project_id, ConfigTarget(second.id), None)
    assert live.target == second
    (environment,) = house.environments.all(house.scope)
    await house.deployments.clear(house.scope, first.project_id, environment.id)
    await house.deployments.clear(house.scope, first.project_id, environment.id)
    rows = (await house.deployments.history(house.scope, first.project_id, ALL)).items
    assert [row.target for row in rows] == [None, ConfigTarget(second.id), ConfigTarget(first.id)]
    assert rows[2].ended_at == rows[1].created_at
    assert [
        (each.environment.name, each.target) for each in await house.deployments.live(house.scope, first.project_id)
    ] == [("production", None)]


async def test_all_environments_or_none(house):
    first, second = await house.deploy("p", ONE), await house.deploy("p", TWO)
    staging = await house.environments.create(house.scope, "staging")
    with pytest.raises(NotFound):
        await house.deployments.deploy(house.scope, first.project_id, ConfigTarget(second.id), [staging.id, "env_no"])
    live = {each.environment.name: each.target for each in await house.deployments.live(house.scope, first.project_id)}
    assert live == {"production": first, "staging": None}
    lives = await house.deployments.deploy(
        house.scope, first.project_id, ConfigTarget(second.id), [staging.id, staging.id]
    )
    assert len(lives) == 1


async def test_a_config_of_another_project_cannot_go_live_here(house):
    first, other = await house.deploy("p", ONE), await house.deploy("q", TWO)
    with pytest.raises(NotFound, match="'p' has no config"):
        await house.deployments.deploy(house.scope, first.project_id, ConfigTarget(other.id), None)
    with pytest.raises(NotFound):
        await house.configs.get(house.scope, "config_no")


async def test_the_default_environment_can_be_another_one(house):
    first = await house.deploy("p", ONE)
    staging = await house.environments.create(house.scope, "staging")
    moved = await house.environments.make_default(house.scope, staging.id)
    assert moved.is_default
    assert [each.name for each in house.environments.all(house.scope)] == ["staging", "production"]
    assert (await house.projects.get(house.scope, first.project_id)).active is None
    with pytest.raises(Conflict):
        await house.environments.delete(house.scope, staging.id)


async def test_environments_are_renamed_and_deleted_and_old_logs_keep_the_name(house):
    staging = await house.environments.create(house.scope, "staging")
    with pytest.raises(Conflict):
        await house.environments.create(house.scope, "staging")
    renamed = await house.environments.rename(house.scope, staging.id, "stage")
    assert renamed.name == "stage"
    with pytest.raises(NotFound):
        await house.environments.named(house.scope, "staging")
    await house.environments.delete(house.scope, staging.id)
    with pytest.raises(NotFound):
        await house.environments.get(house.scope, staging.id)
    assert (await house.environments.names(house.scope))[staging.id] == "stage"
    for act in (house.environments.make_default, house.environments.delete):
        with pytest.raises(NotFound):
            await act(house.scope, "env_no")


async def test_an_environment_made_by_another_process_is_found(house):
    other = await house.beside()
    staging = await house.environments.create(house.scope, "staging")
    assert (await other.environments.named(other.scope, "staging")).id == staging.id
    third = await house.environments.create(house.scope, "third")
    assert (await other.environments.get(other.scope, third.id)).name == "third"


async def test_a_project_made_by_another_process_is_found_by_name_and_by_id(house):
    other = await house.beside()
    made = await house.projects.create(house.scope, "p", None)
    assert (await other.projects.view(other.scope, made.project.id)).project == made.project
    third = await house.beside()
    await house.projects.create(house.scope, "q", None)
    assert (await third.projects.resolve(third.scope, ProjectReference("q"))).project.name == "q"
    assert len(house.memory.projects) == 2


async def test_a_known_project_costs_no_read(house):
    await house.deploy("p", ONE)
    before = house.feed.reads
    await house.projects.resolve(house.scope, ProjectReference("p"))
    assert house.feed.reads == before


async def test_an_unknown_id_costs_one_read_and_is_not_found(house):
    before = house.feed.reads
    with pytest.raises(NotFound):
        await house.projects.view(house.scope, "pr_no")
    assert house.feed.reads == before + 1


async def test_name_and_id_have_to_agree(house):
    made = (await house.projects.create(house.scope, "p", None)).project
    assert (await house.projects.resolve(house.scope, ProjectReference("p", made.id))).project == made
    with pytest.raises(InvalidFields):
        await house.projects.resolve(house.scope, ProjectReference("q", made.id))
    assert len(house.memory.projects) == 1


async def test_creating_twice_gives_the_same_project(house):
    first = await house.projects.create(house.scope, "p", "dir_1")
    second = await house.projects.create(house.scope, "p", None)
    assert first.project.id == second.project.id
    assert [each.name for each in second.feedback_types] == ["rating", "action", "issue", "correction", "comment"]


async def test_renaming_and_moving_leave_the_rest_as_it_is(house):
    made = await house.projects.create(house.scope, "p", "dir_1")
    await house.projects.create(house.scope, "taken", None)
    house.clock.pass_(1)
    renamed = await house.projects.update(house.scope, made.project.id, name="new")
    assert (renamed.project.name, renamed.project.directory_id) == ("new", "dir_1")
    assert renamed.project.updated_at > renamed.project.created_at
    moved = await house.projects.update(house.scope, made.project.id, directory_id="dir_2")
    assert (moved.project.name, moved.project.directory_id) == ("new", "dir_2")
    with pytest.raises(Conflict):
        await house.projects.update(house.scope, made.project.id, name="taken")


async def test_projects_are_listed_with_what_is_live(house):
    version = await house.deploy("alpha", ONE)
    await house.projects.create(house.scope, "beta", None)
    page = await house.projects.page(
        house.scope, name_part="A", user_part=None, sort=ProjectSort.NAME, descending=False, request=ALL
    )
    assert [(each.project.name, each.active and each.active.version) for each in page.items] == [
        ("alpha", version),
        ("beta", None),
    ]
