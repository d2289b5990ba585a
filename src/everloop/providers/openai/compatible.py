"""Servers that speak the OpenAI wire format and are not OpenAI: they get what is asked for, and no more."""

from typing import Final

from everloop.domain.capabilities import Capabilities
from everloop.domain.config import ModelConfig
from everloop.domain.generation import GenerationRequest, PreparedCall
from everloop.errors import Unprocessable
from everloop.providers.openai.facts import Api, api_of
from everloop.providers.openai.format import OpenAiFormat
from everloop.providers.openai.request import ALWAYS, Requests, api_for

# At these values a field says nothing: all of these servers have the same default, and some refuse the mere name.
_DEFAULTS: Final = {"n": 1, "presence_penalty": 0.0, "frequency_penalty": 0.0}


class CompatibleFormat(OpenAiFormat):
    """The format as one server of it speaks it. `unsent` are the fields of a body that it does not know."""

    def __init__(self, facts: Capabilities, unsent: frozenset[str]) -> None:
        self._facts = facts
        self._requests = Requests(self._api, {**_DEFAULTS, **dict.fromkeys(unsent, ALWAYS)})

    def prepare(self, request_: GenerationRequest) -> PreparedCall:
        """The request in the server's words. Raises `errors.Unprocessable`."""
        return self._requests.prepare(request_)

    def _api(self, config: ModelConfig) -> Api:
        """Chats, unless the model is one for completions: other servers seldom have Responses, and never only them."""
        if config.other.get("api") is None:
            completes = self._facts.completions and api_of(config.model) is Api.COMPLETIONS
            return Api.COMPLETIONS if completes else Api.CHAT
        api = api_for(config)
        if api is Api.COMPLETIONS and not self._facts.completions:
            raise Unprocessable("The provider has no legacy completions: leave `api` in `other` out, or use `chat`.")
        return api
