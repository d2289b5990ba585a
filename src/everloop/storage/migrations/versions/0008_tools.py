"""Tools of an organisation."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "tool",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("parameters", sa.Text(), nullable=True),
        sa.Column("strict", sa.Boolean(), nullable=True),
        sa.Column("snippets", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_tool_organisation_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_tool")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_tool_organisation_id_id")),
        sa.UniqueConstraint("organisation_id", "name", name=op.f("uq_tool_organisation_id_name")),
    )
