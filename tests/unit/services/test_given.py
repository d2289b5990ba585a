import pickle
from typing import Any

import pytest

from everloop.domain.config import Endpoint, ModelConfig
from everloop.domain.reference import ProjectReference
from everloop.errors import BadRequest, MissingInputs, NotFound
from everloop.services import given as given_module
from everloop.services.command import Chat, CompletionCommand
from everloop.services.configs import Labels
from everloop.services.given import GivenConfigs
from tests.fake_provider import generation
from tests.fakes import FakeHouse

CONFIG = ModelConfig(model="m", provider="fake", prompt_template="Hi")
CHAT = ModelConfig(model="m", provider="fake", endpoint=Endpoint.CHAT)


@pytest.fixture
async def house():
    return await FakeHouse.build()


@pytest.fixture
def given(house):
    return GivenConfigs(projects=house.projects, configs=house.configs)


async def kept(house, given, config=CONFIG, project="p"):
    draft = await given.inline(house.scope, ProjectReference(project), config, Labels())
    return await given.keep(house.scope, draft)


async def of_project(house, name):
    project = (await house.projects.named(house.scope, name)).project
    return [each.use.version for each in await house.configs.of_project(house.scope, project.id)]


async def test_a_config_is_a_draft_until_it_is_kept_and_then_found_by_its_content(house, given):
    draft = await given.inline(house.scope, ProjectReference("p"), CONFIG, Labels("a name"))
    assert not draft.kept
    assert await of_project(house, "p") == []
    first = await given.keep(house.scope, draft)
    assert (first.kept, first.version.name) == (True, "a name")
    again = await given.inline(house.scope, ProjectReference("p"), CONFIG, Labels("another name"))
    assert (again.kept, again.version.id, again.version.config) == (True, first.version.id, CONFIG)
    assert await of_project(house, "p") == [first.version]
    assert (await kept(house, given, project="q")).version.id != first.version.id


async def test_what_another_process_registered_is_used(house, given):
    made = await house.deploy("p", CONFIG)
    assert (await kept(house, given)).version == made


async def test_what_is_remembered_is_bounded_and_forgetting_costs_nothing(house, given, monkeypatch):
    monkeypatch.setattr(given_module, "_REMEMBERED", 2)
    configs = [ModelConfig(model=str(number), provider="fake", prompt_template="Hi") for number in range(4)]
    first = [(await kept(house, given, each)).version.id for each in configs]
    assert len(given._known) == 2
    assert [(await kept(house, given, each)).version.id for each in configs] == first


async def test_what_is_remembered_does_not_grow_with_the_contents(house, given):
    long = ModelConfig(model="m", provider="fake", prompt_template="x" * 1_000_000)
    await kept(house, given, long)
    assert len(pickle.dumps(given._known)) < 1_000


async def test_what_is_remembered_is_of_one_organisation_though_another_has_a_project_of_the_same_id(house, given):
    first = await kept(house, given)
    await house.organisations.create("other")
    other = await house.organisations.scope("other")
    await house.projects._projects.create(other, first.project)
    await house.directory.refresh()
    draft = await given.inline(other, ProjectReference("p"), CONFIG, Labels())
    assert not draft.kept
    second = await given.keep(other, draft)
    assert second.project.id == first.project.id
    assert second.version.id != first.version.id
    for scope, expected in ((other, second), (house.scope, first)):
        found = await given.inline(scope, ProjectReference("p"), CONFIG, Labels())
        assert (found.kept, found.version.id) == (True, expected.version.id)


async def test_a_config_is_named_with_its_own_project_or_none(house, given):
    version = await house.deploy("p", CONFIG)
    await house.deploy("q", CONFIG)
    names = [None, ProjectReference("p"), ProjectReference(id=version.project_id)]
    for reference in names:
        found = await given.named(house.scope, version.id, reference)
        assert (found.version, found.project.name, found.kept) == (version, "p", True)
    for wrong in (ProjectReference("q"), ProjectReference("new"), ProjectReference(id="pr_x")):
        with pytest.raises(NotFound, match=version.id):
            await given.named(house.scope, version.id, wrong)
    with pytest.raises(NotFound, match="config_x"):
        await given.named(house.scope, "config_x", None)
    assert house.directory.organisation(house.scope).project_named("new") is None


async def test_a_config_answers_only_as_it_is_called(house, given):
    found = await kept(house, given, CHAT)
    found.require(Endpoint.CHAT)
    with pytest.raises(BadRequest, match="chat config"):
        found.require(Endpoint.COMPLETE)


async def test_all_samples_are_drawn_from_it_in_no_environment(house, given):
    found = await kept(house, given)
    drawn = found.draw(2)
    assert (list(drawn.indices), list(drawn.trials)) == ([0, 1], [None, None])
    assert (drawn.resolved.version, drawn.resolved.environment) == (found.version, None)


def call(**changes):
    wanted: dict[str, Any] = {"project": ProjectReference("p"), "config": CONFIG} | changes
    return CompletionCommand(**wanted)


async def test_a_call_with_its_own_config_is_logged_under_the_kept_one(house):
    made = await house.deploy("p", CONFIG)
    house.provider.answers(generation("a", "b"))
    answer = await house.completion.complete(house.scope, call(num_samples=2))
    assert {each.config_id for each in answer.samples} == {made.id}
    assert [(log.config_id, log.environment_id) for log in house.kept] == [(made.id, None)] * 2


async def test_a_call_that_cannot_be_made_registers_nothing(house):
    config = ModelConfig(model="m", provider="fake", prompt_template="{{missing}}")
    with pytest.raises(MissingInputs):
        await house.completion.complete(house.scope, call(config=config))
    assert await of_project(house, "p") == []


async def test_nothing_is_live_after_such_calls(house):
    said: Any = ({"role": "user", "content": "Hi"},)
    house.provider.answers(generation("a"))
    await house.completion.complete(house.scope, call(config=CHAT, chat=Chat(said)))
    with pytest.raises(BadRequest, match="no active deployment"):
        await house.completion.complete(house.scope, call(config=None, chat=Chat(said)))


async def test_a_call_names_something():
    house = await FakeHouse.build()
    with pytest.raises(ValueError, match="names a project"):
        await house.completion.complete(house.scope, CompletionCommand(project=None))
