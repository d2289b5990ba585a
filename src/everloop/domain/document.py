"""A JSON value together with its text, so that it is written once however often it is stored or sent."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Document:
    """`value` as read from a request and `text`, the same value as UTF-8 JSON."""

    value: Any
    text: bytes


EMPTY_OBJECT = Document({}, b"{}")
