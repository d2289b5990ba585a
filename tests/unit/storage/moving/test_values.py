import sqlite3
from math import isnan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Boolean, Column, Double, Integer, LargeBinary, MetaData, Table, Text

from everloop.storage.moving.values import Conversion
from everloop.storage.tables import Words, metadata
from everloop.storage.texts import unescaped

TABLE = Table(
    "all_kinds",
    MetaData(),
    Column("number", Integer, primary_key=True),
    Column("words", Words),
    Column("truth", Boolean),
    Column("amount", Double),
    Column("blob", LargeBinary),
)
TEXT = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("\x00\x1a01")))
VALUES = st.tuples(
    st.integers(-(2**63), 2**63 - 1),
    st.none() | TEXT,
    st.none() | st.booleans(),
    st.none() | st.floats(),
    st.none() | st.binary(),
)


def through_sqlite(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """What the driver reads of what it wrote."""
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE TABLE t (number INTEGER PRIMARY KEY, words TEXT, truth BOOLEAN, amount DOUBLE, blob BLOB)"
    )
    connection.execute("INSERT INTO t VALUES (?, ?, ?, ?, ?)", row)
    read: tuple[Any, ...] = connection.execute("SELECT * FROM t").fetchone()
    connection.close()
    return read


@given(VALUES)
def test_values_are_those_that_were_kept(row: tuple[Any, ...]):
    number, words, truth, amount, blob = row
    converted, respelled = Conversion(TABLE).of(through_sqlite(row))
    # SQLite has no number that is none.
    assert (converted[0], *converted[2:]) == (
        number,
        truth,
        None if amount is not None and isnan(amount) else amount,
        blob,
    )
    assert converted[2] is truth
    if words is None:
        assert (converted[1], respelled) == (None, 0)
        return
    assert "\x00" not in converted[1]
    assert unescaped(converted[1]) == words
    assert respelled == (converted[1] != words) == ("\x00" in words or "\x1a" in words)


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_every_text_that_is_moved_may_hold_anything(table: Table):
    """A column of another kind than those above needs a look at what is different in the databases."""
    conversion = Conversion(table)
    for place, column in enumerate(table.columns):
        assert column.type.python_type in {int, str, bool, float, bytes}
        if isinstance(column.type, Text):
            row: list[str | None] = [None] * len(table.columns)
            row[place] = "\x00"
            assert conversion.of(tuple(row)) == (tuple("\x1a0" if value else None for value in row), 1)
