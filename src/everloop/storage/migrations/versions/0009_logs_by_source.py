"""How many logs of each project there are by config and source as well, and between which times."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
OF_MARK = "mark.organisation_id = folding.organisation_id AND mark.id = folding.log_id"
FOLDED = f"FROM log WHERE rowid <= (SELECT mark.rowid FROM folding JOIN log AS mark ON {OF_MARK})"  # noqa: S608 - our own words


def upgrade() -> None:
    """On SQLite counts what was folded before anew; the rest is counted when it is. PostgreSQL has no rows there."""
    op.rename_table("project_logs", "project_logs_before")
    if op.get_bind().dialect.name == "postgresql":
        # The index kept the name that the new one gets.
        op.execute("ALTER TABLE project_logs_before DROP CONSTRAINT pk_project_logs")
    op.create_table(
        "project_logs",
        *(
            sa.Column(name, KEY, nullable=False)
            for name in ("organisation_id", "project_id", "stretch", "config_id", "source")
        ),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("logs", "first_at", "last_at")),
        sa.PrimaryKeyConstraint(
            "organisation_id", "project_id", "stretch", "config_id", "source", name=op.f("pk_project_logs")
        ),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "INSERT INTO project_logs SELECT organisation_id, project_id, substr(id, 1, 8), coalesce(config_id, ''),"
            f" coalesce('=' || source, ''), count(*), min(created_at), max(created_at) {FOLDED} GROUP BY 1, 2, 3, 4, 5"
        )
    else:
        op.execute(
            "INSERT INTO project_logs SELECT organisation_id, project_id, stretch, '', '', logs, 0, 0"
            " FROM project_logs_before"
        )
    op.drop_table("project_logs_before")
