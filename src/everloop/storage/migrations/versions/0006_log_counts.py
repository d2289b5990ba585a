"""How many logs there are of each project and config."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
OF_MARK = "mark.organisation_id = folding.organisation_id AND mark.id = folding.log_id"
FOLDED = f"FROM log WHERE rowid <= (SELECT mark.rowid FROM folding JOIN log AS mark ON {OF_MARK})"  # noqa: S608 - our own words


def upgrade() -> None:
    """Counts what was folded before; the rest is counted when it is."""
    op.create_table(
        "project_logs",
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("stretch", KEY, nullable=False),
        sa.Column("logs", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "project_id", "stretch", name=op.f("pk_project_logs")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "config_logs",
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("config_id", KEY, nullable=False),
        sa.Column("logs", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "config_id", name=op.f("pk_config_logs")),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "INSERT INTO project_logs SELECT organisation_id, project_id, substr(id, 1, 8), count(*)"
            f" {FOLDED} GROUP BY 1, 2, 3"
        )
        op.execute(
            f"INSERT INTO config_logs SELECT organisation_id, config_id, count(*) {FOLDED}"
            " AND config_id IS NOT NULL GROUP BY 1, 2"
        )
