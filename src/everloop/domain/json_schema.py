"""Whether a value is a JSON schema, as draft 2020-12 has it: so that a typo is told its author and not their users.

Keywords that the draft does not know are left alone, as it says. Patterns are not compiled: their dialect is that of
whoever applies them.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from everloop.domain.value import value


@value
class Flaw:
    """What is wrong with a schema, and where: the keys and indices that lead there."""

    path: tuple[str | int, ...]
    message: str


# An index of more digits is in no list.
_DIGITS: Final = re.compile("[0-9]{1,9}")
_TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")


def flaw_in(schema: Any) -> Flaw | None:  # noqa: ANN401 - any JSON value
    """The first flaw of a schema, or None. The value is at most as deep as the stack is (`strict_json` sees to it)."""
    return next(_flaws((), schema), None) or next(_dangling((), schema, schema), None)


def _flaws(path: tuple[str | int, ...], schema: Any) -> Iterator[Flaw]:  # noqa: ANN401 - any JSON value
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        yield Flaw(path, "a schema is an object (or true, or false)")
        return
    for keyword, said in schema.items():
        here = (*path, keyword)
        rule = _PLAIN.get(keyword)
        if rule is not None and not rule[0](said):
            yield Flaw(here, f"`{keyword}` is {rule[1]}")
        yield from _flaws_below(here, keyword, said)


def _flaws_below(path: tuple[str | int, ...], keyword: str, value: Any) -> Iterator[Flaw]:  # noqa: ANN401 - any JSON value
    if keyword in _ONE:
        yield from _flaws(path, value)
    elif keyword in _NAMED and isinstance(value, Mapping):
        for name, each in value.items():
            yield from _flaws((*path, name), each)
    elif keyword in _SEVERAL and isinstance(value, list):
        for place, each in enumerate(value):
            yield from _flaws((*path, place), each)


def _dangling(path: tuple[str | int, ...], part: Any, root: Any) -> Iterator[Flaw]:  # noqa: ANN401 - any JSON value
    """References into the schema itself that lead nowhere. `part` is a schema."""
    if not isinstance(part, Mapping):
        return
    reference = part.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/") and not _leads(reference, root):
        yield Flaw((*path, "$ref"), f"there is nothing at `{reference[:200]}`")
    for keyword, said in part.items():
        here = (*path, keyword)
        if keyword in _ONE:
            yield from _dangling(here, said, root)
        elif keyword in _NAMED or keyword in _SEVERAL:
            for name, each in said.items() if isinstance(said, Mapping) else enumerate(said):
                yield from _dangling((*here, name), each, root)


def _leads(reference: str, root: Any) -> bool:  # noqa: ANN401 - any JSON value
    there = root
    for step in reference[2:].split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(there, Mapping) and name in there:
            there = there[name]
        elif isinstance(there, list) and _DIGITS.fullmatch(name) and int(name) < len(there):
            there = there[int(name)]
        else:
            return False
    return True


def _number(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return isinstance(value, int | float) and not isinstance(value, bool)


def _count(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return _number(value) and value >= 0 and value == int(value)


def _names(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return isinstance(value, list) and all(isinstance(each, str) for each in value) and len(set(value)) == len(value)


def _types(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return value in _TYPES if isinstance(value, str) else _names(value) and bool(value) and set(value) <= {*_TYPES}


_Rule = tuple[Callable[[Any], bool], str]
_TEXT: Final[_Rule] = (lambda value: isinstance(value, str), "a text")
_TRUTH: Final[_Rule] = (lambda value: isinstance(value, bool), "true or false")
_NUMBER: Final[_Rule] = (_number, "a number")
_COUNT: Final[_Rule] = (_count, "a whole number of 0 or more")
_OBJECT: Final[_Rule] = (lambda value: isinstance(value, Mapping), "an object of schemas")
_LIST: Final[_Rule] = (lambda value: isinstance(value, list) and bool(value), "a list of at least one schema")

# Keywords whose value is a schema, an object of schemas, or a list of schemas.
_ONE: Final = frozenset(
    {"additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames", "then"}
    | {"unevaluatedItems", "unevaluatedProperties"}
)
_NAMED: Final = frozenset({"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"})
_SEVERAL: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_PLAIN: Final[Mapping[str, _Rule]] = {
    **dict.fromkeys(("$comment", "$ref", "description", "format", "pattern", "title"), _TEXT),
    **dict.fromkeys(("deprecated", "readOnly", "uniqueItems", "writeOnly"), _TRUTH),
    **dict.fromkeys(("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum"), _NUMBER),
    **dict.fromkeys(("maxContains", "maxItems", "maxLength", "maxProperties"), _COUNT),
    **dict.fromkeys(("minContains", "minItems", "minLength", "minProperties"), _COUNT),
    **dict.fromkeys(_NAMED, _OBJECT),
    **dict.fromkeys(_SEVERAL, _LIST),
    "dependentRequired": (
        lambda value: isinstance(value, Mapping) and all(_names(each) for each in value.values()),
        "an object of lists of names",
    ),
    "enum": (lambda value: isinstance(value, list), "a list of values"),
    "examples": (lambda value: isinstance(value, list), "a list of values"),
    "multipleOf": (lambda value: _number(value) and value > 0, "a number above 0"),
    "required": (_names, "a list of names, each once"),
    "type": (_types, f"one of {', '.join(_TYPES)}, or a list of some of them"),
}
