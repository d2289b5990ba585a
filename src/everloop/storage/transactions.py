"""What the stores ask of a database: transactions to read in and to write in."""

from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

# The owner of what belongs to no organisation.
NOBODY: Final = ""


class Transactions(Protocol):
    """A database. What its driver says of trouble becomes `errors.Unavailable`, or `errors.Unprocessable` for a value.

    A broken constraint is raised as SQLAlchemy's `IntegrityError`: only the query knows what it means.
    """

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that sees one state of the database from its first query on."""
        ...

    def write(self, owner: str = NOBODY, /) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that may write; on disk when the block is left without an error.

        No other transaction that writes for the same owner, such as an organisation's id, runs at the same time in any
        process. What the log writer keeps may appear meanwhile.
        """
        ...

    async def close(self) -> None:
        """Closes the connections that are not in use."""
        ...
