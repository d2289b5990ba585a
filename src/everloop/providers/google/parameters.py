"""A configuration as Gemini's `generationConfig` (https://ai.google.dev/api/generate-content#generationconfig)."""

from collections.abc import Mapping
from typing import Any, Final

from everloop.domain.config import ModelConfig
from everloop.domain.generation import GenerationRequest
from everloop.errors import Unprocessable
from everloop.providers.google.facts import BUDGETS, is_earlier

_PENALTIES: Final = {"presence_penalty": "presencePenalty", "frequency_penalty": "frequencyPenalty"}


def written(request: GenerationRequest) -> dict[str, Any]:
    """What is said about the answer. Raises Unprocessable."""
    config = request.config
    made = _sampling(config)
    if config.max_tokens != -1:
        made["maxOutputTokens"] = config.max_tokens
    if config.stop:
        made["stopSequences"] = list(config.stop)
    seed = config.seed if config.seed is not None else request.seed
    if seed is not None:
        made["seed"] = seed
    if request.logprobs is not None:
        made |= {"responseLogprobs": True, "logprobs": request.logprobs}
    if config.response_format is not None:
        made |= _shape(config.response_format)
    if config.reasoning_effort is not None:
        made["thinkingConfig"] = _thinking(config.reasoning_effort, config.model)
    return made


def _sampling(config: ModelConfig) -> dict[str, Any]:
    """What the author moved, and a top_p of 1 where Google's own is less: 0.95, up to Gemini 2.5."""
    made: dict[str, Any] = {theirs: value for ours, theirs in _PENALTIES.items() if (value := getattr(config, ours))}
    if config.temperature != 1.0:
        made["temperature"] = config.temperature
    if config.top_p != 1.0 or is_earlier(config.model):
        made["topP"] = config.top_p
    return made


def _shape(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """JSON: any, or of a schema, which comes in OpenAI's envelope (`name`, `schema`, `strict`) or bare."""
    made: dict[str, Any] = {"responseMimeType": "application/json"}
    if wanted["type"] == "json_schema":
        given = wanted.get("json_schema")
        if not given:
            raise Unprocessable("`response_format` of type json_schema needs a `json_schema`.")
        inner = given.get("schema")
        made["responseJsonSchema"] = inner if isinstance(inner, Mapping) else given
    return made


def _thinking(effort: str | int, model: str) -> dict[str, Any]:
    """A number is a budget of tokens everywhere: a newer model's refusal is better than a wish translated badly."""
    if isinstance(effort, int):
        return {"thinkingBudget": effort}
    if not is_earlier(model):
        return {"thinkingLevel": effort.upper()}
    if effort not in BUDGETS:
        raise Unprocessable(f"`reasoning_effort` of {model} is one of {', '.join(BUDGETS)}, or a number of tokens.")
    return {"thinkingBudget": BUDGETS[effort]}
