import pytest

from everloop import errors
from everloop.domain.environment import Environment
from everloop.domain.ids import EnvironmentId
from everloop.domain.scope import Scope
from everloop.storage.opening import Storage
from tests.contract.stores.samples import ALL, a_deployment, a_project, a_target, a_version, an_environment

STAGING = an_environment("env_s", "staging", is_default=False)


async def environments(storage: Storage, scope: Scope) -> dict[EnvironmentId, Environment]:
    view = await storage.feed.organisation(scope.organisation_id)
    assert view is not None
    return dict(view.environments)


async def test_a_new_one_is_there(storage: Storage, scope: Scope):
    await storage.environments.create(scope, STAGING)
    assert await environments(storage, scope) == {"env_a": an_environment(), "env_s": STAGING}


@pytest.mark.parametrize("name", ["production", "staging"])
async def test_a_name_is_taken_once(storage: Storage, scope: Scope, name: str):
    await storage.environments.create(scope, STAGING)
    with pytest.raises(errors.Conflict):
        await storage.environments.create(scope, an_environment("env_x", name, is_default=False))
    assert set(await environments(storage, scope)) == {"env_a", "env_s"}


async def test_a_new_default_takes_the_tag(storage: Storage, scope: Scope):
    await storage.environments.create(scope, an_environment("env_s", "staging", is_default=True))
    assert [each.id for each in (await environments(storage, scope)).values() if each.is_default] == ["env_s"]


async def test_renaming(storage: Storage, scope: Scope):
    await storage.environments.create(scope, STAGING)
    await storage.environments.rename(scope, STAGING.id, "qa")
    assert (await storage.environments.names(scope)) == {"env_a": "production", "env_s": "qa"}
    await storage.environments.rename(scope, STAGING.id, "qa")
    with pytest.raises(errors.Conflict, match="production"):
        await storage.environments.rename(scope, STAGING.id, "production")
    with pytest.raises(errors.NotFound):
        await storage.environments.rename(scope, EnvironmentId("env_none"), "x")
    assert (await storage.environments.names(scope)) == {"env_a": "production", "env_s": "qa"}


async def test_the_default_moves(storage: Storage, scope: Scope):
    await storage.environments.create(scope, STAGING)
    await storage.environments.make_default(scope, STAGING.id)
    assert {each.name: each.is_default for each in (await environments(storage, scope)).values()} == {
        "production": False,
        "staging": True,
    }
    with pytest.raises(errors.NotFound):
        await storage.environments.make_default(scope, EnvironmentId("env_none"))
    assert [each.name for each in (await environments(storage, scope)).values() if each.is_default] == ["staging"]


async def test_the_default_cannot_be_deleted(storage: Storage, scope: Scope):
    with pytest.raises(errors.Conflict, match="default"):
        await storage.environments.delete(scope, EnvironmentId("env_a"), 60)
    assert set(await environments(storage, scope)) == {"env_a"}


async def test_a_deleted_one_is_hidden_ended_and_remembered_by_name(storage: Storage, scope: Scope):
    await storage.environments.create(scope, STAGING)
    await storage.projects.create(scope, a_project())
    await storage.configs.register(scope, a_version(), None)
    live = [a_deployment("dep_1", a_target()), a_deployment("dep_2", a_target(), environment="env_s")]
    await storage.deployments.deploy(scope, live)

    await storage.environments.delete(scope, STAGING.id, 60)

    assert set(await environments(storage, scope)) == {"env_a"}
    assert (await storage.environments.names(scope))[STAGING.id] == "staging"
    history = (await storage.deployments.history(scope, a_project().id, ALL)).items
    assert {each.id: each.ended_at for each in history} == {"dep_1": None, "dep_2": 60}
    view = await storage.feed.project(scope.organisation_id, a_project().id)
    assert view is not None
    assert set(view.deployments) == {"env_a"}


async def test_a_deleted_one_is_gone_for_every_verb(storage: Storage, scope: Scope):
    await storage.environments.create(scope, STAGING)
    await storage.environments.delete(scope, STAGING.id, 60)
    with pytest.raises(errors.NotFound):
        await storage.environments.delete(scope, STAGING.id, 61)
    with pytest.raises(errors.NotFound):
        await storage.environments.rename(scope, STAGING.id, "x")
    with pytest.raises(errors.NotFound):
        await storage.environments.make_default(scope, STAGING.id)


async def test_the_name_of_a_deleted_one_is_free(storage: Storage, scope: Scope):
    await storage.environments.create(scope, STAGING)
    await storage.environments.delete(scope, STAGING.id, 60)
    await storage.environments.create(scope, an_environment("env_t", "staging", is_default=False))
    assert set(await environments(storage, scope)) == {"env_a", "env_t"}
    assert await storage.environments.names(scope) == {"env_a": "production", "env_s": "staging", "env_t": "staging"}
