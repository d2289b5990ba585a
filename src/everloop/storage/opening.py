"""Everything that is kept, behind its ports: what `app.py` asks for."""

from dataclasses import dataclass

from everloop.ports.system import Clock, Metrics
from everloop.storage.changes import Changes
from everloop.storage.configs import Configs
from everloop.storage.database import Database
from everloop.storage.deployments import Deployments
from everloop.storage.environments import Environments
from everloop.storage.experiments import Experiments
from everloop.storage.feed import PollingFeed
from everloop.storage.feedback import FeedbackOfLogs
from everloop.storage.health import DatabaseHealth
from everloop.storage.keys import Keys
from everloop.storage.location import database_file
from everloop.storage.log_writer import SqliteLogWriter
from everloop.storage.logs import Logs
from everloop.storage.organisations import Organisations
from everloop.storage.projects import Projects
from everloop.storage.sessions import Sessions

_HEALTH_PATIENCE = 1.0


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
    keys: Keys
    log_writer: SqliteLogWriter
    feed: PollingFeed
    health: DatabaseHealth
    databases: tuple[Database, ...]

    async def close(self) -> None:
        """Writes what still waits and closes every connection."""
        await self.log_writer.close()
        for database in self.databases:
            await database.close()


async def open_storage(url: str, clock: Clock, metrics: Metrics) -> Storage:
    """Opens a database that `migrating.migrate` has brought up to date.

    Raises `errors.Unprocessable` for a URL of a kind that is not supported, and `errors.Unavailable` when the database
    does not open.
    """
    file = database_file(url)
    writer = SqliteLogWriter(file, clock, metrics)
    await writer.start()
    database, health_database = Database(file), Database(file, busy_timeout=_HEALTH_PATIENCE, connections=1)
    changes = Changes(clock)
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
        keys=Keys(database, changes),
        log_writer=writer,
        feed=PollingFeed(database),
        health=DatabaseHealth(health_database, writer, clock),
        databases=(database, health_database),
    )
