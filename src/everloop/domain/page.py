"""A page of a longer list."""

from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """`items` of one page and the `total` over all pages."""

    items: tuple[Item, ...]
    total: int


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page: `offset` items are skipped and at most `size` returned."""

    offset: int
    size: int
