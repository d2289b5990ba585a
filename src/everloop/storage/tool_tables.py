"""The table of an organisation's tools."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKeyConstraint, Table, UniqueConstraint

from everloop.storage.tables import Key, Number, Words, metadata

# `parameters` and `snippets` are JSON.
tool = Table(
    "tool",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("organisation_id", Key, nullable=False),
    Column("id", Key, nullable=False),
    Column("kind", Key, nullable=False),
    Column("name", Key, nullable=False),
    Column("description", Words, nullable=True),
    Column("parameters", Words, nullable=True),
    Column("strict", Boolean, nullable=True),
    Column("snippets", Words, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("organisation_id", "id"),
    UniqueConstraint("organisation_id", "name"),
    ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
)
