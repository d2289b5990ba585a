import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from everloop import errors
from everloop.domain.ids import ApiKeyId, EnvironmentId, OrganisationId, ProjectId
from everloop.domain.scope import Scope
from everloop.domain.snapshot import Change
from everloop.storage import changes
from everloop.storage.opening import Storage
from tests.contract.stores.conftest import Opener
from tests.contract.stores.samples import (
    a_deployment,
    a_log,
    a_piece,
    a_project,
    a_provider_key,
    a_session,
    a_target,
    a_version,
    an_api_key,
    an_environment,
    an_organisation,
)

ORGANISATION = an_organisation("a").id
PROJECT = a_project().id


@pytest.fixture
async def house(storage: Storage, scope: Scope) -> Storage:
    """Something of everything, in organisation a."""
    await storage.environments.create(scope, an_environment("env_s", "staging", is_default=False))
    await storage.projects.create(scope, a_project())
    await storage.configs.register(scope, a_version(), a_deployment("dep_1"))
    await storage.keys.add_api_key(scope, an_api_key())
    await storage.keys.put_provider_key(scope, a_provider_key())
    return storage


async def test_an_empty_database(storage: Storage):
    snapshot = await storage.feed.load()
    assert (snapshot.epoch, snapshot.organisations, snapshot.keys_by_digest) == (0, {}, {})
    assert await storage.feed.changes_since(0) == ()


async def test_the_snapshot_holds_everything(house: Storage, other: Scope):
    await house.projects.create(other, a_project("pr_1", "theirs"))
    snapshot = await house.feed.load()
    assert set(snapshot.organisations) == {"org_a", "org_b"}
    view = snapshot.organisations[ORGANISATION]
    assert set(view.environments) == {"env_a", "env_s"}
    assert view.default_environment.id == "env_a"
    assert view.api_keys == (an_api_key(),)
    assert view.provider_keys == {"openai": a_provider_key()}
    assert view.projects_by_name == {a_project().name: PROJECT}
    project = view.projects[PROJECT]
    assert project.project == a_project()
    assert project.deployments == {"env_a": a_deployment("dep_1", a_target())}
    assert project.configs == {"config_1": a_version()}
    theirs = snapshot.organisations[other.organisation_id].projects[PROJECT]
    assert (theirs.project.name, theirs.deployments, theirs.configs) == ("theirs", {}, {})


async def test_the_parts_are_the_same_as_the_whole(house: Storage):
    view = (await house.feed.load()).organisations[ORGANISATION]
    assert await house.feed.project(ORGANISATION, PROJECT) == view.projects[PROJECT]
    assert await house.feed.organisation(ORGANISATION) == replace(view, projects={}, projects_by_name={})
    assert await house.feed.organisation(OrganisationId("org_none")) is None
    assert await house.feed.project(ORGANISATION, ProjectId("pr_none")) is None
    assert await house.feed.project(OrganisationId("org_none"), PROJECT) is None


Write = Callable[[Storage, Scope], Awaitable[object]]

TELLING: dict[str, tuple[Write, list[ProjectId | None]]] = {
    "create environment": (
        lambda house, scope: house.environments.create(scope, an_environment("env_n", "new", is_default=False)),
        [None],
    ),
    "rename environment": (
        lambda house, scope: house.environments.rename(scope, EnvironmentId("env_s"), "new"),
        [None],
    ),
    "make default": (lambda house, scope: house.environments.make_default(scope, EnvironmentId("env_s")), [None]),
    "delete environment": (lambda house, scope: house.environments.delete(scope, EnvironmentId("env_s"), 9), [None]),
    "create project": (lambda house, scope: house.projects.create(scope, a_project("pr_n")), [ProjectId("pr_n")]),
    "update project": (lambda house, scope: house.projects.update(scope, a_project("pr_1", "new")), [PROJECT]),
    "delete project": (lambda house, scope: house.projects.delete(scope, PROJECT, 9), [PROJECT]),
    "deploy": (lambda house, scope: house.deployments.deploy(scope, [a_deployment("dep_n", a_target())]), [PROJECT]),
    "add API key": (lambda house, scope: house.keys.add_api_key(scope, an_api_key("key_n")), [None]),
    "revoke API key": (lambda house, scope: house.keys.revoke_api_key(scope, ApiKeyId("key_1"), 9), [None]),
    "put provider key": (lambda house, scope: house.keys.put_provider_key(scope, a_provider_key()), [None]),
    "delete provider key": (lambda house, scope: house.keys.delete_provider_key(scope, "openai"), [None]),
}

SILENT: dict[str, Write] = {
    "the same project": lambda house, scope: house.projects.create(scope, a_project("pr_n", a_project().name)),
    "a configuration that is not live": lambda house, scope: house.configs.register(
        scope, a_version("config_n"), a_deployment("dep_n")
    ),
    "clearing what is clear": lambda house, scope: house.deployments.deploy(
        scope, [a_deployment("dep_n", None, environment="env_s")]
    ),
    "revoking nothing": lambda house, scope: house.keys.revoke_api_key(scope, ApiKeyId("key_none"), 9),
    "deleting nothing": lambda house, scope: house.keys.delete_provider_key(scope, "none"),
    "a session": lambda house, scope: house.sessions.create(scope, a_session()),
    "a log": lambda house, scope: house.log_writer.append(scope, [a_log()]),
}


