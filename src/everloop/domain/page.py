"""A page of a longer list."""

from typing import Generic, TypeVar

from everloop.domain.value import value

Item = TypeVar("Item")


@value
class Page(Generic[Item]):
    """`items` of one page and the `total` over all pages."""

    items: tuple[Item, ...]
    total: int


@value
class PageRequest:
    """Which page: `offset` items are skipped and at most `size` returned."""

    offset: int
    size: int
