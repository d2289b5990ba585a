"""A JSON value together with its text, so that it is written once however often it is stored or sent."""

from typing import Any

from everloop.domain.value import value


@value
class Document:
    """`value` as read from a request and `text`, the same value as UTF-8 JSON."""

    value: Any
    text: bytes


EMPTY_OBJECT = Document({}, b"{}")
