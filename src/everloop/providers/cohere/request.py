"""A generation request for Cohere's chat (https://docs.cohere.com/reference/chat).

A completion goes out as one message of the user. `other` of a configuration is spread last into the body; what decides
the shape of the answer, or where the call goes, is refused.
"""

from collections.abc import Mapping
from typing import Any, Final

from everloop.domain.config import ModelConfig
from everloop.domain.generation import GenerationRequest, PreparedCall
from everloop.errors import Unprocessable
from everloop.providers.cohere.messages import written
from everloop.providers.request_body import check_other, encoded, given

PATH: Final = "/chat"
_OURS: Final = frozenset({"model", "messages", "stream"})
# By their names at Cohere, with v4's defaults, at which they are left out: penalties are 0 there, too, and a `p` of 1
# is beyond its range (0.01 to 0.99). The temperature always goes out, since Cohere's own is 0.3.
_SAMPLING: Final = {
    "p": ("top_p", 1.0),
    "frequency_penalty": ("frequency_penalty", 0.0),
    "presence_penalty": ("presence_penalty", 0.0),
}


def prepare(request: GenerationRequest) -> PreparedCall:
    """The path and body for one request. Raises Unprocessable for what Cohere has no words for."""
    config = request.config
    check_other(config.other, _OURS)
    messages = request.messages if request.messages is not None else ({"role": "user", "content": request.prompt},)
    body = {"model": config.model, "messages": written(messages), "stream": request.streamed}
    return PreparedCall(request, PATH, encoded(body | _tools(request) | _parameters(request) | dict(config.other)))


def _tools(request: GenerationRequest) -> dict[str, Any]:
    """The tools that the model may call. One that it has to call is offered alone: Cohere cannot name it otherwise."""
    tools, choice = request.config.tools, request.tool_choice
    if isinstance(choice, Mapping):
        name = choice["function"]["name"]
        tools = tuple(tool for tool in tools if tool.get("name") == name)
        if not tools:
            message = f"Cohere is told to call one tool by being offered no other, and {name!r} is not in `tools`."
            raise Unprocessable(message)
        choice = "required"
    made: dict[str, Any] = {}
    if tools:
        made["tools"] = [_tool(tool) for tool in tools]
        if all(tool.get("strict") for tool in tools):
            made["strict_tools"] = True
    if choice in ("none", "required") and (tools or "tools" in request.config.other):
        made["tool_choice"] = choice.upper()
    return made


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    function = given(name=tool.get("name"), description=tool.get("description"))
    parameters = tool.get("parameters") or {"type": "object", "properties": {}}  # Cohere demands them
    return {"type": "function", "function": {**function, "parameters": parameters}}


def _parameters(request: GenerationRequest) -> dict[str, Any]:
    config = request.config
    made: dict[str, Any] = {"temperature": config.temperature}
    for name, (ours, default) in _SAMPLING.items():
        if (value := getattr(config, ours)) != default:
            made[name] = value
    if config.max_tokens != -1:
        made["max_tokens"] = config.max_tokens
    if config.stop:
        made["stop_sequences"] = config.stop
    made |= given(seed=config.seed if config.seed is not None else request.seed)
    return made | _logprobs(request.logprobs) | _format(config.response_format) | _thinking(config)


def _logprobs(count: int | None) -> dict[str, Any]:
    if count is None:
        return {}
    if count > 1:
        raise Unprocessable("Cohere gives the log probabilities of its own tokens alone: `logprobs` is at most 1.")
    return {"logprobs": True}


def _format(wanted: Mapping[str, Any] | None) -> dict[str, Any]:
    """Cohere has one type for both of v4's, with the schema itself where v4 has it in a wrapper, with a name."""
    if wanted is None:
        return {}
    if wanted.get("type") != "json_schema":
        return {"response_format": {"type": wanted.get("type")}}
    wrapper = wanted.get("json_schema")
    schema = wrapper.get("schema", wrapper) if isinstance(wrapper, Mapping) else None
    if not isinstance(schema, Mapping):
        raise Unprocessable("`response_format` of type json_schema needs its schema in `json_schema`.")
    return {"response_format": {"type": "json_object", "json_schema": schema}}


def _thinking(config: ModelConfig) -> dict[str, Any]:
    """A number of tokens to think with, none at 0 (https://docs.cohere.com/docs/reasoning)."""
    match config.reasoning_effort:
        case None:
            return {}
        case int(tokens) if tokens > 0:
            return {"thinking": {"type": "enabled", "token_budget": tokens}}
        case 0 | "none":
            return {"thinking": {"type": "disabled"}}
        case effort:
            message = f"Cohere has no {effort!r} of `reasoning_effort`: give a number of tokens to think with, or 0."
            raise Unprocessable(message)
