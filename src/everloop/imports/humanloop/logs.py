"""Logs of prompts."""

from datetime import datetime
from typing import Any, Final

import msgspec

from everloop.domain.config import ConfigVersion
from everloop.domain.ids import LogId, ProjectId, SessionId
from everloop.domain.imported import ImportedLog, Problem, Remark
from everloop.domain.log import REPORTED, Log, LogBody
from everloop.domain.usage import told
from everloop.imports.humanloop.configs import config_version
from everloop.imports.humanloop.judgments import judgments
from everloop.imports.humanloop.messages import spoken
from everloop.imports.humanloop.shapes import (
    Count,
    Id,
    Name,
    Object,
    Text,
    Unmappable,
    keys,
    milliseconds,
    shaped,
    unplaced,
)

_encode: Final = msgspec.json.Encoder().encode


class _Log(msgspec.Struct, kw_only=True):
    id: Id
    prompt: Object
    created_at: datetime | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    inputs: Object | None = None
    messages: list[Object] | None = None
    tool_choice: str | Object | None = None
    output: str | None = None
    output_message: Object | None = None
    error: str | None = None
    stdout: str | None = None
    finish_reason: Text | None = None
    metadata: Object | None = None
    provider_request: Object | None = None
    provider_response: Object | None = None
    provider_latency: float | None = None
    prompt_tokens: Count | None = None
    output_tokens: Count | None = None
    reasoning_tokens: Count | None = None
    prompt_cost: float | None = None
    output_cost: float | None = None
    source: Text | None = None
    source_datapoint_id: Id | None = None
    user: Text | None = None
    environment: Name | None = None
    save: bool | None = None
    session_id: Id | None = None
    trace_id: Id | None = None
    trace_parent_id: Id | None = None
    evaluator_logs: list[Any] | None = None


# `trace_children` are in the files of their own prompts, and a log's own id may stand in it twice.
_TOLD: Final = keys(_Log, "trace_children", "trace_flow_id", "log_id", "log_status", "type")


def imported_log(project_id: ProjectId, value: Object, place: str) -> ImportedLog:
    """A log of a project. Raises `Unmappable`."""
    read = shaped(value, _Log)
    made = read.created_at or read.start_time
    if made is None:
        raise Unmappable("It has neither `created_at` nor `start_time`.")
    created_at, log_id = milliseconds(made), LogId(read.id)
    said, remarks = judgments(read.evaluator_logs or [], log_id, created_at, place)
    version = _version(project_id, read.prompt, place, remarks)
    session_id = read.session_id or read.trace_id
    log = Log(
        id=log_id,
        project_id=project_id,
        config_id=None if version is None else version.id,
        created_at=created_at,
        updated_at=created_at if read.end_time is None else milliseconds(read.end_time),
        session_id=None if session_id is None else SessionId(session_id),
        parent_id=None if read.trace_parent_id is None else LogId(read.trace_parent_id),
        source=read.source,
        source_datapoint_id=read.source_datapoint_id,
        user=read.user,
        save=read.save is not False,
        finish_reason=read.finish_reason,
        error_kind=REPORTED if read.error else None,
        usage=told(read.prompt_tokens, read.output_tokens, read.reasoning_tokens),
        prompt_cost=read.prompt_cost,
        output_cost=read.output_cost,
        provider_latency=read.provider_latency,
        duration=_duration(read),
        body=_body(read),
    )
    left = (*remarks, *unplaced(value, "a log", _TOLD))
    return ImportedLog(place, log, version, read.environment, tuple(said), left)


def _version(project_id: ProjectId, value: Object, place: str, remarks: list[Remark]) -> ConfigVersion | None:
    """What made the log. A log stays without it."""
    try:
        return config_version(project_id, value)
    except Unmappable as error:
        remarks.append(Problem(place, f"The log is kept without its config. {error}"))
        return None


def _duration(read: _Log) -> float | None:
    if read.start_time is None or read.end_time is None:
        return read.provider_latency
    return (milliseconds(read.end_time) - milliseconds(read.start_time)) / 1000


def _body(read: _Log) -> LogBody:
    metadata = None if read.metadata is None else _encode(read.metadata)
    if read.save is False:
        return LogBody(metadata=metadata)
    return LogBody(
        inputs=_encode(read.inputs or {}),
        metadata=metadata,
        messages=None if read.messages is None else _encode([spoken(each) for each in read.messages]),
        output=read.output,
        raw_output=read.output,
        output_message=None if read.output_message is None else _encode(spoken(read.output_message)),
        error=read.error,
        stdout=read.stdout,
        tool_choice=None if read.tool_choice is None else _encode(read.tool_choice),
        provider_request=None if read.provider_request is None else _encode(read.provider_request),
        provider_response=None if read.provider_response is None else _encode(read.provider_response),
    )
