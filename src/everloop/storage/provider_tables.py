"""The tables of connections to model providers, and of prices that an organisation knows better."""

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKeyConstraint, Table, UniqueConstraint

from everloop.storage.tables import Key, Number, Words, metadata

# `facts` is JSON. Keys of connections are in `provider_key`, by the connection's name.
connection = Table(
    "connection",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("organisation_id", Key, nullable=False),
    Column("id", Key, nullable=False),
    Column("name", Key, nullable=False),
    Column("format", Key, nullable=False),
    Column("base_url", Words, nullable=False),
    Column("needs_key", Boolean, nullable=False),
    Column("facts", Words, nullable=False),
    Column("created_by", Words, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("organisation_id", "id"),
    UniqueConstraint("organisation_id", "name"),
    ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
)

# US dollars for a million tokens.
price = Table(
    "price",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("organisation_id", Key, nullable=False),
    Column("id", Key, nullable=False),
    Column("provider", Key, nullable=False),
    Column("model", Key, nullable=False),
    Column("prompt_price", Float, nullable=False),
    Column("output_price", Float, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("organisation_id", "id"),
    UniqueConstraint("organisation_id", "provider", "model"),
    ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
)
