"""The way to a PostgreSQL server: what kind of server it is, and connections to it."""

import logging
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from everloop import errors
from everloop.storage.postgres.failures import DRIVER_ERRORS, described, words_for

_log: Final = logging.getLogger(__name__)

_OLDEST: Final = 130_000
_CONNECT_TIMEOUT: Final = 5.0

# The weakest that survives a crash; an operator who asks for more, such as `remote_apply`, keeps that.
DURABLE: Final = (
    "set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'"
    " ELSE current_setting('synchronous_commit') END, {within_transaction})"
)
DURABLE_TRANSACTION: Final = f"SELECT {DURABLE.format(within_transaction='true')}"
_DURABLE_SESSION: Final = f"SELECT {DURABLE.format(within_transaction='false')}"
_LOOK: Final = (
    "SELECT pg_backend_pid() AS pid, current_setting('server_version_num')::int AS version,"
    " current_setting('server_version') AS name, current_setting('server_encoding') AS encoding,"
    " current_setting('fsync')::bool AS fsync"
)


@dataclass(frozen=True, slots=True)
class Server:
    """A server, and the database in it that the URL names.

    `pooled` says that a pooler stands before it, which may hand each transaction to another connection: nothing that is
    said outside of a transaction is heard within the next one, and nobody can listen.
    """

    url: str = field(repr=False)
    pooled: bool = False

    async def connect(self, patience: float) -> Any:  # noqa: ANN401 - asyncpg has no types
        """A new connection; a command that takes longer than `patience` seconds fails. Raises the driver's errors."""
        connection = await asyncpg.connect(
            self.url,
            timeout=_CONNECT_TIMEOUT,
            command_timeout=patience,
            # Unnamed statements are parsed where they are executed.
            **({"statement_cache_size": 0} if self.pooled else {}),
        )
        try:
            if not self.pooled:
                await connection.execute(_DURABLE_SESSION)
        except BaseException:
            connection.terminate()
            raise
        return connection


async def look_at(url: str) -> Server:
    """The server that a URL leads to.

    Raises `errors.Unprocessable` for a URL that cannot be read and a server that cannot be used, `errors.Unavailable`
    when there is no way to it. The messages do not hold the URL, which has a password in it.
    """
    try:
        connection = await Server(url, pooled=True).connect(_CONNECT_TIMEOUT)
        try:
            async with connection.transaction():
                found = await connection.fetchrow(_LOOK)
            # A pooler gives its clients numbers of its own, since it has to cancel the right one's query.
            pooled = found["pid"] != connection.get_server_pid()
        finally:
            connection.terminate()
    except ValueError:
        raise errors.Unprocessable("The database URL cannot be read: a part of it has no meaning.") from None
    except DRIVER_ERRORS as error:
        _log.error("database error: %s", described(error))
        raise errors.Unavailable(words_for(error)) from None
    _check(found)
    if pooled:
        _log.info("a pooler stands before the database: changes of other processes are polled for")
    return Server(url, pooled)


def _check(found: Any) -> None:  # noqa: ANN401 - as above
    if found["version"] < _OLDEST:
        raise errors.Unprocessable(f"PostgreSQL 13 or newer is needed, and the server is a {found['name']}.")
    if found["encoding"] != "UTF8":
        raise errors.Unprocessable(f"The database has to be made with ENCODING 'UTF8'; it has {found['encoding']}.")
    if not found["fsync"]:
        _log.warning("the database runs with fsync=off: a crash of its machine loses what was acknowledged")
