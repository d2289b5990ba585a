"""Room for as many connections as the server takes on at once."""

import resource
from typing import Final

# Databases, logs, and what a process has open anyway.
_BESIDES: Final = 200


def make_room(calls: int) -> str | None:
    """Raises this process's limit of open files, which its workers inherit, to what so many calls take.

    Each call has a connection from its caller and one to a provider, and as many other requests have one. What to tell
    the operator when the system allows fewer; None when there is room.
    """
    needed = 3 * calls + _BESIDES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    room = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if soft != resource.RLIM_INFINITY and soft < room:
        resource.setrlimit(resource.RLIMIT_NOFILE, (room, hard))
    if room == needed:
        return None
    return (
        f"EVERLOOP_MAX_CALLS={calls} takes up to {needed} open files, and the system allows {hard}: raise that"
        f" (`ulimit -Hn`, LimitNOFILE= of systemd), or take on {max(1, (hard - _BESIDES) // 3)} calls."
    )
