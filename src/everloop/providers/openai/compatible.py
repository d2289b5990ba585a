"""Servers that speak the OpenAI wire format and are not OpenAI: they get what is asked for, and no more."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from everloop.domain.capabilities import Capabilities
from everloop.domain.generation import GenerationRequest, PreparedCall
from everloop.errors import Unprocessable
from everloop.providers.openai import request
from everloop.providers.openai.facts import Api, api_of
from everloop.providers.openai.format import OpenAiFormat
from everloop.providers.openai.request import ALWAYS

# At these values a field says nothing: all of these servers have the same default, and some refuse the mere name.
_DEFAULTS: Final = {"n": 1, "presence_penalty": 0.0, "frequency_penalty": 0.0}


class CompatibleFormat(OpenAiFormat):
    """The format as one server of it speaks it. `unsent` are the fields of a body that it does not know."""

    def __init__(self, facts: Capabilities, unsent: frozenset[str]) -> None:
        self._facts = facts
        self._spared: Mapping[str, Any] = {**_DEFAULTS, **dict.fromkeys(unsent, ALWAYS)}

    def prepare(self, request_: GenerationRequest) -> PreparedCall:
        """The request in the server's words. Raises `errors.Unprocessable`."""
        other = request_.config.other
        api = other.get("api") or self._api(request_.config.model)
        if api == Api.COMPLETIONS and not self._facts.completions:
            raise Unprocessable("The provider has no legacy completions: leave `api` in `other` out, or use `chat`.")
        asked = replace(request_, config=replace(request_.config, other={**other, "api": api}))
        return replace(request.prepare(asked, self._spared), request=request_)

    def _api(self, model: str) -> str:
        """Chats, unless the model is one for completions: other servers seldom have Responses, and never only them."""
        completes = self._facts.completions and api_of(model) is Api.COMPLETIONS
        return Api.COMPLETIONS.value if completes else Api.CHAT.value
