"""Calls of what is live in `p`, the project of the houses here."""

from typing import Any

from everloop.domain.document import Document
from everloop.domain.reference import ProjectReference
from everloop.services.command import CompletionCommand


def command(**changes: Any) -> CompletionCommand:
    """One that has all it needs."""
    return CompletionCommand(project=ProjectReference("p"), inputs=Document({"it": "x"}, b'{"it":"x"}'), **changes)
