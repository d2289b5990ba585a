"""A stranger sees and touches nothing of another organisation, whatever method of whatever store is called."""

import inspect

import pytest

from everloop import errors
from everloop.domain.scope import Scope
from everloop.ports import (
    connections,
    datasets,
    feed,
    idempotency,
    limits,
    logs,
    organisations,
    prices,
    projects,
    tools,
)
from everloop.storage.opening import Storage
from tests.contract.stores.isolation.cases import MAKING_OWN, OF_NO_ORGANISATION, SEEING_NOTHING, TOUCHING_NOTHING
from tests.contract.stores.isolation.everything import everything
from tests.contract.stores.samples import a_deployment, a_project, a_target


def test_every_method_of_every_store_has_its_case():
    methods = {
        f"{name}.{method}"
        for module in (connections, datasets, feed, idempotency, limits, logs, organisations, prices, projects, tools)
        for name, port in inspect.getmembers(module, inspect.isclass)
        if port.__module__ == module.__name__
        for method, _ in inspect.getmembers(port, inspect.isfunction)
        if not method.startswith("_")
    }
    cases = [*SEEING_NOTHING, *TOUCHING_NOTHING, *MAKING_OWN, *OF_NO_ORGANISATION]
    assert sorted(cases) == sorted(methods)


@pytest.mark.parametrize("name", SEEING_NOTHING)
async def test_a_stranger_sees_nothing(storage: Storage, owner: Scope, stranger: Scope, name: str):
    probe, nothing = SEEING_NOTHING[name]
    assert await probe(storage, owner) != nothing, "the owner has something to see"
    assert await probe(storage, stranger) == nothing


@pytest.mark.parametrize("name", TOUCHING_NOTHING)
async def test_a_stranger_touches_nothing(storage: Storage, owner: Scope, stranger: Scope, name: str):
    probe, answer = TOUCHING_NOTHING[name]
    before = await everything(storage, owner), await everything(storage, stranger)
    if isinstance(answer, type):
        with pytest.raises(answer):
            await probe(storage, stranger)
    else:
        assert await probe(storage, stranger) == answer
    assert (await everything(storage, owner), await everything(storage, stranger)) == before
    await probe(storage, owner)
    assert await everything(storage, owner) != before[0], "the owner's own call does something"


@pytest.mark.parametrize("name", MAKING_OWN)
async def test_a_stranger_makes_its_own(storage: Storage, owner: Scope, stranger: Scope, name: str):
    before = await everything(storage, owner)
    await MAKING_OWN[name](storage, stranger)
    assert await everything(storage, owner) == before


async def test_deploying_reaches_for_own_environments_and_configurations_only(
    storage: Storage, owner: Scope, stranger: Scope
):
    await storage.projects.create(stranger, a_project())
    for deployment in (a_deployment("dep_9", a_target(), environment="env_b"), a_deployment("dep_9", None)):
        with pytest.raises(errors.NotFound):
            await storage.deployments.deploy(stranger, [deployment])
