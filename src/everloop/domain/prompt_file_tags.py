"""The tags of a `.prompt` file's body: `<user>` and the like, one element to a block of lines.

    <user name="Ada">
      The content, two spaces further in.
    </user>

A closing tag stands as far in as its opening one, so that no content can be taken for it. What is on one line
(`<user>Hello</user>`) and what is not moved in are understood too. In attributes `&quot;`, `&amp;` and `&#10;` (a line
end) are read; nothing is replaced in content.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from everloop.domain.prompt_file import is_blank, wrong
from everloop.domain.value import value

LEVEL: Final = "  "

_START: Final = re.compile(r"([ \t]*)<([a-z_]+)(?=[\s/>]|$)")
_TAG: Final = re.compile(
    r"""[ \t]*<(?P<tag>[a-z_]+)(?P<attributes>(?:\s+[a-z_]+=(?:"[^"]*"|'[^']*'))*)\s*(?P<end>/?)>(?P<rest>.*)"""
)
_ATTRIBUTE: Final = re.compile(r"""([a-z_]+)=(?:"([^"]*)"|'([^']*)')""")
_ENTITY: Final = re.compile(r"&(quot|amp|#10);")
_ENTITIES: Final = {"quot": '"', "amp": "&", "#10": "\n"}


@value
class Element:
    """One element. `lines` are its content's, None for `<tag/>`; `line` is where it opens, `first` where `lines` do."""

    tag: str
    attributes: Mapping[str, str]
    line: int
    lines: tuple[str, ...] | None
    first: int


@value
class Lines:
    """A stretch of a file; `first` is the number of its first line."""

    texts: Sequence[str]
    first: int


def opens(line: str) -> str | None:
    """The tag that a line begins with."""
    start = _START.match(line)
    return None if start is None else start[2]


def element_at(lines: Lines, index: int, known: Mapping[str, Sequence[str]]) -> tuple[Element, int]:
    """The element that opens in a line, and the index of the line after it.

    `known` has the attributes of each tag that may stand here. Raises `InvalidFields`, with the line.
    """
    text, line = lines.texts[index], lines.first + index
    tag = opens(text)
    if tag is None or tag not in known:
        raise wrong(line, f"here stands one of {_listed(known)}, and text is inside of it.")
    found = _TAG.fullmatch(text)
    if found is None:
        raise wrong(
            line, f'the tag <{tag}> is not whole: attributes are written as name="value", and it ends with `>`.'
        )
    attributes = _attributes(found, line, known[tag])
    if found["end"]:
        if not is_blank(found["rest"]):
            raise wrong(line, f"nothing stands behind <{tag}/>.")
        return Element(tag, attributes, line, None, line), index + 1
    if not is_blank(found["rest"]):
        return Element(tag, attributes, line, _on_one_line(found, line), line), index + 1
    closing = _closing(lines, index, tag)
    margin = text[: text.index("<")]
    content = _moved_out(lines.texts[index + 1 : closing], margin)
    return Element(tag, attributes, line, content, line + 1), closing + 1


def element(tag: str, attributes: Mapping[str, str | None], lines: Sequence[str] | None) -> list[str]:
    """The lines of an element; attributes that are None are left out, and so is the content if it is None."""
    written = "".join(f' {name}="{_quoted(each)}"' for name, each in attributes.items() if each is not None)
    if lines is None:
        return [f"<{tag}{written}/>"]
    return [f"<{tag}{written}>", *(LEVEL + line if line else "" for line in lines), f"</{tag}>"]


def text_of(lines: Sequence[str]) -> str:
    """The content of an element as one text."""
    return "\n".join(lines)


def lines_of(text: str) -> list[str]:
    """The reverse: no line at all for an empty text."""
    return text.split("\n") if text else []


def _attributes(found: re.Match[str], line: int, known: Sequence[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, double, single in _ATTRIBUTE.findall(found["attributes"]):
        if name not in known or name in given:
            may = f"it may have {_listed(known)}, once each" if known else "it has none"
            raise wrong(line, f"<{found['tag']}> has an attribute `{name}` too many; {may}.")
        given[name] = _ENTITY.sub(lambda entity: _ENTITIES[entity[1]], double or single)
    return given


def _quoted(attribute: str) -> str:
    plain = _ENTITY.sub(lambda entity: f"&amp;{entity[1]};", attribute)
    return plain.replace('"', "&quot;").replace("\n", "&#10;")


def _on_one_line(found: re.Match[str], line: int) -> tuple[str, ...]:
    rest, closing = found["rest"].rstrip(), f"</{found['tag']}>"
    if not rest.endswith(closing):
        raise wrong(line, f"end the line after <{found['tag']}>, or end its content on this line, with {closing}.")
    return tuple(lines_of(rest.removesuffix(closing)))


def _closing(lines: Lines, index: int, tag: str) -> int:
    opening = lines.texts[index]
    closing = f"{opening[: opening.index('<')]}</{tag}>"
    for candidate in range(index + 1, len(lines.texts)):
        if lines.texts[candidate].startswith(closing) and is_blank(lines.texts[candidate][len(closing) :]):
            return candidate
    how = f"write </{tag}> below it, as far in as it is, or <{tag}/> if there is nothing in it"
    raise wrong(lines.first + index, f"<{tag}> is not closed: {how}.")


def _moved_out(lines: Sequence[str], margin: str) -> tuple[str, ...]:
    """Content without its indentation: one level more than its tag's, or as much as that, or none."""
    filled = [line for line in lines if not is_blank(line)]
    prefix = next(each for each in (margin + LEVEL, margin, "") if all(line.startswith(each) for line in filled))
    return tuple("" if is_blank(line) and not line.startswith(prefix) else line.removeprefix(prefix) for line in lines)


def _listed(names: Mapping[str, Sequence[str]] | Sequence[str]) -> str:
    written = [f"<{name}>" for name in names] if isinstance(names, Mapping) else [f"`{name}`" for name in names]
    return ", ".join(written)
