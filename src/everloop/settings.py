"""The only reader of the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

_SHORTEST_KEY: Final = 32
_LEVELS: Final = ("debug", "info", "warning", "error")


# What is read of the environment for each: NAME_API_KEY and NAME_BASE_URL.
PROVIDERS: Final = (
    "openai",
    "openai_azure",
    "anthropic",
    "google",
    "cohere",
    "bedrock",
    "replicate",
    "groq",
    "mistral",
    "deepseek",
    "together",
    "fireworks",
    "openrouter",
    "xai",
    "perplexity",
    "ai21",
    "vllm",
    "llamacpp",
    "ollama",
)


class BadSetting(Exception):
    """A variable of the environment has a value that cannot be used."""


@dataclass(frozen=True, slots=True)
class ProviderSetting:
    """What the operator says of one provider."""

    key: str | None = field(repr=False)
    base_url: str | None


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator decided. Sizes are in bytes."""

    data_dir: Path
    database_url: str = field(repr=False)  # holds a password, unless it is a file
    api_key: str | None = field(repr=False)
    secret_key: str | None = field(repr=False)
    log_level: str
    max_body_bytes: int
    max_samples: int
    max_calls: int
    log_retention_days: int | None
    providers: Mapping[str, ProviderSetting]
    allowed_hosts: tuple[str, ...] = ()
    allowed_azure_hosts: tuple[str, ...] = ()

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """The settings in the environment. Raises `BadSetting`, naming the variable and what it takes."""
        data_dir = Path(environment.get("EVERLOOP_DATA_DIR") or ".everloop").absolute()
        return cls(
            data_dir=data_dir,
            database_url=environment.get("EVERLOOP_DATABASE_URL")
            or f"sqlite:///{quote(str(data_dir / 'everloop.db'))}",
            api_key=_long_enough(environment, "EVERLOOP_API_KEY"),
            secret_key=_long_enough(environment, "EVERLOOP_SECRET_KEY"),
            log_level=_level(environment),
            max_body_bytes=_positive(environment, "EVERLOOP_MAX_BODY_BYTES", 25_000_000),
            max_samples=_positive(environment, "EVERLOOP_MAX_SAMPLES", 32),
            max_calls=_positive(environment, "EVERLOOP_MAX_CALLS", 2000),
            log_retention_days=_positive(environment, "EVERLOOP_LOG_RETENTION_DAYS", 0) or None,
            providers={name: _provider(environment, name) for name in PROVIDERS},
            allowed_hosts=_words(environment, "EVERLOOP_ALLOWED_HOSTS"),
            allowed_azure_hosts=_words(environment, "EVERLOOP_ALLOWED_AZURE_HOSTS"),
        )


def _provider(environment: Mapping[str, str], name: str) -> ProviderSetting:
    return ProviderSetting(
        environment.get(f"{name.upper()}_API_KEY") or None, environment.get(f"{name.upper()}_BASE_URL") or None
    )


def _words(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    """A list with commas."""
    return tuple(each.strip() for each in environment.get(name, "").split(",") if each.strip())


def _long_enough(environment: Mapping[str, str], name: str) -> str | None:
    value = environment.get(name)
    if not value:
        return None
    if len(value) < _SHORTEST_KEY or not value.isascii() or not value.isprintable() or " " in value:
        raise BadSetting(
            f"{name} must be {_SHORTEST_KEY} or more visible ASCII characters; it has {len(value)}."
            " `openssl rand -hex 32` makes a good one."
        )
    return value


def _level(environment: Mapping[str, str]) -> str:
    level = (environment.get("EVERLOOP_LOG_LEVEL") or "info").lower()
    if level not in _LEVELS:
        raise BadSetting(f"EVERLOOP_LOG_LEVEL must be one of {', '.join(_LEVELS)}; it is {level!r}.")
    return level


def _positive(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name)
    if not text:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise BadSetting(f"{name} must be a whole number above 0; it is {text!r}.")
    return int(text)
