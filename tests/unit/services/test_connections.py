"""Connections of an organisation's own."""

from dataclasses import replace

import pytest

from everloop.domain.capabilities import ALL, without
from everloop.domain.config import ModelConfig
from everloop.domain.connection import ConnectionChange, KnownConnection, OwnConnection
from everloop.domain.document import EMPTY_OBJECT
from everloop.domain.policy import Policy
from everloop.domain.reference import ProjectReference
from everloop.errors import BadRequest, Conflict, InvalidFields, NotFound, UnknownProvider, Unprocessable
from everloop.services.command import CompletionCommand
from everloop.services.connections import NewConnection
from tests.fake_provider import FakeProvider, generation
from tests.fakes import FakeHouse

NEW = NewConnection("mine", "fake", "https://llm.example.com/v1/", True, ("seed", "tools"))
EVIL = "https://evil.example/v1"


@pytest.fixture
async def house():
    return await FakeHouse.build()


def key_for(house, provider="mine", given=None, endpoints=None):
    key = house.provider_keys.for_call(house.scope, provider, given or {}, endpoints or {})
    return None if key is None else key.value


async def test_what_is_made_is_there_for_the_next_call(house):
    shown = await house.connections.create(house.scope, NEW, "sk-1")
    own = shown.connection
    assert isinstance(own, OwnConnection)
    assert (own.base_url, own.lacks, own.created_by) == (
        "https://llm.example.com/v1",
        ("tools", "seed"),
        house.scope.actor,
    )
    assert (shown.key, shown.facts) == ("organisation", without("tools", "seed"))
    assert house.provider_keys.provider(house.scope, "mine").origin == "mine at https://llm.example.com/v1"
    assert key_for(house) == "sk-1"


async def test_facts_are_those_of_the_format_and_the_server_together(house):
    shown = await house.connections.create(house.scope, replace(NEW, format="small", lacks=("stop",)), None)
    assert shown.facts == without("tools", "seed", "stop")


async def test_both_kinds_are_listed(house):
    house.providers.operator_keys["keyed"] = "operator's"
    await house.connections.create(house.scope, NEW, None)
    found = {each.connection.name: each for each in await house.connections.all(house.scope)}
    assert list(found) == ["fake", "keyed", "mine"]
    assert isinstance(found["keyed"].connection, KnownConnection)
    assert [each.key for each in found.values()] == [None, "operator", None]
    assert (await house.connections.get(house.scope, "keyed")).facts == ALL


async def test_the_operators_key_is_for_none_of_the_organisations_connections(house):
    """A name may become well-known after an organisation has taken it."""
    house.providers.operator_keys["mine"] = "operator's"
    shown = await house.connections.create(house.scope, NEW, None)
    assert shown.key is None
    with pytest.raises(BadRequest) as caught:
        key_for(house)
    assert "_API_KEY" not in caught.value.message


async def test_a_key_stays_behind_when_the_connection_moves(house):
    await house.connections.create(house.scope, NEW, "sk-1")
    moved = await house.connections.update(house.scope, "mine", ConnectionChange(base_url=EVIL), None)
    assert moved.key is None
    with pytest.raises(BadRequest):
        key_for(house)
    again = await house.connections.update(house.scope, "mine", ConnectionChange(), "sk-2")
    assert (again.key, key_for(house)) == ("organisation", "sk-2")
    moved = await house.connections.update(
        house.scope, "mine", ConnectionChange(base_url="https://third.example"), "sk-3"
    )
    assert (moved.connection.base_url, key_for(house)) == ("https://third.example", "sk-3")


async def test_provider_and_key_of_a_call_are_of_one_moment(house):
    """While a call waits for its template the connection moves: its key goes to the new place, and none to the old."""
    await house.connections.create(house.scope, NEW, "sk-old")
    await house.deploy("p", ModelConfig(model="m", provider="mine", prompt_template="Hi"))
    asked = []
    get = house.providers.get

    def remembering(name, own):
        provider = get(name, own)
        provider.answers(generation("Hello"))
        asked.append(provider)
        return provider

    house.providers.get = remembering
    filler = house.rendering.filler

    async def moving(*arguments):
        found = await filler(*arguments)
        await house.connections.update(house.scope, "mine", ConnectionChange(base_url=EVIL), "sk-new")
        return found

    house.rendering.filler = moving
    command = CompletionCommand(project=ProjectReference("p"), inputs=EMPTY_OBJECT)
    await house.completion.complete(house.scope, command)
    sent = [(each.origin, key.value) for each in asked for _, key in each.calls]
    assert sent == [(f"mine at {EVIL}", "sk-new")]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (NewConnection("mine", "smoke", EVIL, True, ()), "format"),
        (NewConnection("mine", "fake", "smoke", True, ()), "base_url"),
        (NewConnection("mine", "fake", "http://127.0.0.1", True, ()), "base_url"),
        (NewConnection("mine", "fake", EVIL, True, ("wings",)), "lacks"),
    ],
)
async def test_what_is_wrong_is_named(house, change, field):
    with pytest.raises(InvalidFields) as caught:
        await house.connections.create(house.scope, change, None)
    assert caught.value.issues[0].location == ("body", field)
    await house.connections.create(house.scope, NEW, None)
    changed = ConnectionChange(change.format, change.base_url, None, change.lacks)
    with pytest.raises(InvalidFields):
        await house.connections.update(house.scope, "mine", changed, None)
    assert (await house.connections.get(house.scope, "mine")).connection.base_url == "https://llm.example.com/v1"


