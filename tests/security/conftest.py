"""What tests of security share."""

from tests.postgres import postgres

__all__ = ["postgres"]
