"""Snippets: texts that templates take in by their keys, `{{ snippet("key") }}` or `{{ snippet(key) }}`."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from everloop.domain.value import value
from everloop.errors import UnknownTool, Unprocessable

# More names than these help nobody.
_TOLD: Final = 10


@value
class Snippets:
    """The texts of one tool, as `domain.template_tool.TemplateTool`."""

    id: str
    name: str
    texts: Mapping[str, str]

    def knows(self, word: str) -> bool:  # noqa: ARG002 - the protocol's
        """Any word may be a key: what keys there are, `run` says better than a missing input would."""
        return True

    def run(self, arguments: Sequence[str]) -> str:
        """The text of a key. Raises `UnknownTool` for a key that is not there, `Unprocessable` for more than one."""
        if len(arguments) != 1:
            raise Unprocessable(f"`{self.name}` takes one argument, a snippet's key, and the template gives several.")
        key = arguments[0]
        found = self.texts.get(key)
        if found is None:
            raise UnknownTool(
                f"`{self.name}` has no snippet {key[:200]!r}: {self._there(key)}. Without quotes, a template's word may"
                " also be the name of an input whose value is the key."
            )
        return found

    def _there(self, key: str) -> str:
        if not self.texts:
            return "it has none"
        keys = sorted(self.texts)
        if len(keys) > _TOLD:
            keys = get_close_matches(key[:200], keys, _TOLD) or keys[:_TOLD]
            return f"among others there are {', '.join(keys)}"
        return f"there are {', '.join(keys)}"
