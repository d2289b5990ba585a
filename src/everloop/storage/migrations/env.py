"""How Alembic runs the revisions: within the connection and the transaction that `migrating.migrate` hands over."""

from alembic import context

from everloop.storage import (  # noqa: F401 - they add to the metadata
    dataset_tables,
    experiment_tables,
    limit_tables,
    log_tables,
    provider_tables,
    said_tables,
    tool_tables,
)
from everloop.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # Alembic's default for SQLite is about the driver's own transactions, which are off.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
