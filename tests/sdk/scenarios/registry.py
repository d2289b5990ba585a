"""What can be played: scenarios by name, and the versions of the official client that can play each."""

import inspect
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
    after `Repeat: `, and answers any other prompt with a digest of the key that it was given. It is also there as
    `our-vendor`, a connection of the organisation's own with the key `sk-our-vendors`.
    `about_plain_calls`: it looks at what only they do, so it cannot be told again with asynchronous ones.
    """

    play: Play
    versions: tuple[str, ...] = VERSIONS
    vendor: bool = False
    about_plain_calls: bool = False

    @property
    def has_twin(self) -> bool:
        """Whether it can be told again with asynchronous calls in place of plain ones."""
        return not (self.vendor or self.about_plain_calls or inspect.iscoroutinefunction(self.play))


def scenario(play: Play) -> Play:
    """Registers a story that every version can tell."""
    return _registered(play, Scenario(play))


def scenario_of(*versions: str) -> Callable[[Play], Play]:
    """Registers a story about what only these versions have."""
    return lambda play: _registered(play, Scenario(play, versions))


def scenario_with_vendor(play: Play) -> Play:
    """Registers a story that needs the model vendor."""
    return _registered(play, Scenario(play, vendor=True))


def scenario_of_plain_calls(play: Play) -> Play:
    """Registers a story about what only plain calls do."""
    return _registered(play, Scenario(play, about_plain_calls=True))


def _registered(play: Play, made: Scenario) -> Play:
    assert play.__name__ not in SCENARIOS, f"two scenarios are named {play.__name__}"
    SCENARIOS[play.__name__] = made
    return play
