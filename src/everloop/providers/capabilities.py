"""What a request wants that a server cannot do is refused before it is called."""

from typing import Any

from everloop.domain.capabilities import Capabilities
from everloop.domain.generation import GenerationRequest
from everloop.errors import Unprocessable


def check(request: GenerationRequest, facts: Capabilities, origin: str) -> None:
    """Raises Unprocessable, naming them, when the request wants things that the server has no place for."""
    wanted = {name: words for name, words in _wanted(request).items() if not getattr(facts, name)}
    if wanted:
        raise Unprocessable(
            f"{origin} cannot do {' or '.join(wanted.values())}: leave it out, or use another provider."
        )


def _wanted(request: GenerationRequest) -> dict[str, str]:
    """What a request wants beyond text, in words for its author, by the name of the fact."""
    config = request.config
    wishes: dict[str, tuple[Any, str]] = {
        "images": (_has_images(request), "images in messages"),
        "tools": (config.tools, "`tools`"),
        "tool_choice": (_demands(request), "`tool_choice`"),
        "reasoning_effort": (config.reasoning_effort is not None, "`reasoning_effort`"),
        "stop": (config.stop, "`stop`"),
        "seed": (config.seed is not None or request.seed is not None, "`seed`"),
        "logprobs": (request.logprobs is not None, "`logprobs`"),
        "suffix": (request.suffix, "`suffix`"),
        "penalties": (
            config.presence_penalty or config.frequency_penalty,
            "`presence_penalty` and `frequency_penalty`",
        ),
        **_shape(config.response_format or {}),
    }
    return {name: words for name, (wanted, words) in wishes.items() if wanted}


def _shape(response_format: Any) -> dict[str, tuple[Any, str]]:  # noqa: ANN401 - v4 allows any object
    match response_format.get("type"):
        case "json_object":
            return {"json_object": (True, "`response_format` of type json_object")}
        case "json_schema":
            return {"json_schema": (True, "`response_format` of type json_schema")}
        case _:
            return {}


def _demands(request: GenerationRequest) -> bool:
    return bool(request.config.tools) and request.tool_choice not in (None, "auto")


def _has_images(request: GenerationRequest) -> bool:
    contents = (message.get("content") for message in request.messages or ())
    return any(part.get("type") == "image_url" for each in contents if isinstance(each, list) for part in each)
