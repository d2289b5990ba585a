"""The tools of an organisation together: what the links of configurations lead to, and what templates call."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import Any, Final

from everloop.domain.config import ConfigVersion, ModelConfig
from everloop.domain.organisation_tool import LINKED, OrganisationTool, ToolKind
from everloop.domain.snippets import Snippets
from everloop.domain.template_language import templates_of
from everloop.domain.template_tool import TemplateTools
from everloop.domain.value import value
from everloop.errors import UnknownTool


def is_link(tool: Mapping[str, Any]) -> bool:
    """Whether a tool of a configuration is a tool of the organisation."""
    return tool.get("source") == LINKED and "id" in tool


def uses(config: ModelConfig, tool: OrganisationTool) -> bool:
    """Whether a configuration links a function, or has a template that calls a tool of snippets."""
    if tool.kind is ToolKind.FUNCTION:
        return tool.id in links(config)
    call = re.compile(rf"{{[{{%][^{{}}]*?(?<![\w-]){re.escape(tool.name)}\s*\(")
    return any(call.search(text) for _, text in templates_of(config))


def links(config: ModelConfig) -> list[str]:
    """The ids of the tools that a configuration links."""
    return [str(each["id"]) for each in config.tools if is_link(each)]


@value
class Toolbox:
    """All tools of an organisation, and by their names those that templates call."""

    by_id: Mapping[str, OrganisationTool] = field(default_factory=dict)
    of_templates: TemplateTools = field(default_factory=dict)

    @classmethod
    def of(cls, tools: Iterable[OrganisationTool]) -> "Toolbox":
        """With these in it."""
        by_id: dict[str, OrganisationTool] = {each.id: each for each in tools}
        snippets = {
            each.name: Snippets(each.id, each.name, each.snippets)
            for each in by_id.values()
            if each.kind is ToolKind.SNIPPETS
        }
        return cls(by_id, snippets)

    def defined(self, version: ConfigVersion) -> ConfigVersion:
        """The version with the present definition in the place of each link. Raises `UnknownTool`."""
        for tool in version.config.tools:
            if is_link(tool):
                defined = tuple(self._definition(each) for each in version.config.tools)
                return replace(version, config=replace(version.config, tools=defined))
        return version

    def shown(self, tool: Mapping[str, Any]) -> Mapping[str, Any]:
        """The same of one tool, for people: a link that leads nowhere stays what it is."""
        found = self._linked(tool)
        return tool if found is None else found.definition

    def missing(self, config: ModelConfig) -> list[str]:
        """The links of a configuration that no model can be told of."""
        return [str(each["id"]) for each in config.tools if is_link(each) and not self.shown(each).get("name")]

    def _definition(self, tool: Mapping[str, Any]) -> Mapping[str, Any]:
        shown = self.shown(tool)
        if not shown.get("name"):
            raise UnknownTool(
                f"The config links tool {tool['id']!r}, and the organisation has no such tool of kind"
                f" `{ToolKind.FUNCTION}`: make one (`POST /api/tools` takes its `id`), or register a config without it."
            )
        return shown

    def _linked(self, tool: Mapping[str, Any]) -> OrganisationTool | None:
        found = self.by_id.get(str(tool["id"])) if is_link(tool) else None
        return found if found is not None and found.kind is ToolKind.FUNCTION else None


NO_TOOLS: Final = Toolbox()
