"""The tables of datasets.

A datapoint has a row for each state it was in, good from the version `since` until before the version `until`, or until
now: so that every version of a dataset can still be read, and one more costs only what it changed.
"""

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, Table, UniqueConstraint

from everloop.storage.tables import Key, Number, Words, metadata, partial_index

# `version` and `datapoints`, how many there are, are of now.
dataset = Table(
    "dataset",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("organisation_id", Key, nullable=False),
    Column("id", Key, nullable=False),
    Column("project_id", Key, nullable=False),
    Column("name", Words, nullable=False),
    Column("description", Words, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("datapoints", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("organisation_id", "id"),
    ForeignKeyConstraint(["organisation_id", "project_id"], ["project.organisation_id", "project.id"]),
)
Index("ix_dataset_project", dataset.c.organisation_id, dataset.c.project_id)

dataset_version = Table(
    "dataset_version",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("organisation_id", Key, nullable=False),
    Column("dataset_id", Key, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("datapoints", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Words, nullable=False),
    UniqueConstraint("organisation_id", "dataset_id", "version"),
    ForeignKeyConstraint(["organisation_id", "dataset_id"], ["dataset.organisation_id", "dataset.id"]),
)

# `inputs`, `messages` and `target` are JSON. `position` is the order of arrival, the same in all states of a datapoint.
datapoint = Table(
    "datapoint",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("organisation_id", Key, nullable=False),
    Column("id", Key, nullable=False),
    Column("dataset_id", Key, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=True),
    Column("inputs", Words, nullable=True),
    Column("messages", Words, nullable=True),
    Column("target", Words, nullable=True),
    Column("source_log_id", Key, nullable=True),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("organisation_id", "id", "since"),
    UniqueConstraint("organisation_id", "dataset_id", "position", "since"),
    ForeignKeyConstraint(["organisation_id", "dataset_id"], ["dataset.organisation_id", "dataset.id"]),
)
# One present state each, and pages of the present ones without a look at the past.
partial_index(
    "uq_datapoint_present",
    datapoint.c.organisation_id,
    datapoint.c.id,
    unique=True,
    where=datapoint.c.until.is_(None),
)
partial_index(
    "ix_datapoint_present",
    datapoint.c.organisation_id,
    datapoint.c.dataset_id,
    datapoint.c.position,
    where=datapoint.c.until.is_(None),
)
