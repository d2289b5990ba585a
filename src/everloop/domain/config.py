"""Configurations, their versions in projects, and their identity by content.

A model configuration is everything that decides what a provider is asked. Configurations of other types only say what
made a log elsewhere: they are kept and shown, and never called, deployed or sampled.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import field, fields
from enum import StrEnum
from typing import Any

from everloop.domain.ids import ConfigId, ProjectId
from everloop.domain.value import value


class Endpoint(StrEnum):
    """How a configuration is called: with one prompt, or with a list of messages."""

    COMPLETE = "complete"
    CHAT = "chat"


class _Referable:
    """What others may refer to without keeping it."""

    __slots__ = ("__weakref__",)


@value
class ModelConfig(_Referable):
    """The functional fields, with v4's defaults filled in. Two equal ones are the same version of a project.

    `chat_template` is a tuple of v4 messages and `tools` one of v4 tools, each as plain JSON objects. `max_tokens` of
    -1 means as many as the model gives. `other` goes into the provider's request as it is.
    """

    model: str
    provider: str = "openai"
    endpoint: Endpoint = Endpoint.COMPLETE
    prompt_template: str | None = None
    chat_template: tuple[Mapping[str, Any], ...] | None = None
    template_language: str = "default"
    tools: tuple[Mapping[str, Any], ...] = ()
    max_tokens: int = -1
    temperature: float = 1.0
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    other: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    response_format: Mapping[str, Any] | None = None
    reasoning_effort: str | int | None = None

    def functional(self) -> dict[str, Any]:
        """The fields as plain JSON values, by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


class LoggedType(StrEnum):
    """What there is besides model configurations."""

    TOOL = "tool"
    GENERIC = "generic"
    AGENT = "agent"


@value
class LoggedConfig:
    """What made a log elsewhere. `content` is v4's object of that type, as plain JSON, without what says nothing."""

    type: LoggedType
    content: Mapping[str, Any]

    def functional(self) -> dict[str, Any]:
        """All of it: whoever calls it something else has another one."""
        return {"type": self.type.value, "content": self.content}


def canonical_json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """One text per JSON value: keys sorted, no spaces, whole floats written as integers (1.0 is 1)."""
    return json.dumps(_canonical(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _canonical(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    match value:
        case float() if value.is_integer():
            return int(value)
        case Mapping():
            return {str(key): _canonical(item) for key, item in value.items()}
        case list() | tuple():
            return [_canonical(item) for item in value]
        case _:
            return value


def fingerprint(config: ModelConfig | LoggedConfig) -> str:
    """The identity of a configuration by content: SHA-256, in hexadecimal, of its canonical functional fields."""
    return hashlib.sha256(canonical_json(config.functional()).encode()).hexdigest()


@value
class ConfigVersion:
    """A model configuration registered in a project. `name` and `description` are labels, no part of its identity."""

    id: ConfigId
    project_id: ProjectId
    config: ModelConfig
    fingerprint: str
    created_at: int
    name: str | None = None
    description: str | None = None


@value
class LoggedVersion:
    """A configuration of another type in its project."""

    id: ConfigId
    project_id: ProjectId
    config: LoggedConfig
    fingerprint: str
    created_at: int
    name: str | None = None
    description: str | None = None


AnyVersion = ConfigVersion | LoggedVersion


@value
class ConfigUse:
    """A version with what is known of its use: how many logs, and when the last was made (Unix milliseconds)."""

    version: AnyVersion
    logs: int
    last_used: int | None
