"""How the calls of a place are made, beside what is live there."""

from everloop.domain.value import value


@value
class Timeouts:
    """Seconds: until connected, until the answer begins, between two pieces of it, and in all (retries included)."""

    connect: float = 5.0
    first_byte: float = 60.0
    gap: float = 60.0
    total: float = 600.0
