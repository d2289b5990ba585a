"""Tools in Gemini's words (https://ai.google.dev/gemini-api/docs/function-calling)."""

from collections.abc import Mapping
from typing import Any

from everloop.domain.generation import GenerationRequest


def written(request: GenerationRequest) -> dict[str, Any]:
    """The functions that may be called and, if the caller or a strict tool says so, how. Tools in `other` count."""
    tools = request.config.tools
    made: dict[str, Any] = {}
    if tools:
        made["tools"] = [{"functionDeclarations": [_declaration(tool) for tool in tools]}]
    elif "tools" not in request.config.other:
        return made
    calling = _calling(request.tool_choice, strict=any(tool.get("strict") for tool in tools))
    if calling is not None:
        made["toolConfig"] = {"functionCallingConfig": calling}
    return made


def _declaration(tool: Mapping[str, Any]) -> dict[str, Any]:
    fields = {"name": "name", "description": "description", "parameters": "parametersJsonSchema"}
    return {theirs: tool[ours] for ours, theirs in fields.items() if tool.get(ours) is not None}


def _calling(choice: str | Mapping[str, Any] | None, *, strict: bool) -> dict[str, Any] | None:
    """A mode: `ANY` keeps to the schemas by itself, and `VALIDATED` is `AUTO` that does."""
    if isinstance(choice, Mapping):
        return {"mode": "ANY", "allowedFunctionNames": [choice["function"]["name"]]}
    if choice in ("required", "none"):
        return {"mode": "ANY" if choice == "required" else "NONE"}
    if strict:
        return {"mode": "VALIDATED"}
    return {"mode": "AUTO"} if choice is not None else None
