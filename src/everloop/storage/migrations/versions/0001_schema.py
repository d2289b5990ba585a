"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Text that is compared bytewise, and a number that the database gives.
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _organisations()
    _projects()
    _feedback()
    _sessions_and_bodies()
    _logs()
    _bookkeeping()


def _organisations() -> None:
    op.create_table(
        "organisation",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_organisation")),
        sa.UniqueConstraint("id", name=op.f("uq_organisation_id")),
        sa.UniqueConstraint("name", name=op.f("uq_organisation_name")),
    )
    op.create_table(
        "environment",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_environment_organisation_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_environment")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_environment_organisation_id_id")),
    )
    op.create_index(
        "uq_environment_organisation_id_default",
        "environment",
        ["organisation_id"],
        unique=True,
        sqlite_where=sa.column("is_default", sa.Boolean),
        postgresql_where=sa.column("is_default", sa.Boolean),
    )
    op.create_index(
        "uq_environment_organisation_id_name",
        "environment",
        ["organisation_id", "name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "api_key",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_api_key_organisation_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_api_key")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_key_digest")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_api_key_organisation_id_id")),
    )
    op.create_table(
        "provider_key",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("provider", KEY, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_provider_key_organisation_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_provider_key")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_provider_key_organisation_id_id")),
        sa.UniqueConstraint("organisation_id", "provider", name=op.f("uq_provider_key_organisation_id_provider")),
    )


