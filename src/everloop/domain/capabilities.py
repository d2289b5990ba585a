"""What servers can do, as facts that connections and wire formats have."""

from dataclasses import fields, replace
from typing import Final

from everloop.domain.value import value


@value
class Capabilities:
    """True for what a format, or one server of it, has a place for; single models may have less.

    Without `completions` a completion goes out as one user message. Without `samples` one request gives one sample, and
    several are several requests. `json_object` is any JSON, `json_schema` JSON of a given shape. `tool_choice` lets the
    caller demand or forbid calls, `reasoning_effort` says how long to think, `reasoning_tokens` counts it. `penalties`
    are the presence and the frequency penalty.
    """

    completions: bool = False
    images: bool = False
    tools: bool = False
    tool_choice: bool = False
    json_object: bool = False
    json_schema: bool = False
    reasoning_effort: bool = False
    reasoning_tokens: bool = False
    stop: bool = False
    seed: bool = False
    samples: bool = False
    logprobs: bool = False
    suffix: bool = False
    penalties: bool = False


NAMES: Final = tuple(each.name for each in fields(Capabilities))
ALL: Final = Capabilities(*([True] * len(NAMES)))


def without(*names: str, of: Capabilities = ALL) -> Capabilities:
    """All of them but these."""
    return replace(of, **dict.fromkeys(names, False))


def common(one: Capabilities, other: Capabilities) -> Capabilities:
    """What both have."""
    if one == ALL:
        return other
    return one if other == ALL else Capabilities(*(getattr(one, name) and getattr(other, name) for name in NAMES))
