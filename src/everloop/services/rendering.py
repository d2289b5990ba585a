"""Rendering: what fills the templates of one call, in the language of its configuration."""

from collections.abc import Mapping
from typing import Protocol

from everloop.domain.config import ModelConfig
from everloop.domain.document import Document
from everloop.domain.filling import Filling
from everloop.domain.template_language import JINJA, templates_of
from everloop.domain.template_tool import TemplateTools, ToolResult
from everloop.errors import InvalidFields
from everloop.ports.templates import TemplateEngine


class Filler(Protocol):
    """What fills the templates of one configuration for one call."""

    def fill(self, template: str) -> str:
        """One of its templates, filled. Raises `Unprocessable`."""
        ...

    def finish(self) -> tuple[ToolResult, ...]:
        """The tools that ran. Raises `MissingInputs` and `Unprocessable` for what was found while filling."""
        ...


class _Filled:
    """Templates that are filled already."""

    def __init__(self, texts: Mapping[str, str], tool_results: tuple[ToolResult, ...]) -> None:
        self._texts = texts
        self._tool_results = tool_results

    def fill(self, template: str) -> str:
        return self._texts[template]

    def finish(self) -> tuple[ToolResult, ...]:
        return self._tool_results


class Rendering:
    """v4's own language is filled here, as it comes up; Jinja's is rendered elsewhere, all templates at once."""

    def __init__(self, engine: TemplateEngine) -> None:
        self._engine = engine

    async def filler(self, config: ModelConfig, inputs: Document, tools: TemplateTools) -> Filler:
        """For one call. Raises `MissingInputs`, `Unprocessable` and `Unavailable`."""
        if config.template_language != JINJA:
            return Filling(inputs.value, tools)
        templates = [text for _, text in templates_of(config)]  # repeated ones too: all that is sent is counted
        rendered = await self._engine.render(templates, inputs, tools)
        return _Filled(dict(zip(templates, rendered.texts, strict=True)), rendered.tool_results)

    async def check(self, config: ModelConfig) -> None:
        """Raises `InvalidFields` for a template whose syntax is wrong, and `Unavailable`.

        v4's own language has no wrong syntax: what is no name and no call is text.
        """
        if config.template_language != JINJA:
            return
        templates = list(templates_of(config))
        flaw = await self._engine.check([text for _, text in templates])
        if flaw is not None:
            place = 0 if len(templates) == 1 else flaw.place
            location = () if place is None else templates[place][0]
            raise InvalidFields.one(("body", *location), flaw.message)
