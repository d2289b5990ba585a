"""How much is taken on at once: what comes beyond it is refused before it costs anything."""

from typing import Final, Self

from everloop.errors import Unavailable

# Together, all bodies under way may be so many times as large as the largest one.
LARGEST_BODIES: Final = 40


class Capacity:
    """So many requests may be under way, and so many bytes of their bodies be held."""

    __slots__ = ("_held", "_most_calls", "_most_held", "_taken")

    def __init__(self, most_calls: int, most_held: int) -> None:
        self._most_calls = most_calls
        self._most_held = most_held
        self._taken = 0
        self._held = 0

    def place(self) -> "Place":
        """A place for one request, which it has within a `with` block."""
        return Place(self)

    def take(self) -> None:
        """One more request. Raises `Unavailable`."""
        if self._taken >= self._most_calls:
            raise Unavailable(
                f"The server is busy: {self._most_calls} calls are under way, as many as it takes on"
                " (EVERLOOP_MAX_CALLS). Nothing was asked of a provider."
            )
        self._taken += 1

    def hold(self, size: int) -> None:
        """So many bytes more. Raises `Unavailable`."""
        if self._held + size > self._most_held:
            raise Unavailable(
                f"The server is busy: what is under way fills the {self._most_held} bytes that it holds of requests'"
                f" bodies ({LARGEST_BODIES} times EVERLOOP_MAX_BODY_BYTES). Nothing was asked of a provider."
            )
        self._held += size

    def give_back(self, size: int) -> None:
        """A request is through, whose body took so many bytes."""
        self._taken -= 1
        self._held -= size


class Place:
    """One request's share. To enter it raises `Unavailable` when there is none left."""

    __slots__ = ("_capacity", "_held")

    def __init__(self, capacity: Capacity) -> None:
        self._capacity = capacity
        self._held = 0

    def __enter__(self) -> Self:
        self._capacity.take()
        return self

    def __exit__(self, *_: object) -> None:
        self._capacity.give_back(self._held)

    def hold(self, size: int) -> None:
        """More of the body has come. Raises `Unavailable` when so many bytes are not left."""
        self._capacity.hold(size)
        self._held += size
