from dataclasses import replace

import pytest

from everloop import errors
from everloop.domain.ids import ApiKeyId, OrganisationId
from everloop.domain.scope import Scope
from everloop.storage.opening import Storage
from tests.contract.stores.samples import a_provider_key, an_api_key


async def test_api_keys_newest_first_with_the_revoked(storage: Storage, scope: Scope):
    keys = [an_api_key("key_1", created_at=5), an_api_key("key_2", created_at=5), an_api_key("key_3", created_at=4)]
    for key in keys:
        await storage.keys.add_api_key(scope, key)
    assert await storage.keys.api_keys(scope) == (keys[1], keys[0], keys[2])
    revoked = replace(keys[0], revoked_at=60)
    assert await storage.keys.revoke_api_key(scope, keys[0].id, 60) == revoked
    assert await storage.keys.api_keys(scope) == (keys[1], revoked, keys[2])


async def test_the_first_revocation_counts(storage: Storage, scope: Scope):
    await storage.keys.add_api_key(scope, an_api_key())
    await storage.keys.revoke_api_key(scope, an_api_key().id, 60)
    again = await storage.keys.revoke_api_key(scope, an_api_key().id, 70)
    assert again == replace(an_api_key(), revoked_at=60)
    assert await storage.keys.revoke_api_key(scope, ApiKeyId("key_none"), 70) is None


async def test_a_key_exists_once(storage: Storage, scope: Scope):
    await storage.keys.add_api_key(scope, an_api_key())
    with pytest.raises(errors.Conflict):
        await storage.keys.add_api_key(scope, replace(an_api_key(), id=ApiKeyId("key_2")))
    assert await storage.keys.api_keys(scope) == (an_api_key(),)


async def test_the_snapshot_knows_the_keys_that_are_not_revoked(storage: Storage, scope: Scope):
    for name in ("key_1", "key_2"):
        await storage.keys.add_api_key(scope, an_api_key(name))
    await storage.keys.revoke_api_key(scope, ApiKeyId("key_1"), 60)
    assert (await storage.feed.load()).keys_by_digest == {an_api_key("key_2").digest: an_api_key("key_2")}


async def test_one_provider_key_per_provider(storage: Storage, scope: Scope):
    one, two = a_provider_key("pkey_1", "openai"), a_provider_key("pkey_2", "anthropic")
    for key in (one, two):
        await storage.keys.put_provider_key(scope, key)
    assert set(await storage.keys.provider_keys(scope)) == {one, two}
    newer = a_provider_key("pkey_3", "openai", sealed=bytes(range(256)))
    await storage.keys.put_provider_key(scope, newer)
    assert set(await storage.keys.provider_keys(scope)) == {newer, two}
    view = await storage.feed.organisation(scope.organisation_id)
    assert view is not None
    assert view.provider_keys == {"openai": newer, "anthropic": two}


async def test_the_same_key_can_be_put_again(storage: Storage, scope: Scope):
    await storage.keys.put_provider_key(scope, a_provider_key())
    await storage.keys.put_provider_key(scope, replace(a_provider_key(), sealed=b"new", updated_at=9))
    assert await storage.keys.provider_keys(scope) == (replace(a_provider_key(), sealed=b"new", updated_at=9),)


async def test_a_taken_id_leaves_the_old_key(storage: Storage, scope: Scope):
    await storage.keys.put_provider_key(scope, a_provider_key("pkey_1", "openai"))
    await storage.keys.put_provider_key(scope, a_provider_key("pkey_2", "anthropic"))
    with pytest.raises(errors.Conflict):
        await storage.keys.put_provider_key(scope, a_provider_key("pkey_2", "openai"))
    assert a_provider_key("pkey_1", "openai") in await storage.keys.provider_keys(scope)


async def test_deleting(storage: Storage, scope: Scope):
    await storage.keys.put_provider_key(scope, a_provider_key())
    assert await storage.keys.delete_provider_key(scope, "openai") is True
    assert await storage.keys.delete_provider_key(scope, "openai") is False
    assert await storage.keys.provider_keys(scope) == ()


async def test_a_key_goes_to_its_own_organisation_or_nowhere(storage: Storage, scope: Scope, other: Scope):
    theirs = OrganisationId(other.organisation_id)
    with pytest.raises(errors.NotFound):
        await storage.keys.add_api_key(scope, replace(an_api_key(), organisation_id=theirs))
    with pytest.raises(errors.NotFound):
        await storage.keys.put_provider_key(scope, replace(a_provider_key(), organisation_id=theirs))
    for each in (scope, other):
        assert await storage.keys.api_keys(each) == ()
        assert await storage.keys.provider_keys(each) == ()
