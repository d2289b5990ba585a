"""The tables, as metadata that queries are built from; `migrations/` makes them.

Whatever belongs to an organisation carries `organisation_id`, is unique within it, and points at its own organisation's
rows only: its foreign keys hold the organisation too. `number` is the order of creation and breaks ties between equal
times. Times are Unix milliseconds. Text that is compared or sorted is so bytewise on every database (`Key`).
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from everloop.storage.texts import EscapedText

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite compares TEXT bytewise by default, PostgreSQL by the database's locale.
Key: Final = Text().with_variant(EscapedText(collation="C"), "postgresql")
# Text that is only kept.
Words: Final = Text().with_variant(EscapedText(), "postgresql")
# Only a column of exactly this type is SQLite's row id, which numbers rows by itself.
Number: Final = BigInteger().with_variant(Integer(), "sqlite")


def _number() -> Column[int]:
    return Column("number", Number, primary_key=True, autoincrement=True)


def _key(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Key, nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _belongs_to(table: str, column: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["organisation_id", column], [f"{table}.organisation_id", f"{table}.id"])


def partial_index(name: str, *columns: Column[Any], where: ColumnElement[bool], unique: bool = False) -> Index:
    """An index of the rows for which a condition holds, the same on every database."""
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


organisation = Table(
    "organisation",
    metadata,
    _number(),
    _key("id"),
    _key("name"),
    _time("created_at"),
    UniqueConstraint("id"),
    UniqueConstraint("name"),
)

environment = Table(
    "environment",
    metadata,
    _number(),
    _key("organisation_id"),
    _key("id"),
    _key("name"),
    Column("is_default", Boolean, nullable=False),
    _time("created_at"),
    _time("deleted_at", nullable=True),
    UniqueConstraint("organisation_id", "id"),
    ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
)
partial_index(
    "uq_environment_organisation_id_name",
    environment.c.organisation_id,
    environment.c.name,
    unique=True,
    where=environment.c.deleted_at.is_(None),
)
partial_index(
    "uq_environment_organisation_id_default",
    environment.c.organisation_id,
    unique=True,
    where=environment.c.is_default,
)

project = Table(
    "project",
    metadata,
    _number(),
    _key("organisation_id"),
    _key("id"),
    _key("name"),
    # The name without regard to case, for searching: databases fold letters beyond ASCII differently or not at all.
    _key("folded_name"),
    _key("directory_id", nullable=True),
    _time("created_at"),
    _time("updated_at"),
    _time("deleted_at", nullable=True),
    UniqueConstraint("organisation_id", "id"),
    ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
)
partial_index(
    "uq_project_organisation_id_name",
    project.c.organisation_id,
    project.c.name,
    unique=True,
    where=project.c.deleted_at.is_(None),
)

model_config = Table(
    "model_config",
    metadata,
    _number(),
    _key("organisation_id"),
    _key("id"),
    _key("project_id"),
    _key("fingerprint"),
    Column("config", Words, nullable=False),
    Column("name", Words, nullable=True),
    Column("description", Words, nullable=True),
    _time("created_at"),
    UniqueConstraint("organisation_id", "id"),
    UniqueConstraint("organisation_id", "project_id", "fingerprint"),
    _belongs_to("project", "project_id"),
)

deployment = Table(
    "deployment",
    metadata,
    _number(),
    _key("organisation_id"),
    _key("id"),
    _key("project_id"),
    _key("environment_id"),
    _key("config_id", nullable=True),
    _key("experiment_id", nullable=True),
    _time("created_at"),
    Column("created_by", Words, nullable=False),
    _time("ended_at", nullable=True),
    Column("policy", Words, nullable=True),
    UniqueConstraint("organisation_id", "id"),
    CheckConstraint("config_id IS NULL OR experiment_id IS NULL", name="one_target"),
    _belongs_to("project", "project_id"),
    _belongs_to("environment", "environment_id"),
    _belongs_to("model_config", "config_id"),
)
Index("ix_deployment_organisation_id_project_id", deployment.c.organisation_id, deployment.c.project_id)
# One present state per place.
partial_index(
    "uq_deployment_present",
    deployment.c.organisation_id,
    deployment.c.project_id,
    deployment.c.environment_id,
    unique=True,
    where=deployment.c.ended_at.is_(None),
)

api_key = Table(
    "api_key",
    metadata,
    _number(),
    _key("organisation_id"),
    _key("id"),
    Column("name", Words, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("hint", Words, nullable=False),
    _time("created_at"),
    _time("revoked_at", nullable=True),
    UniqueConstraint("organisation_id", "id"),
    UniqueConstraint("digest"),
    ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
)

provider_key = Table(
    "provider_key",
    metadata,
    _number(),
    _key("organisation_id"),
    _key("id"),
    _key("provider"),
    Column("sealed", LargeBinary, nullable=False),
    Column("hint", Words, nullable=False),
    _time("created_at"),
    _time("updated_at"),
    UniqueConstraint("organisation_id", "id"),
    UniqueConstraint("organisation_id", "provider"),
    ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
)

feedback_type = Table(
    "feedback_type",
    metadata,
    _number(),
    _key("organisation_id"),
    _key("project_id"),
    _key("name"),
    _key("kind"),
    UniqueConstraint("organisation_id", "project_id", "name"),
    _belongs_to("project", "project_id"),
)

feedback_label = Table(
    "feedback_label",
    metadata,
    _number(),
    _key("organisation_id"),
    _key("project_id"),
    _key("type"),
    _key("value"),
    _key("sentiment"),
    UniqueConstraint("organisation_id", "project_id", "type", "value"),
    ForeignKeyConstraint(
        ["organisation_id", "project_id", "type"],
        ["feedback_type.organisation_id", "feedback_type.project_id", "feedback_type.name"],
    ),
)

# `value` is JSON. No foreign key to the log: old logs go without a look at this table.
feedback = Table(
    "feedback",
    metadata,
    _number(),
    _key("organisation_id"),
    _key("id"),
    _key("project_id"),
    _key("log_id"),
    _key("type"),
    _key("value"),
    _key("user", nullable=True),
    _time("created_at"),
    UniqueConstraint("organisation_id", "id"),
    _belongs_to("project", "project_id"),
)
Index("ix_feedback_organisation_id_log_id_type", feedback.c.organisation_id, feedback.c.log_id, feedback.c.type)
# For judging the past of an experiment by other labels.
Index("ix_feedback_project", feedback.c.organisation_id, feedback.c.project_id, feedback.c.type)

# One row per configuration write. Numbers are never given twice, not even after the newest rows were deleted.
change = Table(
    "change",
    metadata,
    _number(),
    _key("organisation_id"),
    _key("project_id", nullable=True),
    _time("at"),
    sqlite_autoincrement=True,
)

# `until` ends a claim, or the time for which an answer is kept. Without `head` there is no answer yet, without `body`
# it was too large. No foreign key: the rows are of passing use, and their organisation was read when its caller came.
idempotency = Table(
    "idempotency",
    metadata,
    _key("organisation_id"),
    _key("operation"),
    _key("key"),
    Column("fingerprint", LargeBinary, nullable=False),
    _key("owner"),
    _time("until"),
    Column("head", LargeBinary, nullable=True),
    Column("body", LargeBinary, nullable=True),
    PrimaryKeyConstraint("organisation_id", "operation", "key"),
)
Index("ix_idempotency_until", idempotency.c.until)

# One row that is overwritten to see whether the database takes writes.
probe = Table("probe", metadata, Column("id", Integer, primary_key=True, autoincrement=False), _time("at"))
