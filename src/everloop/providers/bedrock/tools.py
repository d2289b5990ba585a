"""Tools in Converse (https://docs.aws.amazon.com/bedrock/latest/userguide/tool-use.html)."""

from collections.abc import Mapping
from typing import Any, Final

from everloop.domain.generation import GenerationRequest
from everloop.errors import Unprocessable
from everloop.providers.bedrock.messages import calls_tools

_NO_PARAMETERS: Final = {"type": "object", "properties": {}}


def tool_config(request: GenerationRequest, turns: Any) -> dict[str, Any] | None:  # noqa: ANN401 - the written messages
    """`toolConfig`, if any.

    Bedrock knows no way to forbid calls but to offer no tools, and wants to know them where there were calls before.
    Raises Unprocessable.
    """
    config = request.config
    if not config.tools:
        return None
    if request.tool_choice == "none":
        if calls_tools(turns):
            raise Unprocessable("Bedrock cannot forbid tool calls in a chat that has some: leave `tool_choice` out.")
        return None
    choice = _choice(request.tool_choice)
    return {"tools": [_tool(each) for each in config.tools]} | ({"toolChoice": choice} if choice else {})


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    specification = {"name": tool["name"]}
    if tool.get("description"):
        specification["description"] = tool["description"]
    specification["inputSchema"] = {"json": tool.get("parameters") or _NO_PARAMETERS}
    if tool.get("strict"):
        specification["strict"] = True
    return {"toolSpec": specification}


def _choice(choice: str | Mapping[str, Any] | None) -> dict[str, Any] | None:
    match choice:
        case None:
            return None
        case "auto":
            return {"auto": {}}
        case "required":
            return {"any": {}}
        case {"function": {"name": name}}:
            return {"tool": {"name": name}}
        case _:
            raise Unprocessable("`tool_choice` is `none`, `auto`, `required`, or the name of one function.")
