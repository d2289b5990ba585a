"""Servers for the tests of this folder."""

from tests.server import fresh_server

__all__ = ["fresh_server"]
