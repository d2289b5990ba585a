"""Logs as v4 shows them."""

from typing import Any

import msgspec

from everloop.api.fields import moment
from everloop.api.v4.feedback_view import feedback
from everloop.api.v4.log_models import CreateLogResponse, LogResponse
from everloop.api.v4.message_models import message_view
from everloop.api.v4.project_config_view import config, project_config
from everloop.domain.generation import Usage
from everloop.domain.log import Log
from everloop.domain.toolbox import Toolbox
from everloop.services.logs import LogDetails

_decode = msgspec.json.Decoder().decode


def created(log: Log) -> CreateLogResponse:
    """Where a new log is."""
    return CreateLogResponse(id=log.id, project_id=log.project_id, session_id=log.session_id)


def log_response(details: LogDetails, tools: Toolbox) -> LogResponse:
    """One log."""
    log, body, use = details.log, details.log.body, details.use
    return LogResponse(
        project=details.project.name,
        project_id=log.project_id,
        session_id=log.session_id,
        session_reference_id=log.session_reference_id,
        parent_id=log.parent_id,
        parent_reference_id=log.parent_reference_id,
        inputs=_value(body.inputs) or {},
        source=log.source,
        metadata=_value(body.metadata),
        save=log.save,
        source_datapoint_id=log.source_datapoint_id,
        id=log.id,
        reference_id=log.reference_id,
        messages=_messages(body.messages),
        output=body.output,
        judgment=_value(body.judgment),
        config_id=log.config_id,
        config=None if use is None else config(use.version, tools),
        environment=details.environment,
        feedback=[feedback(each) for each in details.feedback],
        created_at=moment(log.created_at),
        error=body.error,
        stdout=body.stdout,
        output_message=None if body.output_message is None else message_view(_value(body.output_message)),
        provider_request=_value(body.provider_request),
        provider_response=_value(body.provider_response),
        user=log.user,
        raw_output=body.raw_output,
        tools=_value(body.tools) or [],
        tool_choice=_value(body.tool_choice),
        evaluation_results=[],
        observability_status="completed",
        updated_at=moment(log.updated_at),
        batch_ids=[],
        trial_id=log.trial_id,
        metric_values=[],
        project_config=None if use is None else project_config(details.project, use, tools),
        **_account(log),
    )


def _account(log: Log) -> dict[str, Any]:
    """How the call went and what it took, in v4's fields and in our own."""
    usage = log.usage
    attempts: list[dict[str, Any]] = _value(log.body.attempts) or []
    return {
        "finish_reason": log.finish_reason,
        "error_kind": log.error_kind,
        "prompt_tokens": None if usage is None else usage.prompt_tokens,
        "output_tokens": None if usage is None else usage.output_tokens,
        "tokens": usage.prompt_tokens + usage.output_tokens if isinstance(usage, Usage) else None,
        "reasoning_tokens": None if usage is None else usage.reasoning_tokens,
        "tokens_estimated": None if usage is None else usage.estimated,
        "prompt_cost": log.prompt_cost,
        "output_cost": log.output_cost,
        "duration": log.duration,
        "provider_latency": log.provider_latency,
        "time_to_first_token": log.time_to_first_token,
        "added_latency": _added(log, attempts),
        "provider_calls": log.provider_calls,
        "attempts": attempts,
        "arm_id": log.arm_id,
    }


def _added(log: Log, attempts: list[dict[str, Any]]) -> float | None:
    """What was not a provider's, those included that were asked before."""
    added = log.added_latency
    return None if added is None else max(0.0, added - sum(each["seconds"] for each in attempts))


def _messages(text: bytes | None) -> list[Any] | None:
    return None if text is None else [message_view(each) for each in _decode(text)]


def _value(text: bytes | None) -> Any:  # noqa: ANN401 - any JSON value
    return None if text is None else _decode(text)
