"""A generation request in the wire format of Gemini (https://ai.google.dev/api/generate-content).

`other` of a configuration is spread last into the body, so it can add and override parameters; its `generationConfig`
goes into ours, field by field. What decides the shape of the answer, or where the call goes, is refused.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote

import msgspec

from everloop.domain.generation import GenerationRequest, PreparedCall
from everloop.errors import Unprocessable
from everloop.providers.google import messages, parameters, tools
from everloop.providers.google.facts import is_earlier

# Everloop sets these itself: an answer of another shape could not be read, counted or attributed.
_OURS: Final = frozenset({"contents", "messages", "model", "n", "prompt", "stream", "systemInstruction"})
_OURS_INSIDE: Final = frozenset({"candidateCount"})
# Words by which client libraries and gateways change where a call goes or whose key it carries.
_DESTINATION: Final = frozenset(
    {"api_base", "api_key", "base_url", "extra_body", "extra_headers", "extra_query", "headers", "host", "key", "url"}
)
_COLLECTIONS: Final = ("models/", "tunedModels/")


def prepare(request: GenerationRequest) -> PreparedCall:
    """The path and body for one sample. Raises Unprocessable for what the format cannot do."""
    told = request.messages if request.messages is not None else ({"role": "user", "content": request.prompt},)
    body = messages.written(told, signed=not is_earlier(request.config.model)) | tools.written(request)
    settings = parameters.written(request)
    for name, value in _theirs(request.config.other).items():
        if name == "generationConfig":
            settings |= value
        else:
            body[name] = value
    if settings:
        body["generationConfig"] = settings
    try:
        return PreparedCall(request, _path(request.config.model, streamed=request.streamed), msgspec.json.encode(body))
    except UnicodeEncodeError:
        raise Unprocessable("The prompt holds half of a surrogate pair, which is not a character.") from None


def _path(model: str, *, streamed: bool) -> str:
    """Models are named with or without their collection, as in Google's own client."""
    collection = next((each for each in _COLLECTIONS if model.startswith(each)), _COLLECTIONS[0])
    name = quote(model.removeprefix(collection), safe="")
    return f"/{collection}{name}:" + ("streamGenerateContent?alt=sse" if streamed else "generateContent")


def _theirs(other: Mapping[str, Any]) -> dict[str, Any]:
    """What `other` adds, in the spelling of JSON: Google takes `generation_config` for `generationConfig`."""
    if refused := _DESTINATION.intersection(other):
        raise Unprocessable(f"`other` cannot set {_quoted(refused)}: it never changes where a call goes.")
    made = {_camel(name): value for name, value in other.items()}
    inside = made.get("generationConfig", {})
    if not isinstance(inside, Mapping):
        raise Unprocessable("`generationConfig` in `other` is an object.")
    if "generationConfig" in made:
        made["generationConfig"] = inside = {_camel(name): value for name, value in inside.items()}
    if refused := _OURS.intersection(made) | _OURS_INSIDE.intersection(inside):
        raise Unprocessable(f"`other` cannot set {_quoted(refused)}: Everloop sets that itself.")
    return made


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
