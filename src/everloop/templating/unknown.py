"""What stands in for a missing input, so that the other missing ones are found in the same call."""

from collections.abc import Iterator
from typing import Final


class Unknown:
    """It has every attribute, item and method, and all of them are it again; as a text and as a list it is empty."""

    def __getattr__(self, name: str) -> "Unknown":
        if name.startswith("_"):
            raise AttributeError(name)
        return self

    def __getitem__(self, _: object) -> "Unknown":
        return self

    def __call__(self, *_: object, **__: object) -> "Unknown":
        return self

    def __iter__(self) -> Iterator[object]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __str__(self) -> str:
        return ""


UNKNOWN: Final = Unknown()
