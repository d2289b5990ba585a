"""How much one page may hold: its records may be large, and all of them are in memory at once.

Lengths are added up in the query that reads the page, and only as far as the bound.
"""

from collections.abc import Iterable
from functools import reduce
from operator import add
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, CompoundSelect, Select, cast, exists, func, literal, select

from everloop.errors import TooLarge

MOST_BYTES = 64 * 2**20

_NOTHING: Final = literal(0, BigInteger)


def bytes_in(columns: Iterable[ColumnElement[Any]]) -> ColumnElement[int]:
    """How many bytes the texts in these columns have together; none for null."""
    return reduce(add, (func.coalesce(func.bytes_of(each), _NOTHING) for each in columns))


def is_small_enough(weights: Select[int] | CompoundSelect[int]) -> ColumnElement[bool]:
    """Whether a page may be read; `weights` has the bytes of each of its records."""
    each = weights.subquery("weights")
    # A sum row by row: whoever looks for one over the bound ends with the first.
    through = func.sum(each.c[0]).over(rows=(None, 0))
    sums = select(cast(through, BigInteger).label("through")).select_from(each).subquery("sums")
    return ~exists(select(sums.c.through).where(sums.c.through > MOST_BYTES))


def too_large(records: str) -> TooLarge:
    """What to tell who asked for it; `records` are what the page is of."""
    return TooLarge(
        f"The {records} of this page hold more than {MOST_BYTES // 2**20} MiB together: ask for fewer with a smaller"
        " `size`. A page of one is always answered."
    )
