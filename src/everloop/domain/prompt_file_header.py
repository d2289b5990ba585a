"""The header of a `.prompt` file, written: YAML whose lists and objects are JSON, so that any YAML reader takes it."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from everloop.domain.config import ModelConfig

# What needs no quotes in any version of YAML.
_PLAIN: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9_./@-]|:(?=[A-Za-z0-9]))*")
_RESERVED: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
# JSON has these as they are; YAML refuses them, or takes them for line ends.
_UNPRINTABLE: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
# Further in, a deep value's many short lines would be mostly margin: a hundred times what was sent.
_WIDEST_MARGIN: Final = 20
# YAML looks 1024 characters far for the colon after a key, unless the key is announced by a question mark.
_LONGEST_KEY: Final = 1000


def header(config: ModelConfig, labels: Mapping[str, str | None], more: Mapping[str, Any]) -> str:
    """Its lines, each with a line end: what every file says, what this one does, then `more` keys.

    Labels that are None are left out, and so are settings that have no value.
    """
    entries = {**_given(labels), **_always(config), **_given(_sometimes(config)), **more}
    return "".join(f"{key}: {_scalar_or_json(each)}\n" for key, each in entries.items())


def _always(config: ModelConfig) -> dict[str, Any]:
    return {
        "model": config.model,
        "temperature": config.temperature,
        "max_tokens": config.max_tokens,
        "top_p": config.top_p,
        "presence_penalty": config.presence_penalty,
        "frequency_penalty": config.frequency_penalty,
        "provider": config.provider,
        "endpoint": config.endpoint.value,
    }


def _sometimes(config: ModelConfig) -> dict[str, Any]:
    return {
        "template_language": None if config.template_language == "default" else config.template_language,
        "seed": config.seed,
        "reasoning_effort": config.reasoning_effort,
        "stop": config.stop or None,
        "response_format": config.response_format,
        "other": config.other or None,
        "tools": config.tools or None,
    }


def _given(entries: Mapping[str, Any]) -> dict[str, Any]:
    return {key: each for key, each in entries.items() if each is not None}


def _scalar_or_json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _RESERVED:
        return value
    return _json(value, "")


def _json(value: Any, margin: str) -> str:  # noqa: ANN401 - any JSON value
    """JSON with two spaces a level; lists of numbers and short texts are on one line."""
    inner = f"{margin}  " if len(margin) < _WIDEST_MARGIN else margin
    match value:
        case Mapping() if value:
            lines = [f"{inner}{_key(key)}: {_json(each, inner)}" for key, each in value.items()]
            return "{\n" + ",\n".join(lines) + f"\n{margin}}}"
        case list() | tuple() if any(isinstance(each, Mapping | list | tuple) for each in value):
            lines = [f"{inner}{_json(each, inner)}" for each in value]
            return "[\n" + ",\n".join(lines) + f"\n{margin}]"
        case list() | tuple():
            return "[" + ", ".join(_json(each, inner) for each in value) + "]"
        case Mapping():
            return "{}"
        case _:
            return _UNPRINTABLE.sub(_escape, json.dumps(value, ensure_ascii=False, allow_nan=False))


def _key(key: str) -> str:
    quoted = _json(key, "")
    return f"? {quoted} " if len(quoted) > _LONGEST_KEY else quoted


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
