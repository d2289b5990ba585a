"""What keeps secrets out of log events, whatever was put into them."""

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, Final

from structlog.typing import EventDict, WrappedLogger

HIDDEN: Final = "[redacted]"
_DEEPEST: Final = 6

# How names end that hold secrets (x-api-key, provider_api_keys, aws_secret_access_key), without case and punctuation.
_SECRET_ENDINGS: Final = (
    "apikey",
    "apikeys",
    "secretkey",
    "accesskey",
    "privatekey",
    "authorization",
    "password",
    "secret",
    "cookie",
    "accesstoken",
    "securitytoken",
)
_SECRET_NAMES: Final = frozenset({"key", "token"})
_PUNCTUATION: Final = re.compile(r"[^a-z0-9]")

# Every pattern below needs one of these. Looking for them costs a microsecond, the patterns ten times that.
_SUSPICIOUS: Final = (
    "key",
    "authorization",
    "password",
    "cookie",
    "bearer",
    "sk-",
    "sk_",
    "xai-",
    "r8_",
    "aiza",
    "akia",
    "asia",
)

# Shapes that give a key away: ours, OpenAI's and Anthropic's (sk-), Groq's, xAI's, Replicate's, Google's, those of AWS.
_KEY: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:hl_sk_[A-Za-z0-9]+|(?:sk-|gsk_|xai-|r8_)[A-Za-z0-9_-]{6,}|AIza[A-Za-z0-9_-]{30,}|A[KS]IA[A-Z0-9]{16})"
)
_BEARER: Final = re.compile(r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}")
# A secret's name and its value inside a text: headers, query strings, JSON, the `repr` of mappings and of header pairs.
_NAMED: Final = re.compile(
    r"""(?ix)
    ((?: api[-_]?keys? | secret[-_]?key | access[-_]?key | authorization | password | cookie )
     (?: ["']?\s*[:=]\s* | ["']\s*,\s* ) (?: b(?=["']) )? )
    (?: \{[^{}]*\} | "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | ["']?(?:(?:bearer|basic)\s+)?[^\s,;&"'}\])]+ )
    """
)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A structlog processor: the event with secrets replaced.

    Pure; has to run after whatever renders exceptions. Values of other types than JSON's become (redacted) text, since
    a later renderer would write what this one cannot see.
    """
    return _mapping(event, 0)


def redact_text(text: str) -> str:
    """The text without what looks like a key. Lone surrogates, which no encoding can write, become escapes."""
    lowered = text.lower()
    if any(word in lowered for word in _SUSPICIOUS):
        text = _NAMED.sub(rf"\g<1>{HIDDEN}", text)
        text = _BEARER.sub(rf"\g<1>{HIDDEN}", text)
        text = _KEY.sub(HIDDEN, text)
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _mapping(values: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    shown = ((_shown(name), value) for name, value in values.items())
    return {name: HIDDEN if _is_secret(name) else _value(value, depth) for name, value in shown}


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    plain = _PUNCTUATION.sub("", name.lower())
    return plain in _SECRET_NAMES or plain.endswith(_SECRET_ENDINGS)


def _value(value: object, depth: int) -> object:
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int) and value.bit_length() < 64:
        return value
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _container(value, depth + 1)
    return _shown(value)


def _container(value: Mapping[Any, Any] | Collection[Any], depth: int) -> object:
    if depth > _DEEPEST:
        return "[…]"
    if isinstance(value, Mapping):
        return _mapping(value, depth)
    return [_value(item, depth) for item in value]


def _shown(value: object) -> str:
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, bytes | bytearray):
        return redact_text(value.decode("utf-8", "replace"))
    try:
        return redact_text(repr(value))
    except Exception as error:  # noqa: BLE001 - another library's __repr__ may raise anything; the rest of the event counts
        return f"[{type(value).__name__} whose repr raised {type(error).__name__}]"
