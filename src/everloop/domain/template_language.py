"""The languages of templates: v4's own, which is filled here, and Jinja's, which takes an engine."""

from collections.abc import Iterator
from typing import Final

from everloop.domain.config import ModelConfig
from everloop.domain.template_tool import ToolResult
from everloop.domain.value import value

DEFAULT: Final = "default"
JINJA: Final = "jinja"
LANGUAGES: Final = (DEFAULT, JINJA)

Location = tuple[str | int, ...]


@value
class TemplateFlaw:
    """Why a template cannot be rendered, in a sentence.

    `place` is its place among those that were looked at, None when it may be any of them.
    """

    place: int | None
    message: str


@value
class Rendered:
    """Templates that were rendered, in their order, and the tools that ran."""

    texts: tuple[str, ...]
    tool_results: tuple[ToolResult, ...] = ()


def templates_of(config: ModelConfig) -> Iterator[tuple[Location, str]]:
    """Every text of a configuration that is a template, with its path in the configuration."""
    if config.prompt_template is not None:
        yield ("prompt_template",), config.prompt_template
    for place, message in enumerate(config.chat_template or ()):
        content = message.get("content")
        if isinstance(content, str):
            yield ("chat_template", place, "content"), content
        for number, part in enumerate(content if isinstance(content, list | tuple) else ()):
            if part.get("type") == "text":
                yield ("chat_template", place, "content", number, "text"), part["text"]
