"""The tables of limits on what calls may use, and of what they have used."""

from sqlalchemy import BigInteger, Column, Float, ForeignKeyConstraint, PrimaryKeyConstraint, Table, UniqueConstraint

from everloop.storage.tables import Key, Number, metadata

# `subject_kind` is "api_key" or "project", `measure` "requests", "tokens" or "cost" (US dollars), `period` "minute" or
# "day". No foreign key to the subject: there are two kinds of them.
usage_limit = Table(
    "usage_limit",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("organisation_id", Key, nullable=False),
    Column("id", Key, nullable=False),
    Column("subject_kind", Key, nullable=False),
    Column("subject_id", Key, nullable=False),
    Column("measure", Key, nullable=False),
    Column("period", Key, nullable=False),
    Column("amount", Float, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("organisation_id", "id"),
    UniqueConstraint("organisation_id", "subject_kind", "subject_id", "measure", "period"),
    ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
)

# What all processes together have told that their calls used, by the beginning of the minute or day.
used = Table(
    "used",
    metadata,
    Column("organisation_id", Key, nullable=False),
    Column("subject_kind", Key, nullable=False),
    Column("subject_id", Key, nullable=False),
    Column("period", Key, nullable=False),
    Column("begins_at", BigInteger, nullable=False),
    Column("requests", Float, nullable=False),
    Column("tokens", Float, nullable=False),
    Column("cost", Float, nullable=False),
    PrimaryKeyConstraint("organisation_id", "subject_kind", "subject_id", "period", "begins_at"),
)
