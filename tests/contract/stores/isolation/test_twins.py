"""Two organisations with things of the same ids see and touch each their own."""

import pytest

from everloop import errors
from everloop.domain.config import ModelConfig
from everloop.domain.scope import Scope
from everloop.storage.opening import Storage
from tests.contract.stores.isolation.cases import TOUCHING_NOTHING
from tests.contract.stores.isolation.everything import everything
from tests.contract.stores.isolation.things import CONFIG, LOG, PROJECT
from tests.contract.stores.samples import a_deployment, a_piece, a_target, a_version


async def test_twins_see_each_their_own(storage: Storage, owner: Scope, twin: Scope):
    owners = ["name of pr_1", "out of data_1", "of config_1", "hard ones", "owner's"]
    for scope, theirs in ((owner, ["twin's"]), (twin, owners)):
        for seen in (await everything(storage, scope)).values():
            assert not [each for each in theirs if each in repr(seen)]
    links = [await storage.logs.link_by_reference(scope, "mine") for scope in (owner, twin)]
    assert links[0] == links[1] == await storage.logs.link(owner, LOG)
    assert await storage.logs.count(twin, [PROJECT]) == {PROJECT: 1}
    assert (await storage.configs.used(twin, [CONFIG]))[CONFIG].last_used == 99
    assert [
        view.project.name for view in (await storage.feed.load()).organisations[twin.organisation_id].projects.values()
    ] == ["twin's project"]


@pytest.mark.parametrize("name", TOUCHING_NOTHING)
async def test_twins_touch_each_their_own(storage: Storage, owner: Scope, twin: Scope, name: str):
    probe, _ = TOUCHING_NOTHING[name]
    owners, before = await everything(storage, owner), await everything(storage, twin)
    await probe(storage, twin)
    assert await everything(storage, owner) == owners
    assert await everything(storage, twin) != before


async def test_what_is_live_for_a_twin_is_not_live_for_the_owner(storage: Storage, owner: Scope, twin: Scope):
    for scope in (owner, twin):
        await storage.configs.register(scope, a_version("config_2"), None)
    await storage.deployments.deploy(twin, [a_deployment("dep_9", a_target("config_2"))])
    view = await storage.feed.project(owner.organisation_id, PROJECT)
    assert view is not None
    assert set(view.configs) == {"config_1"}
    assert (await storage.feed.load()).organisations[owner.organisation_id].projects[PROJECT] == view


async def test_the_same_configuration_is_a_version_of_each(storage: Storage, owner: Scope, twin: Scope):
    config = ModelConfig("of both")
    for identifier, scope in (("config_o", owner), ("config_t", twin)):
        assert (await storage.configs.register(scope, a_version(identifier, config=config), None)).id == identifier


async def test_feedback_needs_a_log_of_ones_own(storage: Storage, owner: Scope, twin: Scope):
    piece = a_piece("ann_9", "good", log="data_owners")
    with pytest.raises(errors.NotFound):
        await storage.feedback.record(twin, PROJECT, [], [piece])
    await storage.feedback.record(owner, PROJECT, [], [piece])
