"""`POST /v4/completion-deployed`, the call that everything else exists for, and `POST /v4/completion-experiment`."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import msgspec
from pydantic import ValidationError

from everloop.api.exchange import Exchange
from everloop.api.hot import Handler, HotRoute
from everloop.api.idempotency import Once
from everloop.api.relay import relay
from everloop.api.strict_json import decode
from everloop.api.v4.completion_events import frames, usage_view
from everloop.api.v4.completion_models import (
    CompletionDeployedRequest,
    CompletionExperimentRequest,
    CompletionRequest,
    CompletionResponse,
)
from everloop.domain.document import EMPTY_OBJECT, Document
from everloop.domain.reference import LinkReference, ProjectReference
from everloop.domain.scope import Scope
from everloop.errors import FieldIssue, InvalidFields
from everloop.services.answer import Answer
from everloop.services.command import CompletionCommand
from everloop.services.completion import CompletionService

_encode = msgspec.json.Encoder().encode
_Request = TypeVar("_Request", bound=CompletionRequest)
_CREATE_DEPLOYED: Final = "Completions_createDeployed"
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


def completion_deployed(service: CompletionService, once: Once) -> HotRoute:
    """The route for what is deployed."""
    return HotRoute(
        method="POST",
        path="/v4/completion-deployed",
        handler=_handler(service, once, _CREATE_DEPLOYED, _deployed_command),
        operation_id=_CREATE_DEPLOYED,
        summary="Complete with what is deployed",
        description=_DEPLOYED,
        request_model=CompletionDeployedRequest,
        response_model=CompletionResponse,
        example={"project": "hello", "inputs": {"name": "Ada"}},
    )


def completion_experiment(service: CompletionService, once: Once) -> HotRoute:
    """The route for an experiment."""
    return HotRoute(
        method="POST",
        path="/v4/completion-experiment",
        handler=_handler(service, once, _CREATE_EXPERIMENT, _experiment_command),
        operation_id=_CREATE_EXPERIMENT,
        summary="Complete with the configs of an experiment",
        description=_EXPERIMENT,
        request_model=CompletionExperimentRequest,
        response_model=CompletionResponse,
        example={"experiment_id": "exp_4Tz8Wq1NvB6yKs3LpXc0d", "inputs": {"name": "Ada"}, "num_samples": 2},
    )


def _handler(
    service: CompletionService,
    once: Once,
    operation: str,
    parse: Callable[[bytes], tuple[CompletionRequest, CompletionCommand]],
) -> Handler:
    async def handle(caller: Scope, body: bytes, exchange: Exchange) -> None:
        request, command = parse(body)
        if exchange.idempotency_key is not None:
            await once.answer(operation, handle, caller, body, exchange, save=command.save)
            return
        if request.stream:
            answer = await service.stream(caller, command)
            await relay(exchange, frames(answer))
        else:
            await exchange.answer(200, _whole(await service.complete(caller, command), command, request))

    return handle


def _deployed_command(body: bytes) -> tuple[CompletionRequest, CompletionCommand]:
    request = _parse(CompletionDeployedRequest, body)
    project = ProjectReference(request.project, request.project_id)
    return request, _command(request, project, environment=request.environment)


def _experiment_command(body: bytes) -> tuple[CompletionRequest, CompletionCommand]:
    request = _parse(CompletionExperimentRequest, body)
    named = bool(request.project or request.project_id)
    project = ProjectReference(request.project, request.project_id) if named else None
    return request, _command(request, project, experiment_id=request.experiment_id)


def _parse(model: type[_Request], body: bytes) -> _Request:
    try:
        return model.model_validate(decode(body))
    except ValidationError as error:
        raise InvalidFields(
            [
                FieldIssue(("body", *each["loc"]), each["msg"], each["type"])
                for each in error.errors(include_input=False)
            ]
        ) from None


def _command(
    request: CompletionRequest,
    project: ProjectReference | None,
    *,
    environment: str | None = None,
    experiment_id: str | None = None,
) -> CompletionCommand:
    keys = request.provider_api_keys
    return CompletionCommand(
        project=project,
        experiment_id=experiment_id,
        links=LinkReference(
            request.session_id, request.session_reference_id, request.parent_id, request.parent_reference_id
        ),
        environment=environment,
        inputs=_document(request.inputs) or EMPTY_OBJECT,
        source=request.source,
        metadata=_document(request.metadata),
        save=request.save is not False,
        source_datapoint_id=request.source_datapoint_id,
        provider_api_keys={name: key for name, key in keys if key} if keys else {},
        num_samples=1 if request.num_samples is None else request.num_samples,
        user=request.user,
        seed=request.seed,
        logprobs=request.logprobs,
        suffix=request.suffix,
    )


def _document(value: Mapping[str, Any] | None) -> Document | None:
    return None if value is None else Document(value, _encode(value))


def _whole(answer: Answer, command: CompletionCommand, request: CompletionRequest) -> bytes:
    inputs = {} if request.return_inputs is False else msgspec.Raw(command.inputs.text)
    data = [
        {
            "id": sample.log_id,
            "index": sample.index,
            "output": sample.output,
            "raw_output": sample.raw_output,
            "inputs": inputs,
            "finish_reason": sample.finish_reason,
            "model_config_id": sample.config_id,
            "tool_results": [],
        }
        for sample in answer.samples
    ]
    return _encode(
        {
            "project_id": answer.project_id,
            "num_samples": command.num_samples,
            "logprobs": command.logprobs,
            "suffix": command.suffix,
            "user": command.user,
            "data": data,
            "usage": usage_view(answer.usage),
            "metadata": msgspec.Raw(command.metadata.text) if command.metadata else None,
            "provider_responses": [msgspec.Raw(each) for each in answer.provider_responses],
            "provider_request": msgspec.Raw(answer.provider_request),
            "session_id": answer.session_id,
        }
    )
