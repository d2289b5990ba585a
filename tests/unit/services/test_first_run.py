import pytest

from everloop.domain.keys import digest_of
from everloop.errors import BadRequest, Conflict, NotFound
from tests.fake_provider import generation
from tests.fakes import FakeHouse

OPERATORS = "x" * 32


@pytest.fixture
async def house():
    house = FakeHouse()
    house.provider.answers(generation("Hello Ada"), generation("again"))
    return house


def opens(house, key):
    return digest_of(key) in house.directory.snapshot.keys_by_digest


async def test_the_first_start_makes_what_a_newcomer_needs(house):
    welcome = await house.first_run.prepare(None)
    assert (welcome.organisation.name, welcome.completion) == ("default", "Hello Ada")
    assert welcome.api_key == house.key_file.key
    assert opens(house, welcome.api_key)
    (project,) = house.memory.projects.values()
    assert project.name == "hello"
    assert [log.body.output for log in house.kept] == ["Hello Ada"]


async def test_a_second_start_shows_the_same_key_and_makes_nothing(house):
    first = await house.first_run.prepare(None)
    second = await house.first_run.prepare(None)
    assert (second.api_key, second.completion) == (first.api_key, None)
    assert (len(house.memory.api_keys), len(house.memory.organisations), len(house.kept)) == (1, 1, 1)


async def test_a_revoked_first_key_is_neither_shown_nor_replaced(house):
    await house.first_run.prepare(None)
    scope = await house.organisations.scope(None)
    (key,) = await house.api_keys.all(scope)
    await house.api_keys.revoke(scope, key.id)
    assert (await house.first_run.prepare(None)).api_key is None
    assert len(house.memory.api_keys) == 1


async def test_the_operators_key_works_is_not_shown_and_is_adopted_once(house):
    for _ in range(2):
        assert (await house.first_run.prepare(OPERATORS)).api_key is None
    assert opens(house, OPERATORS)
    assert len(house.memory.api_keys) == 1
    assert house.key_file.key is None


async def test_an_operators_key_that_was_revoked_stays_so(house):
    await house.first_run.prepare(OPERATORS)
    scope = await house.organisations.scope(None)
    (key,) = await house.api_keys.all(scope)
    await house.api_keys.revoke(scope, key.id)
    with pytest.raises(BadRequest, match="revoked"):
        await house.first_run.prepare(OPERATORS)


@pytest.mark.parametrize("moment", ["all", "adopt"])
async def test_another_server_may_adopt_the_operators_key_at_the_same_time(house, moment, monkeypatch):
    other = FakeHouse(house.memory)
    other.provider.answers(generation("Hello Ada"))
    await other.directory.load()
    done = getattr(other.api_keys, moment)

    async def later(*arguments):
        await house.first_run.prepare(OPERATORS)
        return await done(*arguments)

    monkeypatch.setattr(other.api_keys, moment, later)
    await other.first_run.prepare(OPERATORS)
    assert opens(other, OPERATORS)
    assert len(house.memory.api_keys) == 1


async def test_keys_are_listed_without_themselves_and_revoked_once(house):
    await house.first_run.prepare(None)
    scope = await house.organisations.scope(None)
    key, plain = await house.api_keys.create(scope, "mine")
    assert plain not in repr(await house.api_keys.all(scope))
    assert key.digest == digest_of(plain)
    first = await house.api_keys.revoke(scope, key.id)
    house.clock.pass_(5)
    assert (await house.api_keys.revoke(scope, key.id)).revoked_at == first.revoked_at
    with pytest.raises(NotFound):
        await house.api_keys.revoke(scope, "key_no")


async def test_keys_of_another_organisation_are_not_found(house):
    await house.first_run.prepare(None)
    await house.organisations.create("other")
    other = await house.organisations.scope("other")
    key, plain = await house.api_keys.create(await house.organisations.scope(None), "mine")
    with pytest.raises(NotFound):
        await house.api_keys.revoke(other, key.id)
    assert opens(house, plain)
    assert await house.api_keys.all(other) == ()


async def test_organisations_are_named_once_and_the_oldest_one_is_meant(house):
    await house.first_run.prepare(None)
    await house.organisations.create("other")
    with pytest.raises(Conflict):
        await house.organisations.create("other")
    with pytest.raises(NotFound, match="'default', 'other'"):
        await house.organisations.scope("nobody")
    oldest = await house.organisations.scope(None)
    assert oldest == await house.organisations.scope("default")
    assert [each.name for each in await house.organisations.all()] == ["default", "other"]


async def test_sessions_are_made_and_read_back(house):
    await house.first_run.prepare(None)
    scope = await house.organisations.scope(None)
    made = await house.sessions.create(scope)
    assert (await house.sessions.summary(scope, made.id)).session == made
    with pytest.raises(NotFound):
        await house.sessions.summary(scope, "sesh_no")
