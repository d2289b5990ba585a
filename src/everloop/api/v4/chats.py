"""`POST /v4/chat-deployed` and the other chats: as completions, with a list of messages in the place of one prompt."""

from typing import Any, Final

from everloop.api.hot import HotRoute
from everloop.api.idempotency import Once
from everloop.api.v4.call_routes import Kind, Way
from everloop.api.v4.chat_models import (
    ChatCallRequest,
    ChatDeployedRequest,
    ChatExperimentRequest,
    ChatModelConfigRequest,
    ChatRequest,
    ChatResponse,
)
from everloop.api.v4.chat_view import CHAT
from everloop.services.completion import CompletionService

_DEPLOYED: Final = """\
Runs the chat config, or the experiment with chat configs, that is deployed in the project's environment. The model gets
the config's chat template, filled with `inputs`, and then `messages` as they are; the answer comes once its log is on
disk. `output_message` is the model's answer, ready to be sent back in the next call's `messages`; when it has
`tool_calls`, one message of the role `tool` for each of them follows. With `stream: true` the answer is server-sent
events, each a `ChatResponse` with a piece of one sample in `data[0]`: of its text (`output`), or of one tool call
(`tool_calls[0]`, whose `arguments` are to be put together by `index`)."""
_CHATS: Final = Kind("/v4/chat", "Chats", "Chat", _DEPLOYED, ChatResponse, CHAT)
_MESSAGES: Final[list[dict[str, Any]]] = [{"role": "user", "content": "What is the weather in Paris?"}]
_CONFIG: Final = {
    "provider": "mock",
    "model": "mock-1",
    "chat_template": [{"role": "system", "content": "Be kind."}],
}
_WAYS: Final[tuple[tuple[Way, type[ChatCallRequest], dict[str, Any]], ...]] = (
    (Way.DEPLOYED, ChatDeployedRequest, {"project": "support-bot", "messages": _MESSAGES}),
    (
        Way.MODEL_CONFIG,
        ChatModelConfigRequest,
        {"model_config_id": "config_7Hq2mXc5TzJ8wK1sRdV0b", "messages": _MESSAGES},
    ),
    (Way.INLINE, ChatRequest, {"project": "support-bot", "messages": _MESSAGES, "model_config": _CONFIG}),
    (
        Way.EXPERIMENT,
        ChatExperimentRequest,
        {"experiment_id": "exp_4Tz8Wq1NvB6yKs3LpXc0d", "messages": _MESSAGES, "num_samples": 2},
    ),
)


def chat_routes(service: CompletionService, once: Once) -> list[HotRoute]:
    """All chats."""
    return [_CHATS.route(service, once, *each) for each in _WAYS]