@pytest.mark.parametrize("name", ["fake", "FAKE", "mock", "langchain"])
async def test_taken_names(house, name):
    with pytest.raises(Conflict, match="well-known"):
        await house.connections.create(house.scope, replace(NEW, name=name), None)


async def test_well_known_ones_stay_and_others_are_not_found(house):
    for name, error in (("fake", Conflict), ("nobody", NotFound)):
        with pytest.raises(error):
            await house.connections.update(house.scope, name, ConnectionChange(), None)
        with pytest.raises(error):
            await house.connections.delete(house.scope, name)
    with pytest.raises(NotFound):
        await house.connections.get(house.scope, "nobody")


async def test_one_that_answers_calls_stays(house):
    await house.connections.create(house.scope, NEW, "sk-1")
    await house.deploy("p", ModelConfig(model="m", provider="mine", prompt_template="Hi"))
    with pytest.raises(Conflict, match="'p'"):
        await house.connections.delete(house.scope, "mine")
    assert key_for(house) == "sk-1"


async def test_one_that_is_a_fallback_stays(house):
    await house.connections.create(house.scope, NEW, None)
    live = await house.deploy("p", ModelConfig(model="m", provider="fake", prompt_template="Hi"))
    fallback = await house.deploy("p", ModelConfig(model="m", provider="mine", prompt_template="Hi"))
    place = house.directory.organisation(house.scope).default_environment.id
    await house.policies.put(house.scope, live.project_id, place, Policy(fallbacks=(fallback.id,)))
    with pytest.raises(Conflict, match="what is live, by its fallbacks, or by an experiment, in 'p'"):
        await house.connections.delete(house.scope, "mine")
    await house.policies.put(house.scope, live.project_id, place, Policy())
    await house.connections.delete(house.scope, "mine")


async def test_a_deleted_one_takes_its_key_along(house):
    await house.connections.create(house.scope, NEW, "sk-1")
    await house.connections.delete(house.scope, "mine")
    with pytest.raises(UnknownProvider):
        house.provider_keys.provider(house.scope, "mine")
    assert await house.provider_keys.all(house.scope) == ()
    await house.connections.create(house.scope, NEW, None)
    with pytest.raises(BadRequest):
        key_for(house)


async def test_what_another_process_made_is_found_after_one_look(house):
    elsewhere = FakeHouse(house.memory, house.ids)
    elsewhere.scope = house.scope
    await elsewhere.directory.load()
    await house.connections.create(house.scope, NEW, None)
    key = await elsewhere.provider_keys.put(house.scope, "mine", "sk-1")
    assert key.provider == "mine"
    with pytest.raises(UnknownProvider):
        await elsewhere.provider_keys.put(house.scope, "nobody", "sk-1")


async def test_a_call_that_says_where_its_provider_is_brings_the_key(house):
    there = house.providers.elsewhere["https://me.example"] = FakeProvider(origin="Me")
    endpoints = {"keyed": "https://me.example"}
    await house.provider_keys.put(house.scope, "keyed", "kept")
    assert house.provider_keys.provider(house.scope, "keyed", endpoints) is there
    assert house.provider_keys.provider(house.scope, "fake", endpoints) is house.provider
    with pytest.raises(BadRequest, match="brings the key"):
        key_for(house, "keyed", endpoints=endpoints)
    assert key_for(house, "keyed", {"keyed": "given"}, endpoints) == "given"
    assert key_for(house, "keyed") == "kept"
    with pytest.raises(Unprocessable):
        house.provider_keys.provider(house.scope, "keyed", {"keyed": EVIL})
