import asyncio
from contextlib import suppress

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.keys import digest_of
from everloop.errors import Unauthenticated
from tests.fakes import FakeHouse

CONFIG = ModelConfig(model="m", provider="fake", prompt_template="x")


@pytest.fixture
async def house():
    return await FakeHouse.build()


async def test_a_key_opens_its_organisation_until_it_is_revoked(house):
    key, plain = await house.api_keys.create(house.scope, "k")
    scope = house.directory.authenticate(digest_of(plain))
    assert (scope.organisation_id, scope.actor) == (house.scope.organisation_id, key.id)
    await house.api_keys.revoke(house.scope, key.id)
    with pytest.raises(Unauthenticated):
        house.directory.authenticate(digest_of(plain))


async def test_a_write_is_seen_by_the_next_call_here_and_elsewhere_after_a_refresh(house):
    other = await house.beside()
    await house.deploy("p", CONFIG)
    assert house.directory.organisation(house.scope).project_named("p") is not None
    assert other.directory.organisation(other.scope).project_named("p") is None
    await other.directory.refresh()
    view = other.directory.organisation(other.scope).project_named("p")
    assert view is not None
    assert len(view.configs) == 1


async def test_a_snapshot_never_changes_under_a_call_that_holds_it(house):
    before = house.directory.snapshot
    await house.deploy("p", CONFIG)
    assert before.organisations[house.scope.organisation_id].project_named("p") is None
    assert house.directory.snapshot.epoch > before.epoch


async def test_a_change_of_the_organisation_keeps_its_projects(house):
    await house.deploy("p", CONFIG)
    await house.environments.create(house.scope, "staging")
    view = house.directory.organisation(house.scope)
    assert view.project_named("p") is not None
    assert view.environment_named("staging") is not None


async def test_organisations_made_elsewhere_are_taken_in_with_their_projects(house):
    other = await house.beside()
    await house.organisations.create("second")
    second = await house.organisations.scope("second")
    _, plain = await house.api_keys.create(second, "k")
    await house.projects.create(second, "theirs", None)
    await other.directory.refresh()
    assert other.directory.authenticate(digest_of(plain)).organisation_id == second.organisation_id
    assert other.directory.organisation(second).project_named("theirs") is not None
    assert other.directory.organisation(house.scope).project_named("theirs") is None


async def test_loading_gives_the_same_as_following(house):
    await house.deploy("p", CONFIG)
    await house.api_keys.create(house.scope, "k")
    loaded = await house.beside()
    assert loaded.directory.snapshot == house.directory.snapshot


async def test_nothing_new_costs_one_question_and_swaps_nothing(house):
    before, reads = house.directory.snapshot, house.feed.reads
    await house.directory.refresh()
    assert house.directory.snapshot is before
    assert house.feed.reads == reads + 1


async def test_watching_follows_and_outlives_a_database_that_goes_away(house, monkeypatch, caplog):
    pauses = []

    async def pause(seconds):
        pauses.append(seconds)
        house.feed.away = False

    other = await house.beside()
    monkeypatch.setattr("everloop.services.directory.asyncio.sleep", pause)
    watching = asyncio.ensure_future(other.directory.watch())
    other.feed.away = True
    other.feed.news.set()
    await house.deploy("p", CONFIG)
    async with asyncio.timeout(5):
        while not pauses:
            await asyncio.wait([watching], timeout=0.001)
            assert other.directory.organisation(house.scope).project_named("p") is None
    other.feed.away = False
    other.feed.news.set()
    async with asyncio.timeout(5):
        while other.directory.organisation(house.scope).project_named("p") is None:
            await asyncio.wait([watching], timeout=0.001)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    assert "the last known state stays" in caplog.text
