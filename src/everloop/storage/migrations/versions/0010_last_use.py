"""When the last log of each config was made."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

OF_MARK = "mark.organisation_id = folding.organisation_id AND mark.id = folding.log_id"
FOLDED = f"FROM log WHERE rowid <= (SELECT mark.rowid FROM folding JOIN log AS mark ON {OF_MARK})"  # noqa: S608 - our own words


def upgrade() -> None:
    """On SQLite counts what was folded before anew, and needs no index for it then. PostgreSQL has no rows there."""
    if op.get_bind().dialect.name == "postgresql":
        op.add_column("config_logs", sa.Column("last_at", sa.BigInteger(), nullable=False, server_default="0"))
        op.alter_column("config_logs", "last_at", server_default=None)
        return
    op.drop_table("config_logs")
    op.create_table(
        "config_logs",
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("config_id", sa.Text(), nullable=False),
        sa.Column("logs", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "config_id", name=op.f("pk_config_logs")),
        sqlite_with_rowid=False,
    )
    op.execute(
        f"INSERT INTO config_logs SELECT organisation_id, config_id, count(*), max(created_at) {FOLDED}"
        " AND config_id IS NOT NULL GROUP BY 1, 2"
    )
    op.drop_index("ix_log_config", "log")