@pytest.mark.parametrize("name", TELLING)
async def test_a_write_is_told(house: Storage, scope: Scope, name: str):
    write, projects = TELLING[name]
    epoch = (await house.feed.load()).epoch
    await write(house, scope)
    told = await house.feed.changes_since(epoch)
    assert [(each.organisation_id, each.project_id) for each in told] == [(ORGANISATION, each) for each in projects]
    assert [each.number > epoch for each in told] == [True] * len(told)
    assert (await house.feed.load()).epoch == told[-1].number
    assert await house.feed.changes_since(told[-1].number) == ()


@pytest.mark.parametrize("name", SILENT)
async def test_what_answers_no_call_differently_is_not_told(house: Storage, scope: Scope, name: str):
    epoch = (await house.feed.load()).epoch
    await SILENT[name](house, scope)
    assert await house.feed.changes_since(epoch) == ()


async def test_feedback_is_not_told(house: Storage, scope: Scope):
    await house.log_writer.append(scope, [a_log()])
    epoch = (await house.feed.load()).epoch
    await house.feedback.record(scope, PROJECT, [], [a_piece("ann_1", "good")])
    assert await house.feed.changes_since(epoch) == ()


async def test_the_first_configuration_is_told(storage: Storage, scope: Scope):
    await storage.projects.create(scope, a_project())
    epoch = (await storage.feed.load()).epoch
    await storage.configs.register(scope, a_version(), a_deployment())
    assert [each.project_id for each in await storage.feed.changes_since(epoch)] == [PROJECT]


async def test_deleting_an_environment_is_told_for_the_projects_that_were_live_in_it(house: Storage, scope: Scope):
    await house.deployments.deploy(scope, [a_deployment("dep_n", a_target(), environment="env_s")])
    epoch = (await house.feed.load()).epoch
    await house.environments.delete(scope, EnvironmentId("env_s"), 9)
    assert {each.project_id for each in await house.feed.changes_since(epoch)} == {PROJECT, None}


async def test_changes_come_oldest_first(storage: Storage, scope: Scope):
    epoch = (await storage.feed.load()).epoch
    for number in range(3):
        await storage.projects.create(scope, a_project(f"pr_{number}"))
    told = await storage.feed.changes_since(epoch)
    assert [each.project_id for each in told] == ["pr_0", "pr_1", "pr_2"]
    assert await storage.feed.changes_since(told[0].number) == told[1:]


async def test_a_failed_write_is_not_told(house: Storage, scope: Scope):
    epoch = (await house.feed.load()).epoch
    with pytest.raises(errors.Conflict):
        await house.environments.create(scope, an_environment("env_n", "production", is_default=False))
    with pytest.raises(errors.Conflict):
        await house.environments.delete(scope, EnvironmentId("env_a"), 9)
    assert await house.feed.changes_since(epoch) == ()


async def test_waiting_ends_with_a_change_of_another_process(house: Storage, scope: Scope, open_named: Opener):
    elsewhere = await open_named("main")
    await house.feed.load()
    waiting = asyncio.create_task(house.feed.wait())
    done, _ = await asyncio.wait([waiting], timeout=0.8)
    assert not done, "nothing has changed yet"
    await elsewhere.projects.create(scope, a_project("pr_n"))
    await asyncio.wait_for(waiting, 10)


async def test_waiting_ends_again_until_the_change_was_told(house: Storage, scope: Scope):
    epoch = (await house.feed.load()).epoch
    await house.projects.create(scope, a_project("pr_n"))
    for _ in range(2):
        await asyncio.wait_for(house.feed.wait(), 10)
    assert len(await house.feed.changes_since(epoch)) == 1
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(house.feed.wait(), 0.8)


async def test_logs_do_not_wake_those_who_wait(house: Storage, scope: Scope):
    await house.feed.load()
    waiting = asyncio.create_task(house.feed.wait())
    await house.log_writer.append(scope, [a_log()])
    done, _ = await asyncio.wait([waiting], timeout=0.8)
    assert not done
    waiting.cancel()


async def test_an_epoch_older_than_the_record_means_everything(
    house: Storage, scope: Scope, other: Scope, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(changes, "KEPT", 3)
    monkeypatch.setattr(changes, "_TRIM_EVERY", 1)
    await house.projects.create(other, a_project("pr_theirs"))
    first = (await house.feed.load()).epoch
    for number in range(5):
        await house.environments.rename(scope, EnvironmentId("env_s"), f"name {number}")
    newest = (await house.feed.load()).epoch
    everything = {
        Change(newest, ORGANISATION),
        Change(newest, ORGANISATION, PROJECT),
        Change(newest, other.organisation_id),
        Change(newest, other.organisation_id, ProjectId("pr_theirs")),
    }
    assert set(await house.feed.changes_since(first)) == everything
    assert set(await house.feed.changes_since(newest - 4)) == everything
    # Exactly as far back as the record goes.
    assert [each.number for each in await house.feed.changes_since(newest - 3)] == [newest - 2, newest - 1, newest]
    assert await house.feed.changes_since(newest) == ()


async def test_an_epoch_that_never_was_means_everything(house: Storage):
    """A backup was restored while a process held a later state."""
    newest = (await house.feed.load()).epoch
    told = await house.feed.changes_since(newest + 1)
    assert set(told) == {Change(newest, ORGANISATION), Change(newest, ORGANISATION, PROJECT)}
