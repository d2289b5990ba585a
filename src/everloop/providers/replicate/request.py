"""A generation request as a prediction of Replicate's (https://replicate.com/docs/reference/http#create-a-prediction).

A model is `owner/name`, or with a version `owner/name:version`, or a version alone. `other` of a configuration is
spread last into the `input`, since each model has inputs of its own.
"""

import re
from typing import Any, Final
from urllib.parse import quote

from everloop.domain.config import ModelConfig
from everloop.domain.generation import GenerationRequest, PreparedCall
from everloop.errors import Unprocessable
from everloop.providers.replicate.facts import Inputs, inputs_of
from everloop.providers.replicate.messages import written
from everloop.providers.request_body import check_other, encoded, given

_NAME: Final = re.compile(r"(?P<owner>[^/:\s]+)/(?P<name>[^/:\s]+)(?::(?P<version>[0-9A-Za-z_-]+))?")
_VERSION: Final = re.compile(r"[0-9a-f]{64}")
_DOTS: Final = (".", "..")
_OURS: Final = frozenset({"prompt", "messages", "stream"})
# Each model has defaults of its own, and some refuse what they have no input for: only what the author moved goes out.
_SAMPLING: Final = {"temperature": 1.0, "top_p": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0}


def prepare(request: GenerationRequest) -> PreparedCall:
    """The path and body for one prediction. Raises Unprocessable."""
    config = request.config
    check_other(config.other, _OURS)
    path, version = _place(config.model)
    inputs = inputs_of(config.model)
    asked = {"prompt": request.prompt} if request.messages is None else written(request.messages, inputs)
    body = {**given(version=version), "input": asked | _parameters(request, inputs) | dict(config.other)}
    return PreparedCall(request, path, encoded(body))


def _place(model: str) -> tuple[str, str | None]:
    """The path that predictions of a model are made at, and the version that the body names."""
    if _VERSION.fullmatch(model):
        return "/predictions", model
    found = _NAME.fullmatch(model)
    if found is None or found["owner"] in _DOTS or found["name"] in _DOTS:
        raise Unprocessable(f"Replicate has models like `owner/name` or `owner/name:version`, not {model!r}.")
    if found["version"]:
        return "/predictions", found["version"]
    try:
        return f"/models/{quote(found['owner'], safe='')}/{quote(found['name'], safe='')}/predictions", None
    except UnicodeEncodeError:
        raise Unprocessable("The model's name holds half of a surrogate pair, which is not a character.") from None


def _parameters(request: GenerationRequest, inputs: Inputs) -> dict[str, Any]:
    config = request.config
    made: dict[str, Any] = {name: getattr(config, name) for name in _SAMPLING if _moved(config, name)}
    if config.max_tokens != -1:
        made[inputs.limit] = config.max_tokens
    made |= given(seed=config.seed if config.seed is not None else request.seed)
    return made | _stop(config, inputs) | _effort(config, inputs)


def _moved(config: ModelConfig, name: str) -> bool:
    return bool(getattr(config, name) != _SAMPLING[name])


def _stop(config: ModelConfig, inputs: Inputs) -> dict[str, Any]:
    """One text with commas between the sequences, as Llama's input has it."""
    if not config.stop:
        return {}
    if inputs.stop is None:
        raise Unprocessable("This model of Replicate has no input for `stop`: leave it out.")
    if any("," in sequence for sequence in config.stop):
        raise Unprocessable("Replicate's models take `stop` as one text with commas between: no sequence can hold one.")
    return {inputs.stop: ",".join(config.stop)}


def _effort(config: ModelConfig, inputs: Inputs) -> dict[str, Any]:
    if config.reasoning_effort is None:
        return {}
    if inputs.effort is None or not isinstance(config.reasoning_effort, str):
        raise Unprocessable(
            "`reasoning_effort` is a word, and for models of `openai/`, at Replicate: for others set their own inputs "
            "in `other`."
        )
    return {inputs.effort: config.reasoning_effort}
