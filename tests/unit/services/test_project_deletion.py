"""A project is deleted by this process, or by another one of which this one has not heard yet."""

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.reference import ProjectReference
from everloop.errors import NotFound
from everloop.services.configs import Labels
from tests.fake_stores import FakeProjectStore
from tests.fakes import FakeHouse

ONE = ModelConfig(model="one")


@pytest.fixture
async def house():
    return await FakeHouse.build()


async def test_the_process_that_took_it_knows_at_once(house):
    made = await house.deploy("p", ONE)
    await house.projects.delete(house.scope, made.project_id)
    with pytest.raises(NotFound, match=made.project_id):
        await house.projects.view(house.scope, made.project_id)
    assert (await house.projects.named(house.scope, "p")).project.id != made.project_id


async def test_deleting_twice(house):
    made = await house.deploy("p", ONE)
    await house.projects.delete(house.scope, made.project_id)
    with pytest.raises(NotFound):
        await house.projects.delete(house.scope, made.project_id)


async def test_a_config_goes_into_a_new_project_of_the_name_when_another_process_deleted_it_a_moment_ago(house):
    made = await house.deploy("p", ONE)
    await FakeProjectStore(house.memory).delete(house.scope, made.project_id, 1)
    registered = await house.configs.register(house.scope, ProjectReference("p"), ONE, Labels())
    assert registered.project.id != made.project_id
    assert (await house.sampling.active(house.scope, registered.project.id, None)).use == registered.use


async def test_but_the_id_of_the_deleted_one_means_nothing(house):
    made = await house.deploy("p", ONE)
    await FakeProjectStore(house.memory).delete(house.scope, made.project_id, 1)
    with pytest.raises(NotFound, match=made.project_id):
        await house.configs.register(house.scope, ProjectReference(id=made.project_id), ONE, Labels())
