"""Everything that is kept, behind its ports: what `app` asks for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from everloop.ports.system import Clock, Metrics
from everloop.storage.changes import Changes
from everloop.storage.configs import Configs
from everloop.storage.connections import Connections
from everloop.storage.database import Database
from everloop.storage.datapoints import Datapoints
from everloop.storage.datasets import Datasets
from everloop.storage.deployments import Deployments
from everloop.storage.environments import Environments
from everloop.storage.experiments import Experiments
from everloop.storage.feed import PollingFeed
from everloop.storage.feedback import FeedbackOfLogs
from everloop.storage.health import DatabaseHealth
from everloop.storage.idempotency import Idempotency
from everloop.storage.keys import Keys
from everloop.storage.limits import Limits
from everloop.storage.location import database_file, postgres_url
from everloop.storage.log_writer import SqliteLogWriter
from everloop.storage.logs import Logs
from everloop.storage.organisations import Organisations
from everloop.storage.postgres.connecting import look_at
from everloop.storage.postgres.database import PostgresDatabase
from everloop.storage.postgres.listening import Listener
from everloop.storage.postgres.log_writer import PostgresLogWriter
from everloop.storage.postgres.retention import PostgresOldLogs
from everloop.storage.prices import Prices
from everloop.storage.projects import Projects
from everloop.storage.retention import OldLogs
from everloop.storage.sessions import Sessions
from everloop.storage.tools import Tools
from everloop.storage.transactions import Transactions
from everloop.storage.used import Used

_HEALTH_PATIENCE = 1.0


class Closable(Protocol):
    """What holds connections."""

    async def close(self) -> None:
        """Ends those that are not in use."""
        ...


@dataclass(frozen=True, slots=True)
class Storage:
    """The stores of one database, each under the name of its noun."""

    organisations: Organisations
    environments: Environments
    projects: Projects
    configs: Configs
    deployments: Deployments
    experiments: Experiments
    sessions: Sessions
    logs: Logs
    feedback: FeedbackOfLogs
    datasets: Datasets
    datapoints: Datapoints
    keys: Keys
    tools: Tools
    connections: Connections
    limits: Limits
    used: Used
    prices: Prices
    idempotency: Idempotency
    log_writer: SqliteLogWriter | PostgresLogWriter
    feed: PollingFeed
    health: DatabaseHealth
    old_logs: OldLogs | PostgresOldLogs
    databases: tuple[Closable, ...]

    async def close(self) -> None:
        """Writes what still waits and closes every connection."""
        await self.log_writer.close()
        for database in self.databases:
            await database.close()


@dataclass(frozen=True, slots=True)
class _Different:
    """What is different in each kind of database."""

    database: Transactions
    health_database: Transactions
    log_writer: SqliteLogWriter | PostgresLogWriter
    feed: PollingFeed
    old_logs: OldLogs | PostgresOldLogs
    listening: tuple[Closable, ...] = ()


async def open_storage(url: str, clock: Clock, metrics: Metrics) -> Storage:
    """Opens a database that `migrating.migrate` has brought up to date.

    Raises `errors.Unprocessable` for a URL of a kind that is not supported, and `errors.Unavailable` when the database
    does not open.
    """
    url_of_postgres = postgres_url(url)
    if url_of_postgres is None:
        opened = await _open_sqlite(database_file(url), clock, metrics)
    else:
        opened = await _open_postgres(url_of_postgres, clock, metrics)
    database, changes = opened.database, Changes(clock)
    return Storage(
        organisations=Organisations(database, changes),
        environments=Environments(database, changes),
        projects=Projects(database, changes),
        configs=Configs(database, changes),
        deployments=Deployments(database, changes),
        experiments=Experiments(database, changes, clock),
        sessions=Sessions(database),
        logs=Logs(database),
        feedback=FeedbackOfLogs(database, clock),
        datasets=Datasets(database),
        datapoints=Datapoints(database),
        keys=Keys(database, changes),
        tools=Tools(database, changes),
        connections=Connections(database, changes),
        limits=Limits(database, changes),
        used=Used(database),
        prices=Prices(database, changes),
        idempotency=Idempotency(database),
        log_writer=opened.log_writer,
        feed=opened.feed,
        health=DatabaseHealth(opened.health_database, opened.log_writer, clock),
        old_logs=opened.old_logs,
        databases=(*opened.listening, database, opened.health_database),
    )


async def _open_sqlite(file: Path, clock: Clock, metrics: Metrics) -> _Different:
    writer = SqliteLogWriter(file, clock, metrics)
    await writer.start()
    database = Database(file)
    health_database = Database(file, busy_timeout=_HEALTH_PATIENCE, connections=1)
    return _Different(database, health_database, writer, PollingFeed(database), OldLogs(file))


async def _open_postgres(url: str, clock: Clock, metrics: Metrics) -> _Different:
    server = await look_at(url)
    writer = PostgresLogWriter(server, clock, metrics)
    await writer.start()
    database = PostgresDatabase(server)
    health_database = PostgresDatabase(
        server, lock_timeout=_HEALTH_PATIENCE, patience=2 * _HEALTH_PATIENCE, connections=1
    )
    listener = Listener(server)
    listener.start()
    feed = PollingFeed(database, listener.pause)
    return _Different(database, health_database, writer, feed, PostgresOldLogs(server), (listener,))
