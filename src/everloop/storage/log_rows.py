"""Logs as rows and back: values in the order of the tables' columns, with nothing looked up by name on the way in."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from everloop.domain.ids import (
    ConfigId,
    EnvironmentId,
    ExperimentId,
    LogId,
    OrganisationId,
    ProjectId,
    SessionId,
    TrialId,
)
from everloop.domain.log import Log, LogBody
from everloop.domain.usage import told

Values = tuple[str | int | float | None, ...]
Texts = tuple[str | None, ...]


def log_values(organisation_id: OrganisationId, each: Log) -> Values:
    """The row of `log`."""
    usage = each.usage
    return (
        organisation_id,
        each.id,
        each.project_id,
        each.config_id,
        each.created_at,
        each.updated_at,
        each.environment_id,
        each.session_id,
        each.session_reference_id,
        each.parent_id,
        each.parent_reference_id,
        each.reference_id,
        each.trial_id,
        each.source,
        each.source_datapoint_id,
        each.user,
        each.save,
        each.sample_index,
        each.finish_reason,
        each.error_kind,
        None if usage is None else usage.prompt_tokens,
        None if usage is None else usage.output_tokens,
        None if usage is None else usage.reasoning_tokens,
        None if usage is None else usage.estimated,
        each.prompt_cost,
        each.output_cost,
        each.provider_latency,
        each.time_to_first_token,
        each.duration,
        each.provider_calls,
        each.experiment_id,
        each.arm_id,
    )


def body_values(organisation_id: OrganisationId, each: Log) -> Texts:
    """The row of `log_body`. Raises `UnicodeDecodeError` when JSON is not UTF-8."""
    body = each.body
    return (
        organisation_id,
        each.id,
        json_text(body.inputs),
        json_text(body.metadata),
        json_text(body.messages),
        body.output,
        body.raw_output,
        json_text(body.output_message),
        body.error,
        body.stdout,
        json_text(body.judgment),
        json_text(body.tools),
        json_text(body.tool_choice),
        json_text(body.provider_request),
        json_text(body.provider_response),
        json_text(body.attempts),
    )


def session_values(organisation_id: OrganisationId, logs: Sequence[Log]) -> list[Values]:
    """The rows of `session` that logs bring with them.

    Those that callers named by a reference may be new. One that was there when its call began may have gone
    meanwhile, as old and without a log.
    """
    return [
        (organisation_id, each.session_id, each.created_at, each.session_reference_id)
        for each in logs
        if each.session_id is not None
    ]


def json_text(value: bytes | None) -> str | None:
    """UTF-8 JSON as the text that is stored."""
    return None if value is None else value.decode()


def json_bytes(text: str | None) -> bytes | None:
    """The text that is stored as UTF-8 JSON."""
    return None if text is None else text.encode()


def log_of(row: Row[Any], body: LogBody) -> Log:
    """The log in a row of `log`."""
    return Log(
        id=LogId(row.id),
        project_id=ProjectId(row.project_id),
        config_id=None if row.config_id is None else ConfigId(row.config_id),
        created_at=row.created_at,
        updated_at=row.updated_at,
        environment_id=None if row.environment_id is None else EnvironmentId(row.environment_id),
        session_id=None if row.session_id is None else SessionId(row.session_id),
        session_reference_id=row.session_reference_id,
        parent_id=None if row.parent_id is None else LogId(row.parent_id),
        parent_reference_id=row.parent_reference_id,
        reference_id=row.reference_id,
        experiment_id=None if row.experiment_id is None else ExperimentId(row.experiment_id),
        trial_id=None if row.trial_id is None else TrialId(row.trial_id),
        source=row.source,
        source_datapoint_id=row.source_datapoint_id,
        user=row.user,
        save=row.save,
        sample_index=row.sample_index,
        finish_reason=row.finish_reason,
        error_kind=row.error_kind,
        usage=told(row.prompt_tokens, row.output_tokens, row.reasoning_tokens, estimated=bool(row.usage_estimated)),
        prompt_cost=row.prompt_cost,
        output_cost=row.output_cost,
        provider_latency=row.provider_latency,
        time_to_first_token=row.time_to_first_token,
        duration=row.duration,
        provider_calls=row.provider_calls,
        arm_id=None if row.arm_id is None else ConfigId(row.arm_id),
        body=body,
    )


def body_of(row: Row[Any]) -> LogBody:
    """The body in a row of `log_body`."""
    return LogBody(
        inputs=json_bytes(row.inputs),
        metadata=json_bytes(row.metadata),
        messages=json_bytes(row.messages),
        output=row.output,
        raw_output=row.raw_output,
        output_message=json_bytes(row.output_message),
        error=row.error,
        stdout=row.stdout,
        judgment=json_bytes(row.judgment),
        tools=json_bytes(row.tools),
        tool_choice=json_bytes(row.tool_choice),
        provider_request=json_bytes(row.provider_request),
        provider_response=json_bytes(row.provider_response),
        attempts=json_bytes(row.attempts),
    )
