"""Experiments."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ARM = ("organisation_id", "experiment_id", "environment_id", "config_id")


def upgrade() -> None:
    _experiments()
    _trials()
    _sums()
    op.add_column("log", sa.Column("experiment_id", KEY, nullable=True))
    op.create_index("ix_feedback_project", "feedback", ["organisation_id", "project_id", "type"], unique=False)


def _experiments() -> None:
    op.create_table(
        "experiment",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("salt", sa.Text(), nullable=False),
        sa.Column("positive_labels", sa.Text(), nullable=False),
        sa.Column("control", KEY, nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("winner", KEY, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("concluded_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "project_id"],
            ["project.organisation_id", "project.id"],
            name=op.f("fk_experiment_organisation_id_project_id"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_experiment")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_experiment_organisation_id_id")),
    )
    op.create_index(
        "uq_experiment_organisation_id_project_id_name",
        "experiment",
        ["organisation_id", "project_id", "name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "experiment_arm",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("experiment_id", KEY, nullable=False),
        sa.Column("config_id", KEY, nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "experiment_id"],
            ["experiment.organisation_id", "experiment.id"],
            name=op.f("fk_experiment_arm_organisation_id_experiment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "config_id"],
            ["model_config.organisation_id", "model_config.id"],
            name=op.f("fk_experiment_arm_organisation_id_config_id"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_experiment_arm")),
        sa.UniqueConstraint(
            "organisation_id",
            "experiment_id",
            "config_id",
            name=op.f("uq_experiment_arm_organisation_id_experiment_id_config_id"),
        ),
    )


def _trials() -> None:
    op.create_table(
        "trial",
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("experiment_id", KEY, nullable=False),
        sa.Column("environment_id", KEY, nullable=False),
        sa.Column("config_id", KEY, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("positive", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rated", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_trial")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_trial_rated",
        "trial",
        ["organisation_id", "experiment_id"],
        unique=False,
        sqlite_where=sa.text("rated > 0"),
        postgresql_where=sa.text("rated > 0"),
    )


def _sums() -> None:
    _table_of_arms(
        "arm_usage",
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("trials", "logs", "errors", "prompt_tokens", "output_tokens")
        ),
        sa.Column("cost", sa.Double(), nullable=False),
        sa.Column("priced", sa.BigInteger(), nullable=False),
    )
    _table_of_arms(
        "arm_latency",
        sa.Column("bucket", sa.BigInteger(), nullable=False),
        sa.Column("logs", sa.BigInteger(), nullable=False),
        key=("bucket",),
    )
    _table_of_arms("arm_outcome", *_summary())
    _table_of_arms(
        "arm_moment",
        sa.Column("bucket", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *_summary(),
        key=("bucket",),
    )


def _summary() -> tuple[sa.Column[int] | sa.Column[float], ...]:
    return (
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Double(), nullable=False),
        sa.Column("squares", sa.Double(), nullable=False),
    )


def _table_of_arms(name: str, *columns: sa.Column[int] | sa.Column[float], key: tuple[str, ...] = ()) -> None:
    op.create_table(
        name,
        *(sa.Column(each, KEY, nullable=False) for each in ARM),
        *columns,
        sa.PrimaryKeyConstraint(*ARM, *key, name=op.f(f"pk_{name}")),
        sqlite_with_rowid=False,
    )
