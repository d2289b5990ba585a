"""An engine for templates that makes plain what it was given, and calls no process."""

from collections.abc import Sequence

from everloop.domain.document import Document
from everloop.domain.template_language import Rendered, TemplateFlaw
from everloop.domain.template_tool import TemplateTools, ToolResult


class FakeTemplateEngine:
    """Renders `t` as `[t <the inputs>]`, runs every tool with the argument `x`.

    `wrong` has a flaw, `bomb` one of no place.
    """

    async def check(self, templates: Sequence[str]) -> TemplateFlaw | None:
        if "bomb" in templates:
            return TemplateFlaw(None, "It is wrong.")
        return TemplateFlaw(templates.index("wrong"), "It is wrong.") if "wrong" in templates else None

    async def render(self, templates: Sequence[str], inputs: Document, tools: TemplateTools) -> Rendered:
        results = tuple(ToolResult(each.id, name, f"{name}(x)", each.run(["x"])) for name, each in tools.items())
        return Rendered(tuple(f"[{each} {inputs.text.decode()}]" for each in templates), results)
