"""Tools of a configuration: which the model may call, and which it must."""

from collections.abc import Mapping
from typing import Any

from everloop.domain.config import ModelConfig
from everloop.errors import InvalidFields


def has_tools(config: ModelConfig) -> bool:
    """Whether a configuration has tools of its own, be it in the provider's words."""
    return bool(config.tools) or "tools" in config.other


def check_choice(config: ModelConfig, choice: str | Mapping[str, Any] | None) -> None:
    """Raises `InvalidFields` when a call asks for a tool that its configuration does not have.

    Tools in `other` are the provider's own affair: what is there is not looked at.
    """
    if choice is None or choice in ("none", "auto") or "tools" in config.other:
        return
    names = [str(tool.get("name") or tool.get("id")) for tool in config.tools]
    if isinstance(choice, str):
        if not names:
            raise _refused("The config has no tools, so that none can be required.")
    elif choice["function"]["name"] not in names:
        there = f"only {', '.join(names)}" if names else "no tools"
        raise _refused(f"The config has no tool {choice['function']['name']!r}, but {there}.")


def _refused(message: str) -> InvalidFields:
    return InvalidFields.one(("body", "tool_choice"), message)
