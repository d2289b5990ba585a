"""Lookup: what stands in for names and calls that are not simply an input's text."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from everloop.domain.template_names import Call, call_in, input_at, quoted
from everloop.domain.template_tool import TemplateTool, TemplateTools, ToolResult
from everloop.errors import MissingInputs, UnknownTool, Unprocessable

# Characters of a call that an error repeats.
_LONGEST: Final = 200


class Lookup:
    """One call's. Nothing is raised for what is missing until `finish`, which tells all of it at once."""

    def __init__(self, inputs: Mapping[str, Any], tools: TemplateTools) -> None:
        self._inputs = inputs
        self._tools = tools
        self._texts: dict[str, str] = {}
        self._missing: set[str] = set()
        self._failure: Unprocessable | None = None
        self._results: list[ToolResult] = []

    def known(self, written: str) -> str | None:
        """The text, if it was made before."""
        return self._texts.get(written)

    def text(self, written: str) -> str:
        """The text for a name or a call, as it is written between the braces.

        Values that are not text are written as `str` writes them; None counts as missing. An input whose name is the
        whole text of a call is taken instead of calling. Raises `Unprocessable` for what cannot be written as text.
        """
        call = call_in(written)
        text = self._named(written) if call is None else self._called(written, call)
        self._texts[written] = text
        return text

    def finish(self) -> tuple[ToolResult, ...]:
        """The tools that ran. Raises `MissingInputs` with all missing names, else what a tool had against its call."""
        if self._missing:
            raise MissingInputs(sorted(self._missing))
        if self._failure is not None:
            raise self._failure
        return tuple(self._results)

    def _named(self, name: str) -> str:
        found = input_at(self._inputs, name)
        if found is None:
            self._missing.add(name)
            return ""
        return found if isinstance(found, str) else _text_of(found, name)

    def _called(self, written: str, call: Call) -> str:
        given = self._inputs.get(written)
        if given is not None:
            return given if isinstance(given, str) else _text_of(given, written)
        tool = self._tools.get(call.name)
        arguments = [self._argument(each, tool) for each in call.arguments]
        if self._missing or self._failure is not None:
            return ""  # the call fails in any case
        try:
            result = self._run(written, call, tool, arguments)
        except Unprocessable as failure:
            self._failure = failure
            return ""
        self._results.append(result)
        return result.result

    def _argument(self, argument: str, tool: TemplateTool | None) -> str:
        literal = quoted(argument)
        if literal is not None:
            return literal
        if tool is not None and tool.knows(argument) and input_at(self._inputs, argument) is None:
            return argument
        return self._named(argument)

    def _run(self, written: str, call: Call, tool: TemplateTool | None, arguments: Sequence[str]) -> ToolResult:
        if tool is None:
            told = written if len(written) <= _LONGEST else f"{written[:_LONGEST]}…"
            raise UnknownTool(
                f"The template calls {told!r}, but {_there(self._tools)}. An input of that very name would stand in"
                " for the call."
            )
        return ToolResult(tool.id, call.name, written, tool.run(arguments))


def _there(tools: TemplateTools) -> str:
    if not tools:
        return "the organisation has no tools for templates"
    return f"the organisation's tools for templates are {', '.join(sorted(tools))}"


def _text_of(found: object, name: str) -> str:
    try:
        return str(found)
    except RecursionError:
        raise Unprocessable(f"The input {name!r} is nested too deeply to be written as text.") from None
