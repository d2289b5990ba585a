"""`POST /openai/v1/chat/completions` and `/openai/v1/completions`: OpenAI's own clients call what is deployed."""

from typing import Any, Final

from pydantic import BaseModel

from everloop.api.documentation import BEARER, KEY
from everloop.api.hot import HotRoute
from everloop.api.idempotency import Once
from everloop.api.openai.answer_models import ERRORS
from everloop.api.openai.call_models import CallRequest
from everloop.api.openai.calls import PATHS, handler
from everloop.api.openai.chat_models import ChatCompletion, ChatCompletionRequest
from everloop.api.openai.completion_models import TextCompletion, TextCompletionRequest
from everloop.api.openai.wire import CHAT, TEXT, Wire
from everloop.services.completion import CompletionService
from everloop.services.live_models import LiveModelService

_COMMON: Final = """\
`model` is a project's name, for what is deployed in the default environment, or `project@environment`; the longest name
that exists decides. A project that is not there is not made. Values for the template's variables are `inputs` (the
official client's `extra_body`), or else the texts in `metadata`.

The deployed config decides how the model is called: `temperature`, `max_tokens`, `stop` and the like are ignored, and
named in the answer's header `x-everloop-ignored`. `id` is the id of the call's log; with `n` the ids of all logs are in
`x-everloop-log-ids`."""
_CHAT: Final = f"""\
Runs the chat config, or the experiment with chat configs, that is deployed in the project's environment, and keeps the
call as a log: what `POST /v4/chat-deployed` does, in OpenAI's words, so that OpenAI's own clients can call it. The
model gets the config's chat template, filled, and then `messages`. `tools` are for a config that has none of its own.

{_COMMON}"""
_TEXT: Final = f"""\
Runs the completion config, or the experiment with such configs, that is deployed in the project's environment, and
keeps the call as a log: what `POST /v4/completion-deployed` does, in OpenAI's words. `prompt` is the value of the
template's variable `prompt`, unless `inputs` has one.

{_COMMON}"""

_Kind = tuple[Wire, str, str, str, type[CallRequest], type[BaseModel], dict[str, Any]]
_KINDS: Final[tuple[_Kind, ...]] = (
    (
        CHAT,
        "OpenAI_createChatCompletion",
        "Chat with what is deployed, as with OpenAI",
        _CHAT,
        ChatCompletionRequest,
        ChatCompletion,
        {"model": "support-bot", "messages": [{"role": "user", "content": "What is the weather in Paris?"}]},
    ),
    (
        TEXT,
        "OpenAI_createCompletion",
        "Complete with what is deployed, as with OpenAI",
        _TEXT,
        TextCompletionRequest,
        TextCompletion,
        {"model": "hello", "inputs": {"name": "Ada"}},
    ),
)


def openai_routes(service: CompletionService, models: LiveModelService, once: Once) -> list[HotRoute]:
    """Both calls."""
    return [
        HotRoute(
            method="POST",
            path=PATHS[wire.endpoint],
            handler=handler(service, models, once, operation, request_model, wire),
            operation_id=operation,
            summary=summary,
            description=description,
            request_model=request_model,
            response_model=response_model,
            example=example,
            errors=ERRORS,
            keys=(BEARER, KEY),
        )
        for wire, operation, summary, description, request_model, response_model, example in _KINDS
    ]
