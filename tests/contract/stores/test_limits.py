import pytest

from everloop import errors
from everloop.domain.ids import ApiKeyId, LimitId, ProjectId
from everloop.domain.limit import Limit, Measure, Period, Subject
from everloop.domain.scope import Scope
from everloop.storage.opening import Storage
from tests.contract.stores.conftest import Opener
from tests.contract.stores.samples import a_limit, a_project, an_api_key, of_key, of_project


@pytest.fixture
async def house(storage: Storage, scope: Scope, other: Scope) -> Storage:
    """Organisation a has the project `pr_1` and the key `key_1`, organisation b `pr_b` and `key_b`."""
    await storage.projects.create(scope, a_project())
    await storage.keys.add_api_key(scope, an_api_key())
    await storage.projects.create(other, a_project("pr_b"))
    await storage.keys.add_api_key(other, an_api_key("key_b", "org_b"))
    return storage


async def seen(storage: Storage, scope: Scope) -> dict[Subject, tuple[Limit, ...]]:
    """As calls see them; read alone and with all others they are the same."""
    view = await storage.feed.organisation(scope.organisation_id)
    assert view is not None
    assert (await storage.feed.load()).organisations[scope.organisation_id].limits == view.limits
    return dict(view.limits)


async def test_what_is_kept_comes_back(house: Storage, scope: Scope, other: Scope):
    limits = [
        a_limit("lim_1"),
        a_limit("lim_2", measure=Measure.COST, amount=0.015),
        a_limit("lim_3", period=Period.DAY, measure=Measure.TOKENS, amount=1e12),
        a_limit("lim_4", of_key(), amount=0.0),
    ]
    for each in limits:
        await house.limits.create(scope, each)
    assert await house.limits.all(scope) == tuple(limits)
    assert await seen(house, scope) == {of_project(): tuple(limits[:3]), of_key(): (limits[3],)}
    assert await seen(house, other) == {}


@pytest.mark.parametrize("subject", [of_project("pr_b"), of_project("pr_9"), of_key("key_b"), of_key("key_9")])
async def test_what_is_not_there_gets_none(house: Storage, scope: Scope, subject: Subject):
    with pytest.raises(errors.NotFound, match=subject.id):
        await house.limits.create(scope, a_limit(subject=subject))
    assert await house.limits.all(scope) == ()


async def test_there_is_one_of_a_kind(house: Storage, scope: Scope, other: Scope):
    await house.limits.create(scope, a_limit())
    with pytest.raises(errors.Conflict, match="change that one"):
        await house.limits.create(scope, a_limit("lim_2", amount=5.0))
    with pytest.raises(errors.Conflict, match="lim_1"):
        await house.limits.create(scope, a_limit("lim_1", period=Period.DAY))
    await house.limits.create(other, a_limit("lim_1", of_project("pr_b")))
    assert await house.limits.all(scope) == (a_limit(),)


async def test_changing_and_deleting(house: Storage, scope: Scope):
    await house.limits.create(scope, a_limit())
    changed = await house.limits.change(scope, LimitId("lim_1"), 0.5, 99)
    assert (changed.amount, changed.created_at, changed.updated_at) == (0.5, 70, 99)
    assert await seen(house, scope) == {of_project(): (changed,)}
    await house.limits.delete(scope, LimitId("lim_1"))
    assert await seen(house, scope) == {}
    for again in (house.limits.change(scope, LimitId("lim_1"), 1.0, 100), house.limits.delete(scope, LimitId("lim_1"))):
        with pytest.raises(errors.NotFound, match="lim_1"):
            await again


async def test_they_go_with_what_has_them(house: Storage, scope: Scope, other: Scope):
    for number, subject in enumerate((of_project(), of_key())):
        await house.limits.create(scope, a_limit(f"lim_{number}", subject))
    await house.limits.create(other, a_limit("lim_0", of_project("pr_b")))
    await house.keys.revoke_api_key(scope, ApiKeyId("key_1"), 90)
    assert await seen(house, scope) == {of_project(): (a_limit("lim_0"),)}
    await house.projects.delete(scope, ProjectId("pr_1"), 91)
    assert await house.limits.all(scope) == ()
    with pytest.raises(errors.NotFound):
        await house.limits.create(scope, a_limit())
    with pytest.raises(errors.NotFound, match="revoked"):
        await house.limits.create(scope, a_limit(subject=of_key()))
    assert len(await house.limits.all(other)) == 1


async def test_every_write_is_told_to_other_processes(open_named: Opener, house: Storage, scope: Scope):
    elsewhere = await open_named("main")
    epoch = (await elsewhere.feed.load()).epoch
    await house.limits.create(scope, a_limit())
    await house.limits.change(scope, LimitId("lim_1"), 1.0, 99)
    await house.limits.delete(scope, LimitId("lim_1"))
    await house.limits.create(scope, a_limit())
    changes = await elsewhere.feed.changes_since(epoch)
    assert [(each.organisation_id, each.project_id) for each in changes] == [(scope.organisation_id, None)] * 4
    await house.projects.delete(scope, ProjectId("pr_1"), 91)
    told = {each.project_id for each in await elsewhere.feed.changes_since(changes[-1].number)}
    assert told == {None, ProjectId("pr_1")}
