"""Tools in the Messages API (https://platform.claude.com/docs/en/agents-and-tools/tool-use/define-tools)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

_WORDS: Final = {"required": "any"}


def tools(wanted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """v4's tools."""
    return [_tool(each) for each in wanted]


def choice(wanted: str | Mapping[str, Any] | None) -> dict[str, Any] | None:
    """v4's `tool_choice`."""
    if wanted is None:
        return None
    if isinstance(wanted, str):
        return {"type": _WORDS.get(wanted, wanted)}
    return {"type": "tool", "name": wanted["function"]["name"]}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    """One tool. A schema is demanded, v4's parameters may be absent."""
    more = {key: tool[key] for key in ("description", "strict") if tool.get(key) is not None}
    schema = tool.get("parameters") or {"type": "object", "properties": {}}
    return {"name": tool["name"], **more, "input_schema": schema}
