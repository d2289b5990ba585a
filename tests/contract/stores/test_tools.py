from dataclasses import replace

import pytest

from everloop import errors
from everloop.domain.ids import ToolId
from everloop.domain.organisation_tool import OrganisationTool
from everloop.domain.scope import Scope
from everloop.domain.toolbox import Toolbox
from everloop.storage.opening import Storage
from tests.contract.stores.conftest import Opener
from tests.contract.stores.samples import a_function, a_snippet_tool

NOBODY = ToolId("oc_nobody")


async def box(storage: Storage, scope: Scope) -> Toolbox:
    view = await storage.feed.organisation(scope.organisation_id)
    assert view is not None
    assert (await storage.feed.load()).organisations[scope.organisation_id].tools == view.tools
    return view.tools


@pytest.mark.parametrize(
    "tool",
    [
        a_function(description="What it is like outside"),
        replace(a_function(), parameters=None, strict=None, description=None),
        replace(a_function(), parameters={}, strict=False, description=""),
        replace(a_function(), parameters={"description": "NUL \x00, mark \x1a, ☃, 1e400", "maximum": 10**30}),
        a_snippet_tool(texts={}),
        a_snippet_tool(texts={"two words": "line\nline", "ключ": "☃\x00\x1a", "empty": ""}),
    ],
)
async def test_what_is_kept_comes_back(storage: Storage, scope: Scope, tool: OrganisationTool):
    await storage.tools.create(scope, tool)
    assert await storage.tools.get(scope, tool.id) == tool
    assert await storage.tools.all(scope) == (tool,)
    assert await box(storage, scope) == Toolbox.of([tool])


async def test_they_are_listed_by_name_bytewise(storage: Storage, scope: Scope):
    names = ["b", "a", "B", "a_b", "a-b"]
    for number, name in enumerate(names):
        await storage.tools.create(scope, a_function(f"oc_{number}", name))
    assert [each.name for each in await storage.tools.all(scope)] == sorted(names)


async def test_a_name_and_an_id_are_taken_once(storage: Storage, scope: Scope):
    await storage.tools.create(scope, a_function())
    with pytest.raises(errors.Conflict, match="get_weather"):
        await storage.tools.create(scope, a_snippet_tool("oc_2", "get_weather"))
    with pytest.raises(errors.Conflict, match="oc_1"):
        await storage.tools.create(scope, a_function("oc_1", "other"))
    assert await storage.tools.all(scope) == (a_function(),)


async def test_changing(storage: Storage, scope: Scope):
    await storage.tools.create(scope, a_function())
    await storage.tools.create(scope, a_snippet_tool())
    changed = replace(a_function(), name="weather", parameters=None, strict=False, description="new", updated_at=77)
    assert await storage.tools.change(scope, ToolId("oc_1"), lambda _: changed) == changed
    assert await storage.tools.all(scope) == (a_snippet_tool(), changed)
    with pytest.raises(errors.Conflict, match="snippet"):
        await storage.tools.change(scope, ToolId("oc_1"), lambda each: replace(each, name="snippet"))
    with pytest.raises(errors.NotFound, match="oc_nobody"):
        await storage.tools.change(scope, NOBODY, lambda each: each)
    assert (await box(storage, scope)) == Toolbox.of([changed, a_snippet_tool()])


async def test_a_change_that_is_refused_leaves_the_tool_as_it_was(storage: Storage, scope: Scope):
    await storage.tools.create(scope, a_snippet_tool())

    def refused(_: OrganisationTool) -> OrganisationTool:
        raise errors.InvalidFields.one(("body", "snippets"), "no")

    with pytest.raises(errors.InvalidFields):
        await storage.tools.change(scope, ToolId("oc_2"), refused)
    assert await storage.tools.all(scope) == (a_snippet_tool(),)


async def test_a_deleted_one_is_gone_and_its_name_is_free(storage: Storage, scope: Scope):
    await storage.tools.create(scope, a_function())
    await storage.tools.delete(scope, ToolId("oc_1"))
    assert await storage.tools.get(scope, ToolId("oc_1")) is None
    assert await box(storage, scope) == Toolbox()
    with pytest.raises(errors.NotFound, match="oc_1"):
        await storage.tools.delete(scope, ToolId("oc_1"))
    await storage.tools.create(scope, a_function("oc_9"))
    assert await storage.tools.all(scope) == (a_function("oc_9"),)


async def test_every_write_is_told_to_other_processes(open_named: Opener, scope: Scope, storage: Storage):
    elsewhere = await open_named("main")
    epoch = (await elsewhere.feed.load()).epoch
    await storage.tools.create(scope, a_snippet_tool())
    await storage.tools.change(scope, ToolId("oc_2"), lambda each: replace(each, snippets={"a": "b"}))
    await storage.tools.delete(scope, ToolId("oc_2"))
    changes = await elsewhere.feed.changes_since(epoch)
    assert [(each.organisation_id, each.project_id) for each in changes] == [(scope.organisation_id, None)] * 3
