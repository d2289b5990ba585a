from collections.abc import Mapping
from dataclasses import replace

import pytest

from everloop import errors
from everloop.domain.connection import OwnConnection
from everloop.domain.ids import ConnectionId, OrganisationId
from everloop.domain.keys import ProviderKey
from everloop.domain.scope import Scope
from everloop.storage.opening import Storage
from tests.contract.stores.conftest import Opener
from tests.contract.stores.samples import a_connection, a_provider_key


async def view(storage: Storage, scope: Scope) -> tuple[Mapping[str, OwnConnection], Mapping[str, ProviderKey]]:
    """Connections and keys as calls see them."""
    found = await storage.feed.organisation(scope.organisation_id)
    assert found is not None
    whole = (await storage.feed.load()).organisations[scope.organisation_id]
    assert (whole.connections, whole.provider_keys) == (found.connections, found.provider_keys)
    return found.connections, found.provider_keys


def a_key(number: int = 1, provider: str = "mine") -> ProviderKey:
    return a_provider_key(f"pkey_{number}", provider, sealed=f"sealed {number}".encode())


@pytest.mark.parametrize(
    "connection",
    [
        a_connection(),
        replace(a_connection(), needs_key=False, lacks=("seed", "samples"), format="anthropic", created_by="☃\x00"),
        replace(a_connection(), base_url="http://[fd00::5]:8000/a%20b"),
    ],
)
async def test_what_is_kept_comes_back(storage: Storage, scope: Scope, connection: OwnConnection):
    await storage.connections.create(scope, connection, None)
    assert await storage.connections.get(scope, "mine") == connection
    assert await storage.connections.all(scope) == (connection,)
    assert await view(storage, scope) == ({"mine": connection}, {})


async def test_they_are_listed_by_name_bytewise(storage: Storage, scope: Scope):
    names = ["b", "a", "B", "a_b", "a-b"]
    for number, name in enumerate(names):
        await storage.connections.create(scope, a_connection(f"conn_{number}", name), None)
    assert [each.name for each in await storage.connections.all(scope)] == sorted(names)


async def test_a_name_and_an_id_are_taken_once(storage: Storage, scope: Scope):
    await storage.connections.create(scope, a_connection(), a_key())
    with pytest.raises(errors.Conflict, match="mine"):
        await storage.connections.create(scope, a_connection("conn_2"), a_key(2))
    with pytest.raises(errors.Conflict):
        await storage.connections.create(scope, a_connection("conn_1", "other"), None)
    assert await view(storage, scope) == ({"mine": a_connection()}, {"mine": a_key()})


async def test_one_with_its_key(storage: Storage, scope: Scope):
    await storage.connections.create(scope, a_connection(), a_key())
    assert await view(storage, scope) == ({"mine": a_connection()}, {"mine": a_key()})


async def test_a_key_that_was_left_of_another_one_goes(storage: Storage, scope: Scope):
    """It may have been put while the connection was deleted: it was given for another place."""
    await storage.keys.put_provider_key(scope, a_key())
    await storage.connections.create(scope, a_connection(), None)
    assert await view(storage, scope) == ({"mine": a_connection()}, {})


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/v1",
        "https://llm.example.com:8443/v1",
        "http://llm.example.com/v1",
        "https://llm.example.com.evil/v1",
    ],
)
async def test_a_key_does_not_go_to_another_place(storage: Storage, scope: Scope, url: str):
    await storage.connections.create(scope, a_connection(), a_key())
    await storage.keys.put_provider_key(scope, a_key(9, "openai"))
    moved = await storage.connections.change(scope, "mine", lambda each: replace(each, base_url=url), None)
    assert moved == replace(a_connection(), base_url=url)
    assert await view(storage, scope) == ({"mine": moved}, {"openai": a_key(9, "openai")})


@pytest.mark.parametrize(
    "url", ["https://llm.example.com/v2", "https://LLM.example.com/v1", "https://llm.example.com:443/v1"]
)
async def test_it_stays_for_the_same_place(storage: Storage, scope: Scope, url: str):
    await storage.connections.create(scope, a_connection(), a_key())
    changed = await storage.connections.change(
        scope, "mine", lambda each: replace(each, base_url=url, lacks=("seed",), needs_key=False, updated_at=77), None
    )
    assert await view(storage, scope) == ({"mine": changed}, {"mine": a_key()})


async def test_a_new_key_goes_to_the_new_place(storage: Storage, scope: Scope):
    await storage.connections.create(scope, a_connection(), a_key())
    moved = await storage.connections.change(
        scope, "mine", lambda each: replace(each, base_url="https://new.example/v1"), a_key(2)
    )
    assert await view(storage, scope) == ({"mine": moved}, {"mine": a_key(2)})
    await storage.connections.change(scope, "mine", lambda each: each, a_key(3))
    assert await view(storage, scope) == ({"mine": moved}, {"mine": a_key(3)})


async def test_a_change_that_fails_leaves_all_as_it_was(storage: Storage, scope: Scope):
    await storage.connections.create(scope, a_connection(), a_key())
    await storage.keys.put_provider_key(scope, a_key(2, "openai"))

    def refused(_: OwnConnection) -> OwnConnection:
        raise errors.InvalidFields.one(("body", "base_url"), "no")

    with pytest.raises(errors.InvalidFields):
        await storage.connections.change(scope, "mine", refused, None)
    with pytest.raises(errors.Conflict):  # the id of the key is taken
        await storage.connections.change(
            scope, "mine", lambda each: replace(each, base_url="https://evil.example"), a_key(2)
        )
    with pytest.raises(errors.NotFound):  # a key of another organisation
        await storage.connections.change(
            scope, "mine", lambda each: each, replace(a_key(3), organisation_id=OrganisationId("org_b"))
        )
    with pytest.raises(errors.NotFound, match="nobody"):
        await storage.connections.change(scope, "nobody", lambda each: each, None)
    assert await view(storage, scope) == ({"mine": a_connection()}, {"mine": a_key(), "openai": a_key(2, "openai")})


async def test_a_deleted_one_is_gone_with_its_key_and_its_name_is_free(storage: Storage, scope: Scope):
    await storage.connections.create(scope, a_connection(), a_key())
    await storage.connections.delete(scope, "mine")
    assert await storage.connections.get(scope, "mine") is None
    assert await view(storage, scope) == ({}, {})
    with pytest.raises(errors.NotFound, match="mine"):
        await storage.connections.delete(scope, "mine")
    again = replace(a_connection(), id=ConnectionId("conn_9"))
    await storage.connections.create(scope, again, None)
    assert await view(storage, scope) == ({"mine": again}, {})


async def test_every_write_is_told_to_other_processes(open_named: Opener, scope: Scope, storage: Storage):
    elsewhere = await open_named("main")
    epoch = (await elsewhere.feed.load()).epoch
    await storage.connections.create(scope, a_connection(), a_key())
    await storage.connections.change(scope, "mine", lambda each: replace(each, needs_key=False), None)
    await storage.connections.delete(scope, "mine")
    changes = await elsewhere.feed.changes_since(epoch)
    assert [(each.organisation_id, each.project_id) for each in changes] == [(scope.organisation_id, None)] * 3
