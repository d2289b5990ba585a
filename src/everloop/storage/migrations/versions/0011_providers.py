"""Connections, prices, limits, the policy of deployments, and what a log tells of its attempts and its arm."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("deployment", sa.Column("policy", sa.Text(), nullable=True))
    op.add_column("log", sa.Column("arm_id", KEY, nullable=True))
    op.add_column("log_body", sa.Column("attempts", sa.Text(), nullable=True))
    op.create_table(
        "connection",
        *_common(),
        sa.Column("name", KEY, nullable=False),
        sa.Column("format", KEY, nullable=False),
        sa.Column("base_url", sa.Text(), nullable=False),
        sa.Column("needs_key", sa.Boolean(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        *_constraints("connection"),
        sa.UniqueConstraint("organisation_id", "name", name=op.f("uq_connection_organisation_id_name")),
    )
    op.create_table(
        "price",
        *_common(),
        sa.Column("provider", KEY, nullable=False),
        sa.Column("model", KEY, nullable=False),
        sa.Column("prompt_price", sa.Float(), nullable=False),
        sa.Column("output_price", sa.Float(), nullable=False),
        *_constraints("price"),
        sa.UniqueConstraint(
            "organisation_id", "provider", "model", name=op.f("uq_price_organisation_id_provider_model")
        ),
    )
    op.create_table(
        "usage_limit",
        *_common(),
        sa.Column("subject_kind", KEY, nullable=False),
        sa.Column("subject_id", KEY, nullable=False),
        sa.Column("measure", KEY, nullable=False),
        sa.Column("period", KEY, nullable=False),
        sa.Column("amount", sa.Float(), nullable=False),
        *_constraints("usage_limit"),
        sa.UniqueConstraint(
            "organisation_id",
            "subject_kind",
            "subject_id",
            "measure",
            "period",
            name=op.f("uq_usage_limit_organisation_id_subject_kind_subject_id_measure_period"),
        ),
    )
    op.create_table(
        "used",
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("subject_kind", KEY, nullable=False),
        sa.Column("subject_id", KEY, nullable=False),
        sa.Column("period", KEY, nullable=False),
        sa.Column("begins_at", sa.BigInteger(), nullable=False),
        sa.Column("requests", sa.Float(), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("cost", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint(
            "organisation_id", "subject_kind", "subject_id", "period", "begins_at", name=op.f("pk_used")
        ),
    )


def _common() -> list[sa.Column[object]]:
    return [
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
    ]


def _constraints(table: str) -> list[sa.Constraint]:
    return [
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f(f"fk_{table}_organisation_id")),
        sa.PrimaryKeyConstraint("number", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f(f"uq_{table}_organisation_id_id")),
    ]
