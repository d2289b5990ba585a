"""Set every test up the same way: a bare environment, loopback only, reproducible properties."""

import os

_LEAKING_PREFIXES = ("EVERLOOP_", "OPENAI_", "AZURE_", "ANTHROPIC_", "GEMINI_", "GOOGLE_", "HUMANLOOP_")
_LEAKING_SUFFIXES = ("_PROXY", "_API_KEY", "_BASE_URL")

# What the developer's shell holds must not decide a test: keys would be sent, proxies would be asked. This comes before
# the imports below, since some libraries read the environment when they are imported.
for _name in list(os.environ):
    if _name.upper().startswith(_LEAKING_PREFIXES) or _name.upper().endswith(_LEAKING_SUFFIXES):
        del os.environ[_name]

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests import network_guard
from tests.sdk.reporting import pytest_sessionfinish, pytest_terminal_summary

__all__ = ["pytest_sessionfinish", "pytest_terminal_summary"]

network_guard.install()

# The same examples every time, so that a red run means the change. Look for new ones with --hypothesis-profile=explore.
settings.register_profile("ci", derandomize=True, deadline=None, database=None, print_blob=True)
settings.register_profile("explore", deadline=None, max_examples=2_000, print_blob=True)
settings.load_profile("ci")


@pytest.fixture(autouse=True)
def refused_traffic() -> Iterator[list[str]]:
    """Fail a test that tried to leave the machine, even when the code under test swallowed the refusal."""
    yield network_guard.refusals
    refused = network_guard.refusals.copy()
    network_guard.refusals.clear()
    assert not refused, f"tests talk to loopback alone, this one tried: {refused}"
