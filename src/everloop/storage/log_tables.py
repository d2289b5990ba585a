"""The tables of the hot path: logs, their bodies, and sessions. No foreign keys: each would be one more read per log.

On PostgreSQL logs and bodies are kept by the month of their ids' times (`postgres.partitions`).

A log is a narrow index row and a wide body row, so that lists and counts never touch the bodies. The order of columns
is the order of the values in `log_rows`.
"""

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, PrimaryKeyConstraint, Table

from everloop.storage.tables import Key, Words, metadata, partial_index

session = Table(
    "session",
    metadata,
    Column("organisation_id", Key, nullable=False),
    Column("id", Key, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("reference_id", Words, nullable=True),
    PrimaryKeyConstraint("organisation_id", "id"),
    sqlite_with_rowid=False,
)

log = Table(
    "log",
    metadata,
    Column("organisation_id", Key, nullable=False),
    Column("id", Key, nullable=False),
    Column("project_id", Key, nullable=False),
    Column("config_id", Key, nullable=True),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("environment_id", Key, nullable=True),
    Column("session_id", Key, nullable=True),
    Column("session_reference_id", Words, nullable=True),
    Column("parent_id", Key, nullable=True),
    Column("parent_reference_id", Words, nullable=True),
    Column("reference_id", Key, nullable=True),
    Column("trial_id", Key, nullable=True),
    Column("source", Words, nullable=True),
    Column("source_datapoint_id", Key, nullable=True),
    Column("user", Words, nullable=True),
    Column("save", Boolean, nullable=False),
    # SQLite has one kind of integer only, of eight bytes.
    Column("sample_index", Integer().with_variant(BigInteger(), "postgresql"), nullable=False),
    Column("finish_reason", Words, nullable=True),
    Column("error_kind", Words, nullable=True),
    Column("prompt_tokens", BigInteger, nullable=True),
    Column("output_tokens", BigInteger, nullable=True),
    Column("reasoning_tokens", BigInteger, nullable=True),
    Column("usage_estimated", Boolean, nullable=True),
    Column("prompt_cost", Double, nullable=True),
    Column("output_cost", Double, nullable=True),
    Column("provider_latency", Double, nullable=True),
    Column("time_to_first_token", Double, nullable=True),
    Column("duration", Double, nullable=True),
    Column("provider_calls", BigInteger, nullable=True),
    Column("experiment_id", Key, nullable=True),
    # The arm of the experiment where `config_id`, a fallback, is none.
    Column("arm_id", Key, nullable=True),
    # With row ids: SQLite takes reading along the key of a table without them for so cheap that it leaves the indexes
    # below unused and reads all logs of the organisation.
    PrimaryKeyConstraint("organisation_id", "id"),
    postgresql_partition_by="RANGE (id)",
)
Index("ix_log_project", log.c.organisation_id, log.c.project_id, log.c.id)
partial_index(
    "ix_log_session",
    log.c.organisation_id,
    log.c.session_id,
    log.c.id,
    where=log.c.session_id.is_not(None),
)
partial_index(
    "ix_log_reference",
    log.c.organisation_id,
    log.c.reference_id,
    log.c.id,
    where=log.c.reference_id.is_not(None),
)
# Answers how often a version was used, and when last, without the rows. SQLite keeps that in `config_logs`.
partial_index(
    "ix_log_config",
    log.c.organisation_id,
    log.c.config_id,
    log.c.created_at,
    where=log.c.config_id.is_not(None),
).ddl_if(dialect="postgresql")

log_body = Table(
    "log_body",
    metadata,
    Column("organisation_id", Key, nullable=False),
    Column("log_id", Key, nullable=False),
    Column("inputs", Words, nullable=True),
    Column("metadata", Words, nullable=True),
    Column("messages", Words, nullable=True),
    Column("output", Words, nullable=True),
    Column("raw_output", Words, nullable=True),
    Column("output_message", Words, nullable=True),
    Column("error", Words, nullable=True),
    Column("stdout", Words, nullable=True),
    Column("judgment", Words, nullable=True),
    Column("tools", Words, nullable=True),
    Column("tool_choice", Words, nullable=True),
    Column("provider_request", Words, nullable=True),
    Column("provider_response", Words, nullable=True),
    Column("attempts", Words, nullable=True),
    PrimaryKeyConstraint("organisation_id", "log_id"),
    postgresql_partition_by="RANGE (log_id)",
)

# How many logs of a project there are in each stretch of ids, by config and source (`counting`), and how many of a
# config, and when the last was made: on SQLite, of those that are folded. Counting what an index holds takes a quarter
# of a second for a million.
project_logs = Table(
    "project_logs",
    metadata,
    Column("organisation_id", Key, nullable=False),
    Column("project_id", Key, nullable=False),
    Column("stretch", Key, nullable=False),
    Column("config_id", Key, nullable=False),
    Column("source", Key, nullable=False),
    Column("logs", BigInteger, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("organisation_id", "project_id", "stretch", "config_id", "source"),
    sqlite_with_rowid=False,
)

config_logs = Table(
    "config_logs",
    metadata,
    Column("organisation_id", Key, nullable=False),
    Column("config_id", Key, nullable=False),
    Column("logs", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("organisation_id", "config_id"),
    sqlite_with_rowid=False,
)
