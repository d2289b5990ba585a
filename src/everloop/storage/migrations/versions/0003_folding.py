"""What of the logs is in the sums of experiments."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """The sums of the logs that are there were written with them."""
    op.create_table(
        "folding",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("log_id", KEY, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_folding")),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "INSERT INTO folding (id, organisation_id, log_id) SELECT 1, organisation_id, id FROM log"
            " ORDER BY rowid DESC LIMIT 1"
        )
