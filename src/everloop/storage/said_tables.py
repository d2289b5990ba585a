"""The tables that tell which logs have a value of feedback, so that lists need no look at all logs.

They are filled with the feedback itself (`said_rows`). Values are those of labels and numbers. Texts that people write
are in `feedback` alone: hardly two are the same, and no index holds them.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, PrimaryKeyConstraint, Table

from everloop.storage.tables import Key, Number, metadata

# A value that was said of a log of the project at some time, as `feedback` has it; `head` is what it begins with, as
# much as an index holds. One row a value: whoever writes is alone in the organisation.
said_value = Table(
    "said_value",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("organisation_id", Key, nullable=False),
    Column("project_id", Key, nullable=False),
    Column("type", Key, nullable=False),
    Column("head", Key, nullable=False),
    Column("value", Key, nullable=False),
)
Index(
    "ix_said_value_head",
    said_value.c.organisation_id,
    said_value.c.project_id,
    said_value.c.type,
    said_value.c.head,
)

# The logs of each value. `newest` is 1 where it is what was said last of that type, 0 where something else is.
said_log = Table(
    "said_log",
    metadata,
    Column("organisation_id", Key, nullable=False),
    Column("said", BigInteger, nullable=False),
    Column("log_id", Key, nullable=False),
    Column("newest", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "said", "log_id"),
    sqlite_with_rowid=False,
)

# How many these are, by what logs are counted by (`counting`); `newest_logs` of them with that value last.
said_cell = Table(
    "said_cell",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("organisation_id", Key, nullable=False),
    Column("said", BigInteger, nullable=False),
    Column("stretch", Key, nullable=False),
    Column("config_id", Key, nullable=False),
    Column("source", Key, nullable=False),
    Column("logs", BigInteger, nullable=False),
    Column("newest_logs", BigInteger, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
)
# Not unique: a source may be longer than an index holds.
Index("ix_said_cell_stretch", said_cell.c.organisation_id, said_cell.c.said, said_cell.c.stretch)
