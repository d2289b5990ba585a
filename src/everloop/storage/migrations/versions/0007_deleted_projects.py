"""When a project was deleted; its name is free then."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEPT = "number, organisation_id, id, name, folded_name, directory_id, created_at, updated_at"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _made_anew()
    else:
        op.add_column("project", sa.Column("deleted_at", sa.BigInteger(), nullable=True))
        op.drop_constraint(op.f("uq_project_organisation_id_name"), "project", type_="unique")
    op.create_index(
        "uq_project_organisation_id_name",
        "project",
        ["organisation_id", "name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def _made_anew() -> None:
    """SQLite cannot drop a constraint. The rows that name a project find it again before the transaction ends."""
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.execute(f"CREATE TEMPORARY TABLE project_before AS SELECT {KEPT} FROM project")  # noqa: S608 - our own words
    op.drop_table("project")
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
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_project_organisation_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_project")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_project_organisation_id_id")),
    )
    op.execute(f"INSERT INTO project ({KEPT}) SELECT {KEPT} FROM project_before")  # noqa: S608 - as above
    op.execute("DROP TABLE project_before")
