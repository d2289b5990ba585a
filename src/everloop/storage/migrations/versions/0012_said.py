"""Which logs have a value of feedback, and how many by version and source in each stretch of ids."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SAME_VALUE = (
    "said_value.organisation_id = feedback.organisation_id AND said_value.project_id = feedback.project_id"
    " AND said_value.type = feedback.type AND said_value.head = substr(feedback.value, 1, 100)"
    " AND said_value.value = feedback.value"
)
# What is said of logs that are there: on PostgreSQL a month may have gone whose feedback is still being cleared.
SAID = (
    "SELECT DISTINCT log.organisation_id, said_value.number AS said, log.id, said_value.type, said_value.value"  # noqa: S608 - our own words
    " FROM log JOIN feedback ON feedback.organisation_id = log.organisation_id AND feedback.log_id = log.id"
    f" JOIN said_value ON {SAME_VALUE}"
)
NEWEST = (
    "SELECT value FROM feedback WHERE feedback.organisation_id = each_said.organisation_id"
    " AND feedback.log_id = each_said.id AND feedback.type = each_said.type"
    " ORDER BY created_at DESC, number DESC LIMIT 1"
)


def upgrade() -> None:
    """Makes the tables and fills them from the feedback that is there."""
    op.create_table(
        "said_value",
        sa.Column("number", NUMBER, nullable=False),
        *_keys("organisation_id", "project_id", "type", "head", "value"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_said_value")),
    )
    op.create_index("ix_said_value_head", "said_value", ["organisation_id", "project_id", "type", "head"])
    op.create_table(
        "said_log",
        *_keys("organisation_id"),
        sa.Column("said", sa.BigInteger(), nullable=False),
        *_keys("log_id"),
        sa.Column("newest", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "said", "log_id", name=op.f("pk_said_log")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "said_cell",
        sa.Column("number", NUMBER, nullable=False),
        *_keys("organisation_id"),
        sa.Column("said", sa.BigInteger(), nullable=False),
        *_keys("stretch", "config_id", "source"),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("logs", "newest_logs", "first_at", "last_at")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_said_cell")),
    )
    op.create_index("ix_said_cell_stretch", "said_cell", ["organisation_id", "said", "stretch"])
    _fill()


def _keys(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, KEY, nullable=False) for name in names]


def _fill() -> None:
    op.execute(
        "INSERT INTO said_value (organisation_id, project_id, type, head, value)"
        " SELECT DISTINCT feedback.organisation_id, feedback.project_id, type, substr(value, 1, 100), value"
        " FROM feedback JOIN feedback_type ON feedback_type.organisation_id = feedback.organisation_id"
        " AND feedback_type.project_id = feedback.project_id AND feedback_type.name = feedback.type"
        " WHERE feedback_type.kind <> 'text'"
    )
    op.execute(
        "INSERT INTO said_log (organisation_id, said, log_id, newest) SELECT organisation_id, said, id,"  # noqa: S608 - our own words
        f" CASE WHEN value = ({NEWEST}) THEN 1 ELSE 0 END FROM ({SAID}) AS each_said"
    )
    op.execute(
        "INSERT INTO said_cell"
        " (organisation_id, said, stretch, config_id, source, logs, newest_logs, first_at, last_at)"
        " SELECT log.organisation_id, said, substr(id, 1, 8), coalesce(config_id, ''), coalesce('=' || source, ''),"
        " count(*), sum(newest), min(created_at), max(created_at) FROM said_log"
        " JOIN log ON log.organisation_id = said_log.organisation_id AND log.id = said_log.log_id"
        " GROUP BY 1, 2, 3, 4, 5"
    )
