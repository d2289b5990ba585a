"""Names of advisory locks, by which transactions of all processes take turns. They end with their transaction."""

from hashlib import blake2b
from typing import Final


def lock_of(name: str) -> int:
    """The lock's number, a signed 64-bit one. Two names with one number would only wait for each other."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8, person=b"everloop").digest(), signed=True)


def owner_lock(owner: str) -> int:
    """The lock of all who write for one owner (`transactions.Transactions.write`)."""
    return lock_of(f"owner {owner}")


# Taken after an owner's: the numbers of changes are given in the order in which the changes become visible.
CHANGES: Final = lock_of("changes")
MIGRATIONS: Final = lock_of("migrations")
PARTITIONS: Final = lock_of("partitions")
RETENTION: Final = lock_of("retention")
