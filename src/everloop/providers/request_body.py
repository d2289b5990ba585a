"""What the bodies of requests have in common: what `other` may add to one, and how it is written."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from everloop.errors import Unprocessable

# Words by which client libraries and gateways change where a call goes or whose key it carries.
_DESTINATION: Final = frozenset(
    {"api_base", "api_key", "base_url", "extra_body", "extra_headers", "extra_query", "headers", "host", "url"}
)


def check_other(other: Mapping[str, Any], ours: frozenset[str]) -> None:
    """Raises Unprocessable for keys that Everloop sets itself, and for those that change where a call goes."""
    if refused := sorted(ours & other.keys()):
        raise Unprocessable(f"`other` cannot set {_quoted(refused)}: Everloop sets that itself.")
    if refused := sorted(_DESTINATION & other.keys()):
        raise Unprocessable(f"`other` cannot set {_quoted(refused)}: it never changes where a call goes.")


def given(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    """The fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def encoded(body: Mapping[str, Any]) -> bytes:
    """The body as JSON. Raises Unprocessable for text that is no Unicode."""
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError:
        raise Unprocessable("The prompt holds half of a surrogate pair, which is not a character.") from None


def _quoted(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