def _projects() -> None:
    op.create_table(
        "project",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("folded_name", KEY, nullable=False),
        sa.Column("directory_id", KEY, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_project_organisation_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_project")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_project_organisation_id_id")),
        sa.UniqueConstraint("organisation_id", "name", name=op.f("uq_project_organisation_id_name")),
    )
    op.create_table(
        "model_config",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("fingerprint", KEY, nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "project_id"],
            ["project.organisation_id", "project.id"],
            name=op.f("fk_model_config_organisation_id_project_id"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_model_config")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_model_config_organisation_id_id")),
        sa.UniqueConstraint(
            "organisation_id",
            "project_id",
            "fingerprint",
            name=op.f("uq_model_config_organisation_id_project_id_fingerprint"),
        ),
    )
    op.create_table(
        "deployment",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("environment_id", KEY, nullable=False),
        sa.Column("config_id", KEY, nullable=True),
        sa.Column("experiment_id", KEY, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("config_id IS NULL OR experiment_id IS NULL", name=op.f("ck_deployment_one_target")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "config_id"],
            ["model_config.organisation_id", "model_config.id"],
            name=op.f("fk_deployment_organisation_id_config_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "environment_id"],
            ["environment.organisation_id", "environment.id"],
            name=op.f("fk_deployment_organisation_id_environment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "project_id"],
            ["project.organisation_id", "project.id"],
            name=op.f("fk_deployment_organisation_id_project_id"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_deployment")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_deployment_organisation_id_id")),
    )
    op.create_index(
        "ix_deployment_organisation_id_project_id", "deployment", ["organisation_id", "project_id"], unique=False
    )
    op.create_index(
        "uq_deployment_present",
        "deployment",
        ["organisation_id", "project_id", "environment_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _feedback() -> None:
    op.create_table(
        "feedback_type",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "project_id"],
            ["project.organisation_id", "project.id"],
            name=op.f("fk_feedback_type_organisation_id_project_id"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_feedback_type")),
        sa.UniqueConstraint(
            "organisation_id", "project_id", "name", name=op.f("uq_feedback_type_organisation_id_project_id_name")
        ),
    )
    op.create_table(
        "feedback_label",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("type", KEY, nullable=False),
        sa.Column("value", KEY, nullable=False),
        sa.Column("sentiment", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "project_id", "type"],
            ["feedback_type.organisation_id", "feedback_type.project_id", "feedback_type.name"],
            name=op.f("fk_feedback_label_organisation_id_project_id_type"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_feedback_label")),
        sa.UniqueConstraint(
            "organisation_id",
            "project_id",
            "type",
            "value",
            name=op.f("uq_feedback_label_organisation_id_project_id_type_value"),
        ),
    )
    op.create_table(
        "feedback",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("log_id", KEY, nullable=False),
        sa.Column("type", KEY, nullable=False),
        sa.Column("value", KEY, nullable=False),
        sa.Column("user", KEY, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "project_id"],
            ["project.organisation_id", "project.id"],
            name=op.f("fk_feedback_organisation_id_project_id"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_feedback")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_feedback_organisation_id_id")),
    )
    op.create_index(
        "ix_feedback_organisation_id_log_id_type", "feedback", ["organisation_id", "log_id", "type"], unique=False
    )


def _sessions_and_bodies() -> None:
    op.create_table(
        "session",
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("reference_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_session")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "log_body",
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("log_id", KEY, nullable=False),
        sa.Column("inputs", sa.Text(), nullable=True),
        sa.Column("metadata", sa.Text(), nullable=True),
        sa.Column("messages", sa.Text(), nullable=True),
        sa.Column("output", sa.Text(), nullable=True),
        sa.Column("raw_output", sa.Text(), nullable=True),
        sa.Column("output_message", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("stdout", sa.Text(), nullable=True),
        sa.Column("judgment", sa.Text(), nullable=True),
        sa.Column("tools", sa.Text(), nullable=True),
        sa.Column("tool_choice", sa.Text(), nullable=True),
        sa.Column("provider_request", sa.Text(), nullable=True),
        sa.Column("provider_response", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("organisation_id", "log_id", name=op.f("pk_log_body")),
        postgresql_partition_by="RANGE (log_id)",
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE TABLE log_body_other PARTITION OF log_body DEFAULT")


def _logs() -> None:
    op.create_table(
        "log",
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("config_id", KEY, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("environment_id", KEY, nullable=True),
        sa.Column("session_id", KEY, nullable=True),
        sa.Column("session_reference_id", sa.Text(), nullable=True),
        sa.Column("parent_id", KEY, nullable=True),
        sa.Column("parent_reference_id", sa.Text(), nullable=True),
        sa.Column("reference_id", KEY, nullable=True),
        sa.Column("trial_id", KEY, nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("source_datapoint_id", KEY, nullable=True),
        sa.Column("user", sa.Text(), nullable=True),
        sa.Column("save", sa.Boolean(), nullable=False),
        sa.Column("sample_index", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), nullable=False),
        sa.Column("finish_reason", sa.Text(), nullable=True),
        sa.Column("error_kind", sa.Text(), nullable=True),
        sa.Column("prompt_tokens", sa.BigInteger(), nullable=True),
        sa.Column("output_tokens", sa.BigInteger(), nullable=True),
        sa.Column("reasoning_tokens", sa.BigInteger(), nullable=True),
        sa.Column("usage_estimated", sa.Boolean(), nullable=True),
        sa.Column("prompt_cost", sa.Double(), nullable=True),
        sa.Column("output_cost", sa.Double(), nullable=True),
        sa.Column("provider_latency", sa.Double(), nullable=True),
        sa.Column("time_to_first_token", sa.Double(), nullable=True),
        sa.Column("duration", sa.Double(), nullable=True),
        sa.Column("provider_calls", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_log")),
        postgresql_partition_by="RANGE (id)",
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE TABLE log_other PARTITION OF log DEFAULT")
    op.create_index(
        "ix_log_config",
        "log",
        ["organisation_id", "config_id", "created_at"],
        unique=False,
        sqlite_where=sa.text("config_id IS NOT NULL"),
        postgresql_where=sa.text("config_id IS NOT NULL"),
    )
    op.create_index("ix_log_project", "log", ["organisation_id", "project_id", "id"], unique=False)
    op.create_index(
        "ix_log_reference",
        "log",
        ["organisation_id", "reference_id", "id"],
        unique=False,
        sqlite_where=sa.text("reference_id IS NOT NULL"),
        postgresql_where=sa.text("reference_id IS NOT NULL"),
    )
    op.create_index(
        "ix_log_session",
        "log",
        ["organisation_id", "session_id", "id"],
        unique=False,
        sqlite_where=sa.text("session_id IS NOT NULL"),
        postgresql_where=sa.text("session_id IS NOT NULL"),
    )


def _bookkeeping() -> None:
    op.create_table(
        "change",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("project_id", KEY, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_change")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "probe",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_probe")),
    )
