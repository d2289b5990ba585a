"""A generation request in the OpenAI wire format.

`other` of a configuration is spread last into the body, so it can add and override parameters, with three exceptions:
`api` (`"completions"`, `"chat"` or `"responses"`) decides the endpoint for models that facts.py judges wrongly, and is
not sent; what decides the shape of the answer, or where the call goes, is refused.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from everloop.domain.config import ModelConfig
from everloop.domain.generation import GenerationRequest, PreparedCall
from everloop.domain.value import value
from everloop.errors import Unprocessable
from everloop.providers.of_configs import OfConfigs
from everloop.providers.openai.facts import Api, api_of, reasons, token_limit_field
from everloop.providers.openai.messages import written
from everloop.providers.request_body import check_other, encoded, given
from everloop.providers.responses import request as responses

_PATHS: Final = {Api.COMPLETIONS: "/completions", Api.CHAT: "/chat/completions"}
PATHS: Final = tuple(_PATHS.values())

# Everloop sets these itself: an answer of another shape could not be read, counted or attributed.
_OURS: Final = frozenset({"model", "messages", "prompt", "n", "stream"})
ALWAYS: Final = object()
_NOTHING: Final[Mapping[str, Any]] = {}
_SAMPLING: Final = {"temperature": 1.0, "top_p": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0}


def api_for(config: ModelConfig) -> Api:
    """The endpoint for a configuration: its author's choice, or what is known of the model. Raises Unprocessable."""
    chosen = config.other.get("api")
    if chosen is None:
        return api_of(config.model)
    if chosen not in ("completions", "chat", "responses"):
        raise Unprocessable('`api` in `other` is "completions", "chat" or "responses".')
    return Api(chosen)


@value
class _Fixed:
    """What is the same in all calls of a configuration; `other` without what is not sent."""

    api: Api
    fields: Mapping[str, Any]
    other: Mapping[str, Any]


class Requests:
    """Makes requests for the servers that are called in one way.

    `api` decides the endpoint for a configuration. `spared` are fields that are left out at the value given for them,
    or `ALWAYS`, unless `other` has them.
    """

    def __init__(self, api: Callable[[ModelConfig], Api] = api_for, spared: Mapping[str, Any] = _NOTHING) -> None:
        self._api = api
        self._spared = spared
        self._fixed = OfConfigs(self._fix)

    def prepare(self, request: GenerationRequest) -> PreparedCall:
        """The path and body for one request. Raises Unprocessable for what the format cannot do."""
        fixed = self._fixed.of(request.config)
        if fixed.api is Api.RESPONSES:
            return responses.prepare(request)
        body = _prompt(request, fixed.api)
        body["n"] = request.samples
        body.update(fixed.fields)
        _add_wishes(body, request, fixed.api)
        if self._spared:
            self._spare(body)
        body.update(fixed.other)
        return PreparedCall(request, _PATHS[fixed.api], encoded(body))

    def _fix(self, config: ModelConfig) -> _Fixed:
        api = self._api(config)
        if api is Api.RESPONSES:
            return _Fixed(api, _NOTHING, _NOTHING)
        check_other(config.other, _OURS)
        other = {key: value for key, value in config.other.items() if key != "api"}
        return _Fixed(api, _parameters(config, api), other)

    def _spare(self, body: dict[str, Any]) -> None:
        for name in self._spared.keys() & body.keys():
            if self._spared[name] is ALWAYS or self._spared[name] == body[name]:
                del body[name]


prepare: Final = Requests().prepare


def chats(call: PreparedCall) -> bool:
    """Whether a prepared call goes to the chat endpoint, which answers with messages and not with texts."""
    return call.path == _PATHS[Api.CHAT]


def _prompt(request: GenerationRequest, api: Api) -> dict[str, Any]:
    config = request.config
    if request.messages is not None:
        if api is not Api.CHAT:
            raise Unprocessable(f"A chat needs a chat model; `{config.model}` is a completion model.")
        return {"model": config.model, "messages": written(request.messages)} | _tools(request)
    if api is Api.CHAT:
        if request.suffix:
            raise Unprocessable(f"`suffix` works with completion models only; `{config.model}` is a chat model.")
        body = {"model": config.model, "messages": [{"role": "user", "content": request.prompt}]}
        return body | _tools(request) if config.tools or config.other else body
    if config.tools:
        raise Unprocessable(f"`tools` work with chat models only; `{config.model}` is a completion model.")
    return {"model": config.model, "prompt": request.prompt} | given(suffix=request.suffix)


def _tools(request: GenerationRequest) -> dict[str, Any]:
    """OpenAI refuses a choice where there are no tools to choose from."""
    if not request.config.tools:
        return given(tool_choice=request.tool_choice) if "tools" in request.config.other else {}
    fields = ("name", "description", "parameters", "strict")
    functions = [{key: tool[key] for key in fields if tool.get(key) is not None} for tool in request.config.tools]
    offered = [{"type": "function", "function": function} for function in functions]
    return {"tools": offered} | given(tool_choice=request.tool_choice)


def _parameters(config: ModelConfig, api: Api) -> dict[str, Any]:
    fields: dict[str, Any] = dict(_sampling(config, api))
    if config.max_tokens != -1:
        fields["max_tokens" if api is Api.COMPLETIONS else token_limit_field(config.model)] = config.max_tokens
    if config.stop:
        fields["stop"] = config.stop
    return fields | given(
        seed=config.seed, response_format=config.response_format, reasoning_effort=config.reasoning_effort
    )


def _add_wishes(body: dict[str, Any], request: GenerationRequest, api: Api) -> None:
    """What a call brings beside its prompt."""
    if request.logprobs is not None:
        body.update(_logprobs(request.logprobs, api))
    if request.user is not None:
        body["user"] = request.user
    if request.seed is not None and request.config.seed is None:
        body["seed"] = request.seed
    body["stream"] = request.streamed
    if request.streamed:
        # Without include_usage a stream says nothing of its tokens
        # (https://platform.openai.com/docs/api-reference/chat/create#chat-create-stream_options).
        body["stream_options"] = {"include_usage": True}


def _sampling(config: ModelConfig, api: Api) -> dict[str, float]:
    """All four; to a reasoning model only what the author moved: its refusal is better than a wish ignored."""
    values = {name: getattr(config, name) for name in _SAMPLING}
    if api is Api.CHAT and reasons(config.model):
        return {name: value for name, value in values.items() if value != _SAMPLING[name]}
    return values


def _logprobs(count: int, api: Api) -> dict[str, Any]:
    return {"logprobs": count} if api is Api.COMPLETIONS else {"logprobs": True, "top_logprobs": count}
