"""A generation request as OpenAI's Responses take it (https://platform.openai.com/docs/api-reference/responses/create).

`other` of a configuration is spread last into the body; what decides the shape of the answer, or where the call goes,
is refused. OpenAI is asked not to keep the answer (`store`): Everloop keeps it, as long as the operator says.
"""

from collections.abc import Mapping
from typing import Any, Final

from everloop.domain.capabilities import without
from everloop.domain.config import ModelConfig
from everloop.domain.generation import GenerationRequest, PreparedCall
from everloop.errors import Unprocessable
from everloop.providers.capabilities import check
from everloop.providers.request_body import check_other, encoded, given
from everloop.providers.responses.messages import written

PATH: Final = "/responses"
CAPABILITIES: Final = without("completions", "stop", "seed", "samples", "suffix", "penalties")

# `prompt` is a template that OpenAI keeps, and a call in the background answers before there is an answer.
_OURS: Final = frozenset({"model", "input", "messages", "prompt", "n", "stream", "background"})


def prepare(request: GenerationRequest) -> PreparedCall:
    """The path and body for one request. Raises Unprocessable for what the format cannot do."""
    config = request.config
    check(request, CAPABILITIES, "OpenAI's Responses API")
    check_other(config.other, _OURS)
    if config.other.get("api") not in (None, "responses"):
        raise Unprocessable('`api` in `other` is "responses" or left out where only Responses are spoken.')
    body = {"model": config.model, "input": _input(request), "store": False} | _tools(request) | _parameters(request)
    if request.streamed:
        body["stream"] = True
    body.update((key, value) for key, value in config.other.items() if key != "api")
    return PreparedCall(request, PATH, encoded(body))


def _input(request: GenerationRequest) -> list[dict[str, Any]]:
    return written(request.messages or ({"role": "user", "content": request.prompt},))


def _tools(request: GenerationRequest) -> dict[str, Any]:
    """OpenAI refuses a choice where there are no tools to choose from."""
    config = request.config
    offered = given(tools=[_tool(each) for each in config.tools] if config.tools else None)
    return offered | given(tool_choice=_choice(request)) if offered or "tools" in config.other else {}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    """Here a function is strict unless it says that it is not; v4's are strict when they say so."""
    known = given(description=tool.get("description"))
    return {
        "type": "function",
        "name": tool["name"],
        **known,
        "parameters": tool.get("parameters"),
        "strict": bool(tool.get("strict")),
    }


def _choice(request: GenerationRequest) -> str | dict[str, Any] | None:
    choice = request.tool_choice
    if choice is None or isinstance(choice, str):
        return choice
    return {"type": "function", "name": choice["function"]["name"]}


def _parameters(request: GenerationRequest) -> dict[str, Any]:
    """Only what the author moved: many models here refuse the sampling parameters, and the defaults are the same."""
    config = request.config
    body = given(
        max_output_tokens=None if config.max_tokens == -1 else config.max_tokens,
        temperature=None if config.temperature == 1 else config.temperature,
        top_p=None if config.top_p == 1 else config.top_p,
        user=request.user,
        text=_text(config.response_format),
        reasoning=_reasoning(config),
    )
    if request.logprobs is not None:
        body |= {"top_logprobs": request.logprobs, "include": ["message.output_text.logprobs"]}
    return body


def _text(response_format: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The same as in chat completions, without the level that holds the schema and its name."""
    if response_format is None:
        return None
    kind = response_format["type"]
    return {"format": {**(response_format.get("json_schema") or {}), "type": kind}}


def _reasoning(config: ModelConfig) -> dict[str, Any] | None:
    effort = config.reasoning_effort
    if isinstance(effort, int):
        raise Unprocessable("OpenAI takes `reasoning_effort` as a word, such as `low`, and not as a number of tokens.")
    return {"effort": effort} if effort is not None else None
