"""A version of a prompt as a model configuration."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from everloop.domain.config import ConfigVersion, Endpoint, ModelConfig, fingerprint
from everloop.domain.ids import ConfigId, ProjectId
from everloop.domain.imported import LeftOut
from everloop.domain.template_language import DEFAULT, LANGUAGES
from everloop.imports.humanloop.messages import messages
from everloop.imports.humanloop.shapes import Id, Int64, Object, Text, Unmappable, keys, milliseconds, shaped, unplaced


class _Tool(msgspec.Struct, omit_defaults=True):
    name: Annotated[str, Meta(min_length=1)]
    description: str | None = None
    strict: bool | None = None
    parameters: Object | None = None


class _ResponseFormat(msgspec.Struct, omit_defaults=True):
    type: Literal["json_object", "json_schema", "text"]
    json_schema: Object | None = None


class _Version(msgspec.Struct, kw_only=True):
    version_id: Id
    created_at: datetime
    model: Annotated[Text, Meta(min_length=1)]
    endpoint: str | None = None
    template: str | list[Any] | None = None
    template_language: str | None = None
    provider: Text | None = None
    max_tokens: Int64 | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: str | list[str] | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    other: Object | None = None
    seed: Int64 | None = None
    response_format: _ResponseFormat | None = None
    reasoning_effort: Literal["high", "medium", "low"] | Int64 | None = None
    tools: list[_Tool] | None = None
    linked_tools: list[_Tool] | None = None
    version_name: Text | None = None
    version_description: Text | None = None
    commit_message: Text | None = None


# What says again what the file, the deployments, the logs or the template say.
_TOLD: Final = keys(
    _Version,
    *("path", "id", "name", "type", "directory_id", "environments", "updated_at", "last_used_at", "created_by"),
    *("version_logs_count", "total_logs_count", "inputs", "raw_file_content", "evaluators", "evaluator_aggregates"),
    *("schema", "status", "description", "tags", "readme"),
)


def config_version(project_id: ProjectId, value: Object) -> ConfigVersion:
    """The version. Raises `Unmappable`."""
    read = shaped(value, _Version)
    if read.template_language not in (None, *LANGUAGES):
        raise Unmappable(f"Its template is in the unknown language {read.template_language!r}.")
    prompt_template, chat_template = _templates(read)
    config = ModelConfig(
        model=read.model,
        provider=read.provider or "openai",
        endpoint=_endpoint(read),
        prompt_template=prompt_template,
        chat_template=chat_template,
        template_language=read.template_language or DEFAULT,
        tools=tuple(msgspec.to_builtins(each) for each in [*(read.tools or ()), *(read.linked_tools or ())]),
        max_tokens=-1 if read.max_tokens is None else read.max_tokens,
        temperature=1.0 if read.temperature is None else read.temperature,
        top_p=1.0 if read.top_p is None else read.top_p,
        stop=_stop(read.stop),
        presence_penalty=read.presence_penalty or 0.0,
        frequency_penalty=read.frequency_penalty or 0.0,
        other=read.other or {},
        seed=read.seed,
        response_format=_format(read.response_format),
        reasoning_effort=read.reasoning_effort,
    )
    return ConfigVersion(
        ConfigId(read.version_id),
        project_id,
        config,
        fingerprint(config),
        milliseconds(read.created_at),
        read.version_name,
        read.version_description or read.commit_message,
    )


def left_of_version(value: Object) -> tuple[LeftOut, ...]:
    """What a version has that has no place here."""
    found = unplaced(value, "a prompt version", _TOLD)
    linked = len(value.get("linked_tools") or ())
    return (*found, LeftOut("link to a tool", "its definition is written into the config", linked)) if linked else found


def _endpoint(read: _Version) -> Endpoint:
    if read.endpoint is None:
        return Endpoint.COMPLETE if isinstance(read.template, str) else Endpoint.CHAT
    try:
        return Endpoint(read.endpoint)
    except ValueError:
        raise Unmappable(f"It is called by {read.endpoint!r}, which v4 has no call for.") from None


def _templates(read: _Version) -> tuple[str | None, tuple[Object, ...] | None]:
    match read.template, _endpoint(read):
        case None, _:
            return None, None
        case str(text), Endpoint.COMPLETE:
            return text, None
        case list(found), Endpoint.CHAT:
            return None, messages(found)
        case _, endpoint:
            raise Unmappable(f"Its template is of another kind than its endpoint, {endpoint.value!r}.")


def _stop(stop: str | list[str] | None) -> tuple[str, ...]:
    if isinstance(stop, str):
        return (stop,) if stop else ()
    return tuple(stop or ())


def _format(read: _ResponseFormat | None) -> Object | None:
    if read is None or read.type == "text":
        return None
    found: Object = msgspec.to_builtins(read)
    return found
