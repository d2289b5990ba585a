import asyncio
from dataclasses import replace

import pytest

from everloop import errors
from everloop.domain.feedback import DEFAULT_TYPES
from everloop.domain.ids import ProjectId
from everloop.domain.page import PageRequest
from everloop.domain.project import ProjectSort
from everloop.domain.scope import Scope
from everloop.storage.opening import Storage
from tests.contract.stores.conftest import Opener
from tests.contract.stores.samples import ALL, a_project, an_environment, an_organisation


async def test_what_was_kept_comes_back(storage: Storage, scope: Scope):
    project = replace(a_project(), directory_id="dir_1", updated_at=99)
    assert await storage.projects.create(scope, project) == project
    assert await storage.projects.get(scope, project.id) == project
    assert await storage.projects.named(scope, project.name) == project
    assert await storage.projects.get(scope, ProjectId("pr_none")) is None
    assert await storage.projects.named(scope, project.name.upper()) is None


async def test_a_taken_name_gives_the_one_that_has_it(storage: Storage, scope: Scope):
    await storage.projects.create(scope, a_project("pr_1", "same"))
    assert await storage.projects.create(scope, a_project("pr_2", "same")) == a_project("pr_1", "same")
    assert await storage.projects.get(scope, ProjectId("pr_2")) is None


async def test_a_taken_id_with_another_name_is_a_conflict(storage: Storage, scope: Scope):
    await storage.projects.create(scope, a_project("pr_1", "one"))
    with pytest.raises(errors.Conflict):
        await storage.projects.create(scope, a_project("pr_1", "two"))


async def test_many_at_once_make_one(open_named: Opener):
    houses = [await open_named("same") for _ in range(3)]
    await houses[0].organisations.create(an_organisation("a"), an_environment())
    scope = Scope(an_organisation("a").id, "me")
    made = await asyncio.gather(
        *(
            house.projects.create(scope, a_project(f"pr_{number}_{index}", "same"))
            for number, house in enumerate(houses)
            for index in range(5)
        )
    )
    assert len({each.id for each in made}) == 1
    assert (await houses[1].projects.page(scope, None, ProjectSort.NAME, False, ALL)).total == 1


async def test_it_has_the_default_feedback_types(storage: Storage, scope: Scope):
    await storage.projects.create(scope, a_project())
    assert await storage.feedback.types(scope, [a_project().id]) == {"pr_1": DEFAULT_TYPES}


async def test_an_update_replaces_three_fields_and_keeps_the_others(storage: Storage, scope: Scope):
    await storage.projects.create(scope, a_project())
    await storage.projects.update(
        scope, replace(a_project(), name="new", directory_id="dir_2", updated_at=77, created_at=3)
    )
    expected = replace(a_project(), name="new", directory_id="dir_2", updated_at=77)
    assert await storage.projects.get(scope, a_project().id) == expected
    assert await storage.projects.named(scope, "new") == expected
    assert await storage.projects.named(scope, a_project().name) is None
    assert (await storage.projects.page(scope, "NEW", ProjectSort.NAME, False, ALL)).items == (expected,)


async def test_an_update_to_a_taken_name_is_a_conflict(storage: Storage, scope: Scope):
    await storage.projects.create(scope, a_project("pr_1", "one"))
    await storage.projects.create(scope, a_project("pr_2", "two"))
    with pytest.raises(errors.Conflict, match="`one`"):
        await storage.projects.update(scope, replace(a_project("pr_2"), name="one"))
    with pytest.raises(errors.NotFound):
        await storage.projects.update(scope, a_project("pr_3", "three"))
    assert await storage.projects.get(scope, ProjectId("pr_2")) == a_project("pr_2", "two")


async def names(storage: Storage, scope: Scope, part: str | None) -> list[str]:
    page = await storage.projects.page(scope, part, ProjectSort.NAME, False, ALL)
    assert page.total == len(page.items)
    return [each.name for each in page.items]


async def test_searching_ignores_case_in_every_alphabet_and_knows_no_wildcards(storage: Storage, scope: Scope):
    written = ["Äpfel/Grün", "a%b", "a_b", "aXb", "STRASSE", "nul\x00inside", "emoji 🦜"]
    for number, name in enumerate(written):
        await storage.projects.create(scope, a_project(f"pr_{number}", name))
    assert await names(storage, scope, None) == sorted(written, key=str.encode)
    assert await names(storage, scope, "") == sorted(written, key=str.encode)
    assert await names(storage, scope, "äPFEL/gR") == ["Äpfel/Grün"]
    assert await names(storage, scope, "straße") == ["STRASSE"]
    assert await names(storage, scope, "A%B") == ["a%b"]
    assert await names(storage, scope, "a_b") == ["a_b"]
    assert await names(storage, scope, "🦜") == ["emoji 🦜"]
    assert await names(storage, scope, "\x00INSIDE") == ["nul\x00inside"]
    assert await names(storage, scope, "x" * 60_000) == []


@pytest.mark.parametrize(
    ("sort", "ascending"),
    [
        (ProjectSort.CREATED_AT, ["pr_c", "pr_b", "pr_a"]),
        (ProjectSort.UPDATED_AT, ["pr_a", "pr_c", "pr_b"]),
        # Bytewise, so capitals come first.
        (ProjectSort.NAME, ["pr_b", "pr_c", "pr_a"]),
    ],
)
async def test_sorting(storage: Storage, scope: Scope, sort: ProjectSort, ascending: list[str]):
    for identifier, name, created_at, updated_at in [
        ("pr_a", "b", 30, 40),
        ("pr_b", "B", 20, 60),
        ("pr_c", "a", 10, 50),
    ]:
        project = replace(a_project(identifier, name, created_at), updated_at=updated_at)
        await storage.projects.create(scope, project)
    up = await storage.projects.page(scope, None, sort, False, ALL)
    down = await storage.projects.page(scope, None, sort, True, ALL)
    assert [each.id for each in up.items] == ascending
    assert [each.id for each in down.items] == ascending[::-1]


async def test_pages_hold_each_project_once_also_when_all_times_are_equal(storage: Storage, scope: Scope):
    for number in range(7):
        await storage.projects.create(scope, a_project(f"pr_{number}"))
    pages = [
        await storage.projects.page(scope, "name", ProjectSort.CREATED_AT, True, PageRequest(offset, 3))
        for offset in (0, 3, 6, 9)
    ]
    assert [page.total for page in pages] == [7, 7, 7, 7]
    assert [[each.id for each in page.items] for page in pages] == [
        ["pr_6", "pr_5", "pr_4"],
        ["pr_3", "pr_2", "pr_1"],
        ["pr_0"],
        [],
    ]


@pytest.mark.parametrize("hostile", ["\ud800", "a\udfffb"])
async def test_a_text_that_is_no_unicode_is_refused(storage: Storage, scope: Scope, hostile: str):
    with pytest.raises(errors.Unprocessable):
        await storage.projects.create(scope, a_project("pr_1", hostile))
    with pytest.raises(errors.Unprocessable):
        await storage.projects.get(scope, ProjectId(hostile))


async def test_a_number_that_no_column_holds_is_refused(storage: Storage, scope: Scope):
    with pytest.raises(errors.Unprocessable):
        await storage.projects.page(scope, None, ProjectSort.NAME, False, PageRequest(2**70, 10))
