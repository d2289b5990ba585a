"""The tables of experiments: what they are, whom their arms met, and what came of that, as sums.

`trial` and the `arm_…` tables without foreign keys are filled from logs. All sums are by organisation, experiment,
environment and arm.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from everloop.storage.tables import Key, Number, Words, metadata, partial_index

# `positive_labels` is JSON.
experiment = Table(
    "experiment",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("organisation_id", Key, nullable=False),
    Column("id", Key, nullable=False),
    Column("project_id", Key, nullable=False),
    Column("name", Key, nullable=False),
    Column("salt", Words, nullable=False),
    Column("positive_labels", Words, nullable=False),
    Column("control", Key, nullable=True),
    Column("status", Words, nullable=False),
    Column("winner", Key, nullable=True),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("concluded_at", BigInteger, nullable=True),
    Column("deleted_at", BigInteger, nullable=True),
    UniqueConstraint("organisation_id", "id"),
    ForeignKeyConstraint(["organisation_id", "project_id"], ["project.organisation_id", "project.id"]),
)
partial_index(
    "uq_experiment_organisation_id_project_id_name",
    experiment.c.organisation_id,
    experiment.c.project_id,
    experiment.c.name,
    unique=True,
    where=experiment.c.deleted_at.is_(None),
)

experiment_arm = Table(
    "experiment_arm",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("organisation_id", Key, nullable=False),
    Column("experiment_id", Key, nullable=False),
    Column("config_id", Key, nullable=False),
    Column("endpoint", Words, nullable=False),
    Column("weight", Double, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("added_at", BigInteger, nullable=False),
    UniqueConstraint("organisation_id", "experiment_id", "config_id"),
    ForeignKeyConstraint(["organisation_id", "experiment_id"], ["experiment.organisation_id", "experiment.id"]),
    ForeignKeyConstraint(["organisation_id", "config_id"], ["model_config.organisation_id", "model_config.id"]),
)

# `positive` and `rated` count the trial's logs (`domain.outcome.Tally`).
trial = Table(
    "trial",
    metadata,
    Column("organisation_id", Key, nullable=False),
    Column("id", Key, nullable=False),
    Column("experiment_id", Key, nullable=False),
    Column("environment_id", Key, nullable=False),
    Column("config_id", Key, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("positive", Integer, nullable=False, server_default="0"),
    Column("rated", Integer, nullable=False, server_default="0"),
    PrimaryKeyConstraint("organisation_id", "id"),
    sqlite_with_rowid=False,
)
# Only rated trials, so that a trial costs no second tree when it is made.
partial_index(
    "ix_trial_rated",
    trial.c.organisation_id,
    trial.c.experiment_id,
    where=trial.c.rated > 0,
)


def _of_arm(name: str, *columns: Column[int] | Column[float], key: tuple[str, ...] = ()) -> Table:
    """A table of sums: one row an arm in each environment, and for each further column of the key."""
    place = ("organisation_id", "experiment_id", "environment_id", "config_id")
    return Table(
        name,
        metadata,
        *(Column(each, Key, nullable=False) for each in place),
        *columns,
        PrimaryKeyConstraint(*place, *key),
        sqlite_with_rowid=False,
    )


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _sum(name: str) -> Column[float]:
    return Column(name, Double, nullable=False)


# `domain.results.ArmUsage`, without its latencies; the order of the columns is that of the values in `exposures` and
# `folding`.
arm_usage = _of_arm(
    "arm_usage",
    _count("trials"),
    _count("logs"),
    _count("errors"),
    _count("prompt_tokens"),
    _count("output_tokens"),
    _sum("cost"),
    _count("priced"),
)
# How many latencies fell into each bucket (`domain.latency`).
arm_latency = _of_arm("arm_latency", _count("bucket"), _count("logs"), key=("bucket",))
# `domain.evidence.Summary`.
arm_outcome = _of_arm("arm_outcome", _count("units"), _sum("total"), _sum("squares"))
# The last summary of each stretch of time (`domain.results.bucket_of`).
arm_moment = _of_arm(
    "arm_moment",
    _count("bucket"),
    Column("at", BigInteger, nullable=False),
    _count("units"),
    _sum("total"),
    _sum("squares"),
    key=("bucket",),
)

# One row: the newest log that is in the sums, of `folding`. There is none before the first log, and none on PostgreSQL.
folding = Table(
    "folding",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("organisation_id", Key, nullable=False),
    Column("log_id", Key, nullable=False),
)
