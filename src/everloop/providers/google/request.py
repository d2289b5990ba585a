"""A generation request in the wire format of Gemini (https://ai.google.dev/api/generate-content).

`other` of a configuration is spread last into the body, so it can add and override parameters; its `generationConfig`
goes into ours, field by field. What decides the shape of the answer, or where the call goes, is refused.
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from everloop.domain.generation import GenerationRequest, PreparedCall
from everloop.errors import Unprocessable
from everloop.providers.google import messages, parameters, tools
from everloop.providers.google.facts import is_earlier
from everloop.providers.request_body import check_other, encoded

_OURS: Final = frozenset({"contents", "messages", "model", "n", "prompt", "stream", "systemInstruction"})
_OURS_INSIDE: Final = frozenset({"candidateCount"})
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
    return PreparedCall(request, _path(request.config.model, streamed=request.streamed), encoded(body))


def _path(model: str, *, streamed: bool) -> str:
    """Models are named with or without their collection, as in Google's own client."""
    collection = next((each for each in _COLLECTIONS if model.startswith(each)), _COLLECTIONS[0])
    try:
        name = quote(model.removeprefix(collection), safe="")
    except UnicodeEncodeError:
        raise Unprocessable("The model's name holds half of a surrogate pair, which is not a character.") from None
    return f"/{collection}{name}:" + ("streamGenerateContent?alt=sse" if streamed else "generateContent")


def _theirs(other: Mapping[str, Any]) -> dict[str, Any]:
    """What `other` adds, in one spelling: Google takes `generation_config` for `generationConfig`."""
    made = {_camel(name): value for name, value in other.items()}
    check_other({**other, **made}, _OURS)
    if "generationConfig" in made:
        inside = made["generationConfig"]
        if not isinstance(inside, Mapping):
            raise Unprocessable("`generationConfig` in `other` is an object.")
        made["generationConfig"] = {_camel(name): value for name, value in inside.items()}
        check_other(made["generationConfig"], _OURS_INSIDE)
    return made


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)
