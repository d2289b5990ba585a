"""Datasets, their versions, and datapoints."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PRESENT = sa.text("until IS NULL")


def upgrade() -> None:
    op.create_table(
        "dataset",
        *_beginning(),
        sa.Column("id", KEY, nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("datapoints", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "project_id"],
            ["project.organisation_id", "project.id"],
            name=op.f("fk_dataset_organisation_id_project_id"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_dataset")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_dataset_organisation_id_id")),
    )
    op.create_index("ix_dataset_project", "dataset", ["organisation_id", "project_id"], unique=False)
    _versions()
    _datapoints()


def _versions() -> None:
    op.create_table(
        "dataset_version",
        *_beginning(),
        sa.Column("dataset_id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("datapoints", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        _of_dataset("dataset_version"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_dataset_version")),
        sa.UniqueConstraint(
            "organisation_id",
            "dataset_id",
            "version",
            name=op.f("uq_dataset_version_organisation_id_dataset_id_version"),
        ),
    )


def _datapoints() -> None:
    op.create_table(
        "datapoint",
        *_beginning(),
        sa.Column("id", KEY, nullable=False),
        sa.Column("dataset_id", KEY, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("inputs", sa.Text(), nullable=True),
        sa.Column("messages", sa.Text(), nullable=True),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("source_log_id", KEY, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        _of_dataset("datapoint"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_datapoint")),
        sa.UniqueConstraint("organisation_id", "id", "since", name=op.f("uq_datapoint_organisation_id_id_since")),
        sa.UniqueConstraint(
            "organisation_id",
            "dataset_id",
            "position",
            "since",
            name=op.f("uq_datapoint_organisation_id_dataset_id_position_since"),
        ),
    )
    _present("uq_datapoint_present", ["organisation_id", "id"], unique=True)
    _present("ix_datapoint_present", ["organisation_id", "dataset_id", "position"], unique=False)


def _beginning() -> tuple[sa.Column[int], sa.Column[str]]:
    return (
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("organisation_id", KEY, nullable=False),
    )


def _of_dataset(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id", "dataset_id"],
        ["dataset.organisation_id", "dataset.id"],
        name=op.f(f"fk_{table}_organisation_id_dataset_id"),
    )


def _present(name: str, columns: list[str], *, unique: bool) -> None:
    op.create_index(name, "datapoint", columns, unique=unique, sqlite_where=PRESENT, postgresql_where=PRESENT)
