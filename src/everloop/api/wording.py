"""Which API an address belongs to, and so in whose words its errors are said."""

from typing import Final

from everloop.api.errors import V4, Wording
from everloop.api.openai.errors import OPENAI

_OPENAI: Final = "/openai/"


def wording_of(path: str) -> Wording:
    """OpenAI's words where its clients call, v4's everywhere else."""
    return OPENAI if path.startswith(_OPENAI) else V4
