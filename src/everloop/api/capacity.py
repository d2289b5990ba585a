"""How much is taken on at once: what comes beyond it is refused before it costs anything."""

from everloop.errors import Unavailable


class Capacity:
    """So many requests may be under way, each within a `with` block; a further one raises `errors.Unavailable`."""

    __slots__ = ("_limit", "_taken")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0

    def __enter__(self) -> None:
        if self._taken >= self._limit:
            raise Unavailable(
                f"The server is busy: {self._limit} calls are under way, as many as it takes on (EVERLOOP_MAX_CALLS)."
                " Nothing was asked of a provider."
            )
        self._taken += 1

    def __exit__(self, *_: object) -> None:
        self._taken -= 1
