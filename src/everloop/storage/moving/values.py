"""What is different in the values of both databases: each is read as SQLite's and written as PostgreSQL's.

PostgreSQL takes no NUL in a text; `texts.EscapedText` says how it is kept instead. SQLite holds truth as 0 and 1, and
has no number that is none.
"""

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Column, Table
from sqlalchemy.engine import make_url

# A row as the driver of a database gives or takes it, in the order of the table's columns.
Row = tuple[Any, ...]
_Step = Callable[[Any], Any]

_HERE: Final = make_url("sqlite+aiosqlite://").get_dialect()()
_THERE: Final = make_url("postgresql+asyncpg://").get_dialect()()


class Conversion:
    """From rows of SQLite's driver to rows for PostgreSQL's, for one table."""

    def __init__(self, table: Table) -> None:
        places = enumerate(table.columns)
        self._steps = [(place, step) for place, column in places for step in _steps(column)]

    def of(self, row: Row) -> tuple[Row, int]:
        """The row for PostgreSQL, and how many of its values are spelled otherwise there. They read the same."""
        values, changed = list(row), 0
        for place, step in self._steps:
            value = values[place]
            converted = step(value)
            # Truth is equal to its number: that is the same spelling.
            changed += converted is not value and converted != value
            values[place] = converted
        return tuple(values), changed


def _steps(column: Column[Any]) -> list[_Step]:
    """What happens to a value of the column on the way, as its type says for either database."""
    read = column.type.dialect_impl(_HERE).result_processor(_HERE, None)
    write = column.type.dialect_impl(_THERE).bind_processor(_THERE)
    return [step for step in (read, write) if step is not None]
