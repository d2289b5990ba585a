"""`POST /v4/completion-deployed`, the call that everything else exists for, and the other completions."""

from typing import Final

from everloop.api.hot import HotRoute
from everloop.api.idempotency import Once
from everloop.api.v4.calls import handler
from everloop.api.v4.completion_models import (
    CompletionDeployedRequest,
    CompletionExperimentRequest,
    CompletionModelConfigRequest,
    CompletionRequest,
    CompletionResponse,
)
from everloop.api.v4.completion_view import COMPLETION
from everloop.services.completion import CompletionService

_CREATE: Final = "Completions_create"
_CREATE_DEPLOYED: Final = "Completions_createDeployed"
_CREATE_MODEL_CONFIG: Final = "Completions_createModelConfig"
_CREATE_EXPERIMENT: Final = "Completions_createExperiment"
_DEPLOYED: Final = """\
Runs whatever is deployed in the project's environment: fills the template with `inputs`, calls the model provider,
keeps the call as a log (one per sample), and answers once that log is on disk. Where an experiment is deployed, the
call's `user` (else its session, else chance) decides which of its configs answers. With `stream: true` the answer is
server-sent events, each a `CompletionResponse` with a piece of one sample in `data[0]`."""
_EXPERIMENT: Final = """\
The same with the configs of an experiment, deployed or not: each sample draws its own, and `data[].model_config_id`
says which. `provider_request` is that of the first config drawn. Once the experiment is concluded its winner answers,
or its control when it was stopped without one."""
_MODEL_CONFIG: Final = """\
The same with a registered config, deployed or not. The log belongs to no environment."""
_INLINE: Final = """\
The same with a config that comes with the call. It is registered in the project, unless a config of the same content is
there already; the project is made when new. Nothing goes live by it, and the log belongs to no environment."""


def completion_routes(service: CompletionService, once: Once) -> list[HotRoute]:
    """All completions."""
    return [
        completion_deployed(service, once),
        completion_model_config(service, once),
        completion_inline(service, once),
        completion_experiment(service, once),
    ]


def completion_deployed(service: CompletionService, once: Once) -> HotRoute:
    """The route for what is deployed."""
    return HotRoute(
        method="POST",
        path="/v4/completion-deployed",
        handler=handler(service, once, _CREATE_DEPLOYED, CompletionDeployedRequest, COMPLETION),
        operation_id=_CREATE_DEPLOYED,
        summary="Complete with what is deployed",
        description=_DEPLOYED,
        request_model=CompletionDeployedRequest,
        response_model=CompletionResponse,
        example={"project": "hello", "inputs": {"name": "Ada"}},
    )


def completion_model_config(service: CompletionService, once: Once) -> HotRoute:
    """The route for a registered config."""
    return HotRoute(
        method="POST",
        path="/v4/completion-model-config",
        handler=handler(service, once, _CREATE_MODEL_CONFIG, CompletionModelConfigRequest, COMPLETION),
        operation_id=_CREATE_MODEL_CONFIG,
        summary="Complete with a registered config",
        description=_MODEL_CONFIG,
        request_model=CompletionModelConfigRequest,
        response_model=CompletionResponse,
        example={"model_config_id": "config_7Hq2mXc5TzJ8wK1sRdV0b", "inputs": {"name": "Ada"}},
    )


def completion_inline(service: CompletionService, once: Once) -> HotRoute:
    """The route for a config that comes with the call."""
    return HotRoute(
        method="POST",
        path="/v4/completion",
        handler=handler(service, once, _CREATE, CompletionRequest, COMPLETION),
        operation_id=_CREATE,
        summary="Complete with a config of the call's own",
        description=_INLINE,
        request_model=CompletionRequest,
        response_model=CompletionResponse,
        example={
            "project": "hello",
            "inputs": {"name": "Ada"},
            "model_config": {"provider": "mock", "model": "mock-1", "prompt_template": "Greet {{name}}."},
        },
    )


def completion_experiment(service: CompletionService, once: Once) -> HotRoute:
    """The route for an experiment."""
    return HotRoute(
        method="POST",
        path="/v4/completion-experiment",
        handler=handler(service, once, _CREATE_EXPERIMENT, CompletionExperimentRequest, COMPLETION),
        operation_id=_CREATE_EXPERIMENT,
        summary="Complete with the configs of an experiment",
        description=_EXPERIMENT,
        request_model=CompletionExperimentRequest,
        response_model=CompletionResponse,
        example={"experiment_id": "exp_4Tz8Wq1NvB6yKs3LpXc0d", "inputs": {"name": "Ada"}, "num_samples": 2},
    )
