"""The tools that a rendering process may call, and what they gave."""

import json

from everloop.domain.template_tool import TemplateTools, ToolResult
from everloop.errors import Unprocessable


class Toolbench:
    """Those of one rendering. Each call is made once, however often the template makes it."""

    def __init__(self, tools: TemplateTools) -> None:
        self._tools = tools
        self._results: dict[str, ToolResult] = {}
        self.refusal: Unprocessable | None = None

    @property
    def results(self) -> tuple[ToolResult, ...]:
        """What ran, in the order of the first calls."""
        return tuple(self._results.values())

    def run(self, name: str, arguments: list[str]) -> str | None:
        """What the tool gives, or None when it refuses; then `refusal` says why."""
        signature = f"{name}({', '.join(json.dumps(each, ensure_ascii=False) for each in arguments)})"
        known = self._results.get(signature)
        if known is None:
            tool = self._tools[name]
            try:
                known = ToolResult(tool.id, name, signature, tool.run(arguments))
            except Unprocessable as refusal:
                self.refusal = refusal
                return None
            self._results[signature] = known
        return known.result
