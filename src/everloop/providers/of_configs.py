"""What formats make once of a configuration, for all of its calls."""

from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import ReferenceType, ref

from everloop.domain.config import ModelConfig

Made = TypeVar("Made")


class OfConfigs(Generic[Made]):
    """Keeps what is made of a configuration as long as the configuration is there.

    What is live is one object for as long as it is; one that came with a call goes with that call, however large.
    """

    __slots__ = ("_kept", "_make")

    def __init__(self, make: Callable[[ModelConfig], Made]) -> None:
        self._make = make
        self._kept: dict[int, tuple[ReferenceType[ModelConfig], Made]] = {}

    def of(self, config: ModelConfig) -> Made:
        """What is made of it. Raises what `make` raises, which is then not kept."""
        name = id(config)
        found = self._kept.get(name)
        if found is not None and found[0]() is config:
            return found[1]
        made = self._make(config)
        # Its name may be another's before long; by then this has been called.
        self._kept[name] = (ref(config, lambda _: self._kept.pop(name, None)), made)
        return made
