"""Pages of longer lists, as v4 numbers and answers them."""

from typing import Annotated, Final, Generic, TypeVar

from fastapi import Query

from everloop.api.fields import INT64, Answer
from everloop.domain.page import PageRequest

Record = TypeVar("Record")

MAX_SIZE: Final = 1000

# So that the number of records to skip fits 64 bits.
FirstZero = Annotated[int, Query(ge=0, le=INT64 // MAX_SIZE, description="Which page; the first one is 0.")]
FirstOne = Annotated[int, Query(ge=1, le=INT64 // MAX_SIZE, description="Which page; the first one is 1.")]
Size = Annotated[int, Query(ge=1, le=MAX_SIZE, description="How many records a page.")]


class PaginatedData(Answer, Generic[Record]):
    """One page; `total` counts the records of all pages."""

    records: list[Record]
    page: int
    size: int
    total: int


def from_zero(page: int, size: int) -> PageRequest:
    """The page of a list whose first page is 0."""
    return PageRequest(page * size, size)


def from_one(page: int, size: int) -> PageRequest:
    """The page of a list whose first page is 1."""
    return PageRequest((page - 1) * size, size)
