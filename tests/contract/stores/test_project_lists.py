"""Lists of projects, held against a plain model."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everloop.domain.page import PageRequest
from everloop.domain.project import Project, ProjectSort
from everloop.domain.scope import Scope
from everloop.storage.opening import Storage
from tests.contract.stores.conftest import Opener
from tests.contract.stores.samples import a_project, an_environment, an_organisation

NAME = st.text(st.sampled_from("aAbBéÉßsS%_\\'\"/ 1🦜"), min_size=1, max_size=5)
NUMBERS = iter(range(1, 10**9))


@pytest.fixture
async def listed(open_named: Opener) -> Storage:
    """One database for all examples: each has an organisation of its own in it."""
    return await open_named("listed")


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kept=st.lists(
        st.tuples(NAME, st.integers(1, 4), st.integers(1, 4)), max_size=10, unique_by=lambda project: project[0]
    ),
    parts=st.lists(st.none() | st.just("") | NAME, min_size=3, max_size=3),
    size=st.integers(1, 4),
)
async def test_lists_are_those_of_a_plain_model(
    listed: Storage, kept: list[tuple[str, int, int]], parts: list[str | None], size: int
):
    number = next(NUMBERS)
    scope = Scope(an_organisation(str(number)).id, "key_a")
    await listed.organisations.create(an_organisation(str(number)), an_environment("env_a"))
    projects = [
        replace(a_project(f"pr_{place}", name, created_at), updated_at=updated_at)
        for place, (name, created_at, updated_at) in enumerate(kept)
    ]
    for each in projects:
        await listed.projects.create(scope, each)
    for part, sort, descending in ((part, sort, up) for part in parts for sort in ProjectSort for up in (True, False)):
        expected = _model(projects, part, sort, descending=descending)
        seen: list[Project] = []
        for offset in range(0, len(expected) + size, size):
            page = await listed.projects.page(scope, part, sort, descending, PageRequest(offset, size))
            assert page.total == len(expected)
            seen += page.items
        assert seen == expected


def _model(projects: list[Project], part: str | None, sort: ProjectSort, *, descending: bool) -> list[Project]:
    """Equal ones in order of creation, or the other way round."""
    found = [each for each in projects if (part or "").casefold() in each.name.casefold()]
    keys = {
        ProjectSort.NAME: lambda each: each.name.encode(),
        ProjectSort.CREATED_AT: lambda each: each.created_at,
        ProjectSort.UPDATED_AT: lambda each: each.updated_at,
    }
    found.sort(key=keys[sort])
    return found[::-1] if descending else found
