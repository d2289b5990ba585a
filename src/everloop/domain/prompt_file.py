"""A `.prompt` file: a header in YAML between two lines `---`, then the template.

    ---
    model: gpt-4o
    endpoint: chat
    ---
    <system>
      Answer kindly.
    </system>

Under `endpoint: complete` the rest of the file is the prompt itself, character by character. Under `endpoint: chat` it
is messages in tags (`prompt_file_reading`). The header's YAML is read outside of the domain: that takes a library.
"""

import re
from typing import Final

from everloop.domain.value import value
from everloop.errors import InvalidFields

_FENCE: Final = re.compile(r"([ \t]*)---[ \t]*(\r?)")
_BLANK: Final = " \t\r"


@value
class PromptFile:
    """A file cut in two. Lines are counted from 1; `header_line` is where the first `---` stands."""

    header: str
    header_line: int
    body: str
    body_line: int


def wrong(line: int, message: str) -> InvalidFields:
    """The error of a file that is wrong in this line."""
    return InvalidFields.one(("body", "config"), f"Line {line}: {message}")


def is_blank(line: str) -> bool:
    """Whether nothing can be seen in it."""
    return not line.strip(_BLANK)


def split(text: str) -> PromptFile:
    """The two parts of a file. Raises `InvalidFields`, with the line.

    A file may begin with blank lines or a byte order mark, may be indented as a whole (as far as its first `---`), and
    may have been saved with the line ends of Windows: none of that is part of the prompt.
    """
    lines = text.removeprefix("\ufeff").split("\n")
    first = next((index for index, line in enumerate(lines) if not is_blank(line)), len(lines) - 1)
    fence = _FENCE.fullmatch(lines[first])
    if fence is None:
        raise wrong(first + 1, "a .prompt file begins with a header in YAML, between two lines `---`.")
    margin, carriage_return = fence.groups()
    lines = [_moved(line.removesuffix(carriage_return), margin) for line in lines]
    last = next((index for index in range(first + 1, len(lines)) if lines[index].rstrip(_BLANK) == "---"), None)
    if last is None:
        raise wrong(first + 1, "the header that begins here does not end: a line `---` is missing after it.")
    return PromptFile("\n".join(lines[first + 1 : last]), first + 1, "\n".join(lines[last + 1 :]), last + 2)


def join(header: str, body: str) -> str:
    """The file; `header` ends with a line end."""
    return f"---\n{header}---\n{body}"


def _moved(line: str, margin: str) -> str:
    return "" if margin and is_blank(line) and not line.startswith(margin) else line.removeprefix(margin)
