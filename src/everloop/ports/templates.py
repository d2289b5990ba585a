"""The port to an engine for templates that are more than names between braces."""

from collections.abc import Sequence
from typing import Protocol

from everloop.domain.document import Document
from everloop.domain.template_language import Rendered, TemplateFlaw
from everloop.domain.template_tool import TemplateTools


class TemplateEngine(Protocol):
    """Renders templates that anybody may write: within a second of computing, 256 MB, and 10 MB of output."""

    async def check(self, templates: Sequence[str]) -> TemplateFlaw | None:
        """The first flaw in the syntax of any of them. Raises `errors.Unavailable`."""
        ...

    async def render(self, templates: Sequence[str], inputs: Document, tools: TemplateTools) -> Rendered:
        """All of them, with the same inputs, an object.

        Raises `errors.MissingInputs` with the missing names of all templates, `errors.Unprocessable` for what cannot
        be rendered within the limits, and `errors.Unavailable` when nothing can be rendered at the moment.
        """
        ...
