"""What can be played: scenarios by name, and the versions of the official client that can play each."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.sdk.scenarios.stage import Stage

VERSIONS: Final = ("0.7.0", "0.7.35")

Play = Callable[["Stage"], Awaitable[None] | None]

SCENARIOS: Final[dict[str, "Scenario"]] = {}


@dataclass(frozen=True, slots=True)
class Scenario:
    """One story, told by a client to a server; it ends without a word or with an AssertionError.

    `vendor`: behind the server's provider `openai` stands the tests' model vendor. It repeats in one piece what comes
    after `Repeat: `, and answers any other prompt with a digest of the key that it was given.
    """

    play: Play
    versions: tuple[str, ...] = VERSIONS
    vendor: bool = False


def scenario(play: Play) -> Play:
    """Registers a story that every version can tell."""
    return _registered(play, Scenario(play))


def scenario_of(*versions: str) -> Callable[[Play], Play]:
    """Registers a story about what only these versions have."""
    return lambda play: _registered(play, Scenario(play, versions))


def scenario_with_vendor(play: Play) -> Play:
    """Registers a story that needs the model vendor."""
    return _registered(play, Scenario(play, vendor=True))


def _registered(play: Play, made: Scenario) -> Play:
    assert play.__name__ not in SCENARIOS, f"two scenarios are named {play.__name__}"
    SCENARIOS[play.__name__] = made
    return play
