"""Which tools the mock provider calls."""

from collections.abc import Sequence

from everloop.domain.generation import GenerationRequest, ToolCall
from everloop.providers.mock_script import Script, ScriptedCall


def calls(request: GenerationRequest, script: Script, index: int) -> tuple[ToolCall, ...]:
    """The calls of one sample of a chat: what the script says, until a tool has answered; `tool_choice` goes before."""
    return tuple(
        ToolCall(f"call_mock_{index}_{place}", each.name, each.text)
        for place, each in enumerate(_chosen(request, script))
    )


def _chosen(request: GenerationRequest, script: Script) -> Sequence[ScriptedCall]:
    choice = request.tool_choice
    if not request.messages or choice == "none":
        return ()
    if choice is None or choice == "auto":
        return () if request.messages[-1]["role"] == "tool" else script.tool_calls
    if isinstance(choice, str):
        return script.tool_calls or [ScriptedCall(tool["name"]) for tool in request.config.tools[:1]]
    name = choice["function"]["name"]
    return [each for each in script.tool_calls if each.name == name] or [ScriptedCall(name)]
