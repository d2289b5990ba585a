"""The tables of the hot path: logs, their bodies, and sessions. No foreign keys: each would be one more read per log.

A log is a narrow index row and a wide body row, so that lists and counts never touch the bodies. The order of columns
is the order of the values in `log_rows`.
"""

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, PrimaryKeyConstraint, Table, Text

from everloop.storage.tables import Key, metadata

session = Table(
    "session",
    metadata,
    Column("organisation_id", Key, nullable=False),
    Column("id", Key, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("reference_id", Text, nullable=True),
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
    Column("session_reference_id", Text, nullable=True),
    Column("parent_id", Key, nullable=True),
    Column("parent_reference_id", Text, nullable=True),
    Column("reference_id", Key, nullable=True),
    Column("trial_id", Key, nullable=True),
    Column("source", Text, nullable=True),
    Column("source_datapoint_id", Key, nullable=True),
    Column("user", Text, nullable=True),
    Column("save", Boolean, nullable=False),
    Column("sample_index", Integer, nullable=False),
    Column("finish_reason", Text, nullable=True),
    Column("error_kind", Text, nullable=True),
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
    # With row ids: SQLite takes reading along the key of a table without them for so cheap that it leaves the indexes
    # below unused and reads all logs of the organisation.
    PrimaryKeyConstraint("organisation_id", "id"),
)
Index("ix_log_project", log.c.organisation_id, log.c.project_id, log.c.id)
Index(
    "ix_log_session",
    log.c.organisation_id,
    log.c.session_id,
    log.c.id,
    sqlite_where=log.c.session_id.is_not(None),
    postgresql_where=log.c.session_id.is_not(None),
)
Index(
    "ix_log_reference",
    log.c.organisation_id,
    log.c.reference_id,
    log.c.id,
    sqlite_where=log.c.reference_id.is_not(None),
    postgresql_where=log.c.reference_id.is_not(None),
)
# Answers how often a version was used, and when last, without the rows.
Index(
    "ix_log_config",
    log.c.organisation_id,
    log.c.config_id,
    log.c.created_at,
    sqlite_where=log.c.config_id.is_not(None),
    postgresql_where=log.c.config_id.is_not(None),
)

log_body = Table(
    "log_body",
    metadata,
    Column("organisation_id", Key, nullable=False),
    Column("log_id", Key, nullable=False),
    Column("inputs", Text, nullable=True),
    Column("metadata", Text, nullable=True),
    Column("messages", Text, nullable=True),
    Column("output", Text, nullable=True),
    Column("raw_output", Text, nullable=True),
    Column("output_message", Text, nullable=True),
    Column("error", Text, nullable=True),
    Column("stdout", Text, nullable=True),
    Column("judgment", Text, nullable=True),
    Column("tools", Text, nullable=True),
    Column("tool_choice", Text, nullable=True),
    Column("provider_request", Text, nullable=True),
    Column("provider_response", Text, nullable=True),
    PrimaryKeyConstraint("organisation_id", "log_id"),
)
