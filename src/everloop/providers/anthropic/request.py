"""A generation request in the Messages API (https://platform.claude.com/docs/en/api/messages/create).

`other` of a configuration is spread last into the body, so it can add and override parameters, except what decides the
shape of the answer, and where the call goes.
"""

from collections.abc import Mapping
from typing import Any, Final

from everloop.domain.config import ModelConfig
from everloop.domain.generation import GenerationRequest, PreparedCall
from everloop.errors import Unprocessable
from everloop.providers.anthropic.facts import longest_answer
from everloop.providers.anthropic.messages import written
from everloop.providers.anthropic.reasoning import reasoning
from everloop.providers.anthropic.tools import choice, tools
from everloop.providers.request_body import check_other, encoded, given

_PATH: Final = "/messages"

# Everloop sets these itself: an answer of another shape could not be read, counted or attributed.
_OURS: Final = frozenset({"model", "messages", "system", "stream"})
# The API is versioned by a header. The latest version has no sampling parameters, not even at their defaults; the one
# before has, for models until 4.6 (https://platform.claude.com/docs/en/api/versioning).
_LATEST: Final = "2026-10-21"
_SAMPLED: Final = "2023-06-01"
_SAMPLING: Final = ("temperature", "top_p", "top_k")


def prepare(request: GenerationRequest) -> PreparedCall:
    """The path and body for one request. Raises Unprocessable for what the format cannot do."""
    config = request.config
    check_other(config.other, _OURS)
    ours = {"model": config.model, "max_tokens": _limit(config)} | _prompt(request) | _parameters(request)
    return PreparedCall(request, _PATH, encoded({**ours, **config.other}))


def version(config: ModelConfig) -> str:
    """The version of the API that knows all that is asked."""
    return _SAMPLED if _sampling(config) or not config.other.keys().isdisjoint(_SAMPLING) else _LATEST


def _limit(config: ModelConfig) -> int:
    return longest_answer(config.model) if config.max_tokens == -1 else config.max_tokens


def _prompt(request: GenerationRequest) -> dict[str, Any]:
    return written(({"role": "user", "content": request.prompt},) if request.messages is None else request.messages)


def _parameters(request: GenerationRequest) -> dict[str, Any]:
    config = request.config
    chosen = choice(request.tool_choice) if config.tools or "tools" in config.other else None
    thinking, output = reasoning(config)
    return _sampling(config) | given(
        tools=tools(config.tools) or None,
        tool_choice=chosen,
        thinking=thinking or None,
        output_config=(output | _shape(config.response_format)) or None,
        stop_sequences=config.stop or None,
        metadata={"user_id": request.user} if request.user is not None else None,
        stream=request.streamed or None,
    )


def _sampling(config: ModelConfig) -> dict[str, float]:
    """What the author moved: new models refuse it, which is better than a wish ignored."""
    values = {"temperature": config.temperature, "top_p": config.top_p}
    return {name: value for name, value in values.items() if value != 1}


def _shape(wanted: Mapping[str, Any] | None) -> dict[str, Any]:
    """The schema of the answer (https://platform.claude.com/docs/en/build-with-claude/structured-outputs)."""
    if wanted is None or wanted.get("type") == "text":
        return {}
    named = wanted.get("json_schema")
    if not isinstance(named, Mapping):
        raise Unprocessable("`response_format` of type json_schema needs a `json_schema`.")
    # v4's are OpenAI's, a schema with a name around it; one without is understood.
    return {"format": {"type": "json_schema", "schema": named.get("schema", named)}}
