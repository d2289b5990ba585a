"""`POST /v4/chat-deployed` and the other chats: as completions, with a list of messages in the place of one prompt."""

from typing import Any, Final

from everloop.api.hot import HotRoute
from everloop.api.idempotency import Once
from everloop.api.v4.calls import handler
from everloop.api.v4.chat_models import (
    ChatDeployedRequest,
    ChatExperimentRequest,
    ChatModelConfigRequest,
    ChatRequest,
    ChatResponse,
)
from everloop.api.v4.chat_view import CHAT
from everloop.services.completion import CompletionService

_CREATE: Final = "Chats_create"
_CREATE_DEPLOYED: Final = "Chats_createDeployed"
_CREATE_MODEL_CONFIG: Final = "Chats_createModelConfig"
_CREATE_EXPERIMENT: Final = "Chats_createExperiment"
_DEPLOYED: Final = """\
Runs the chat config, or the experiment with chat configs, that is deployed in the project's environment. The model gets
the config's chat template, filled with `inputs`, and then `messages` as they are; the answer comes once its log is on
disk. `output_message` is the model's answer, ready to be sent back in the next call's `messages`; when it has
`tool_calls`, one message of the role `tool` for each of them follows. With `stream: true` the answer is server-sent
events, each a `ChatResponse` with a piece of one sample in `data[0]`: of its text (`output`), or of one tool call
(`tool_calls[0]`, whose `arguments` are to be put together by `index`)."""
_MODEL_CONFIG: Final = """\
The same with a registered config, deployed or not. The log belongs to no environment."""
_INLINE: Final = """\
The same with a config that comes with the call. It is registered in the project, unless a config of the same content is
there already; the project is made when new. Nothing goes live by it, and the log belongs to no environment."""
_EXPERIMENT: Final = """\
The same with the configs of an experiment, deployed or not: each sample draws its own, and `data[].model_config_id`
says which. `provider_request` is that of the first config drawn."""
_MESSAGES: Final[list[dict[str, Any]]] = [{"role": "user", "content": "What is the weather in Paris?"}]


def chat_routes(service: CompletionService, once: Once) -> list[HotRoute]:
    """All chats."""
    return [
        chat_deployed(service, once),
        chat_model_config(service, once),
        chat_inline(service, once),
        chat_experiment(service, once),
    ]


def chat_deployed(service: CompletionService, once: Once) -> HotRoute:
    """The route for what is deployed."""
    return HotRoute(
        method="POST",
        path="/v4/chat-deployed",
        handler=handler(service, once, _CREATE_DEPLOYED, ChatDeployedRequest, CHAT),
        operation_id=_CREATE_DEPLOYED,
        summary="Chat with what is deployed",
        description=_DEPLOYED,
        request_model=ChatDeployedRequest,
        response_model=ChatResponse,
        example={"project": "support-bot", "messages": _MESSAGES},
    )


def chat_model_config(service: CompletionService, once: Once) -> HotRoute:
    """The route for a registered config."""
    return HotRoute(
        method="POST",
        path="/v4/chat-model-config",
        handler=handler(service, once, _CREATE_MODEL_CONFIG, ChatModelConfigRequest, CHAT),
        operation_id=_CREATE_MODEL_CONFIG,
        summary="Chat with a registered config",
        description=_MODEL_CONFIG,
        request_model=ChatModelConfigRequest,
        response_model=ChatResponse,
        example={"model_config_id": "config_7Hq2mXc5TzJ8wK1sRdV0b", "messages": _MESSAGES},
    )


def chat_inline(service: CompletionService, once: Once) -> HotRoute:
    """The route for a config that comes with the call."""
    return HotRoute(
        method="POST",
        path="/v4/chat",
        handler=handler(service, once, _CREATE, ChatRequest, CHAT),
        operation_id=_CREATE,
        summary="Chat with a config of the call's own",
        description=_INLINE,
        request_model=ChatRequest,
        response_model=ChatResponse,
        example={
            "project": "support-bot",
            "messages": _MESSAGES,
            "model_config": {
                "provider": "mock",
                "model": "mock-1",
                "chat_template": [{"role": "system", "content": "Be kind."}],
            },
        },
    )


def chat_experiment(service: CompletionService, once: Once) -> HotRoute:
    """The route for an experiment."""
    return HotRoute(
        method="POST",
        path="/v4/chat-experiment",
        handler=handler(service, once, _CREATE_EXPERIMENT, ChatExperimentRequest, CHAT),
        operation_id=_CREATE_EXPERIMENT,
        summary="Chat with the configs of an experiment",
        description=_EXPERIMENT,
        request_model=ChatExperimentRequest,
        response_model=ChatResponse,
        example={"experiment_id": "exp_4Tz8Wq1NvB6yKs3LpXc0d", "messages": _MESSAGES, "num_samples": 2},
    )
