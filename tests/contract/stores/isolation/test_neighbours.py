"""An organisation lives beside another as if it were alone in its database."""

from collections.abc import Awaitable
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everloop import errors
from everloop.domain.scope import Scope
from tests.contract.stores.conftest import Opener
from tests.contract.stores.isolation.cases import STEPS
from tests.contract.stores.isolation.everything import everything
from tests.contract.stores.isolation.things import BEGAN, Pick
from tests.contract.stores.samples import an_environment, an_organisation


async def outcome(step: Awaitable[object]) -> object:
    """What a step returned, or the kind of its error."""
    try:
        return await step
    except errors.EverloopError as error:
        return type(error), error.message


# What every life begins with, so that the steps after it find something.
BEGINNING = [
    ("project", 0, 0),
    ("environment", 0, 1),
    ("register", 0, 0),
    ("register", 0, 1),
    ("log", 0, 0),
    ("experiment", 0, 0),
    ("exposed log", 0, 1),
    ("feedback", 0, 1),
]
NUMBERS = count()
STEP = st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 2), st.integers(0, 2))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.booleans(), STEP), max_size=40))
async def test_an_organisation_lives_as_if_it_were_alone(open_named: Opener, steps: list[Any]):
    """The same steps, once interleaved with another organisation's in one database, once in a database of its own."""
    number = next(NUMBERS)
    shared, alone = await open_named(f"shared {number}"), await open_named(f"alone {number}")
    me, neighbour = (Scope(an_organisation(each).id, "me") for each in ("a", "b"))
    for storage, names in ((shared, "ab"), (alone, "a")):
        for each in names:
            await storage.organisations.create(an_organisation(each), an_environment("env_0"))

    beginning = [(mine, step) for step in BEGINNING for mine in (False, True)]
    for now, (mine, (name, one, two)) in enumerate([*beginning, *steps], start=BEGAN):
        pick = Pick(one, two, now)
        in_company = await outcome(STEPS[name](shared, me if mine else neighbour, pick))
        if mine:
            assert in_company == await outcome(STEPS[name](alone, me, pick)), (name, pick)
    seen = await everything(alone, me)
    assert seen["logs"] or any(name == "delete project" for _, (name, _, _) in steps)
    assert await everything(shared, me) == seen
    await shared.close()
    await alone.close()
