"""What the store of tools shows of another organisation: nothing."""

from dataclasses import replace

from everloop import errors
from everloop.domain.ids import ToolId
from tests.contract.stores.isolation.things import TOOL, Making, Seeing, Steps, Touching
from tests.contract.stores.samples import a_function, a_snippet_tool

SEEING_NOTHING: Seeing = {
    "ToolStore.get": (lambda s, who: s.tools.get(who, TOOL), None),
    "ToolStore.all": (lambda s, who: s.tools.all(who), ()),
}

TOUCHING_NOTHING: Touching = {
    "ToolStore.change": (
        lambda s, who: s.tools.change(who, TOOL, lambda each: replace(each, description="stolen")),
        errors.NotFound,
    ),
    "ToolStore.delete": (lambda s, who: s.tools.delete(who, TOOL), errors.NotFound),
}

MAKING_OWN: Making = {"ToolStore.create": lambda s, who: s.tools.create(who, a_function())}

STEPS: Steps = {
    "tool": lambda s, who, pick: s.tools.create(
        who, a_snippet_tool(f"oc_{pick.one}", f"name{pick.two}", {"key": f"text {pick.two}"}, pick.now)
    ),
    "rename tool": lambda s, who, pick: s.tools.change(
        who, ToolId(f"oc_{pick.one}"), lambda each: replace(each, name=f"name{pick.two}", updated_at=pick.now)
    ),
    "delete tool": lambda s, who, pick: s.tools.delete(who, ToolId(f"oc_{pick.one}")),
}
