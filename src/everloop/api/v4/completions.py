"""`POST /v4/completion-deployed`, the call that everything else exists for, and the other completions."""

from typing import Any, Final

from everloop.api.hot import HotRoute
from everloop.api.idempotency import Once
from everloop.api.v4.call_routes import Kind, Way
from everloop.api.v4.completion_models import (
    CompletionCallRequest,
    CompletionDeployedRequest,
    CompletionExperimentRequest,
    CompletionModelConfigRequest,
    CompletionRequest,
    CompletionResponse,
)
from everloop.api.v4.completion_view import COMPLETION
from everloop.services.completion import CompletionService

_DEPLOYED: Final = """\
Runs whatever is deployed in the project's environment: fills the template with `inputs`, calls the model provider,
keeps the call as a log (one per sample), and answers once that log is on disk. Where an experiment is deployed, the
call's `user` (else its session, else chance) decides which of its configs answers. With `stream: true` the answer is
server-sent events, each a `CompletionResponse` with a piece of one sample in `data[0]`."""
_COMPLETIONS: Final = Kind("/v4/completion", "Completions", "Complete", _DEPLOYED, CompletionResponse, COMPLETION)
_INPUTS: Final = {"name": "Ada"}
_CONFIG: Final = {"provider": "mock", "model": "mock-1", "prompt_template": "Greet {{name}}."}
_WAYS: Final[tuple[tuple[Way, type[CompletionCallRequest], dict[str, Any]], ...]] = (
    (Way.DEPLOYED, CompletionDeployedRequest, {"project": "hello", "inputs": _INPUTS}),
    (
        Way.MODEL_CONFIG,
        CompletionModelConfigRequest,
        {"model_config_id": "config_7Hq2mXc5TzJ8wK1sRdV0b", "inputs": _INPUTS},
    ),
    (Way.INLINE, CompletionRequest, {"project": "hello", "inputs": _INPUTS, "model_config": _CONFIG}),
    (
        Way.EXPERIMENT,
        CompletionExperimentRequest,
        {"experiment_id": "exp_4Tz8Wq1NvB6yKs3LpXc0d", "inputs": _INPUTS, "num_samples": 2},
    ),
)


def completion_routes(service: CompletionService, once: Once) -> list[HotRoute]:
    """All completions."""
    return [_COMPLETIONS.route(service, once, *each) for each in _WAYS]
