"""Models by the names that calls have for them."""

import pytest

from everloop.domain.config import ModelConfig
from everloop.errors import UnknownModel
from everloop.services.live_models import LiveModelService
from tests.fakes import FakeHouse

CONFIG = ModelConfig(model="m", provider="fake", prompt_template="Hi")


@pytest.fixture
async def house():
    return await FakeHouse.build()


async def test_what_another_process_deployed_a_moment_ago_is_found(house):
    other = await house.beside()
    await house.deploy("bot", CONFIG)
    models = LiveModelService(other.directory)
    assert models.all(other.scope) == []
    assert (await models.find(other.scope, "bot")).name == "bot"
    assert [each.name for each in models.all(other.scope)] == ["bot"]


async def test_an_unknown_one_is_not_made_and_the_error_says_what_there_could_be(house):
    models = LiveModelService(house.directory)
    with pytest.raises(UnknownModel, match=r"no model 'bot@nowhere'.*'production'"):
        await models.find(house.scope, "bot@nowhere")
    assert house.directory.organisation(house.scope).projects == {}


async def test_models_are_listed_by_name(house):
    for name in ("b", "a", "c"):
        await house.deploy(name, CONFIG)
    staging = await house.environments.create(house.scope, "staging")
    view = house.directory.organisation(house.scope).project_named("a")
    (deployment,) = view.deployments.values()
    await house.deployments.deploy(house.scope, view.project.id, deployment.target, [staging.id])
    assert [each.name for each in LiveModelService(house.directory).all(house.scope)] == ["a", "a@staging", "b", "c"]
