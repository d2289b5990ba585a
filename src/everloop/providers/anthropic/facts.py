"""What differs between models of the Messages API, as data: how much they may write, and how they are told to think.

https://platform.claude.com/docs/en/about-claude/models/overview and the table "Thinking & Effort" that the vendor keeps
in skills/claude-api/SKILL.md of https://github.com/anthropics/skills. A name may carry a platform's marks
(`anthropic.claude-opus-4-1-20250805-v1:0`, `claude-opus-4-1@20250805`, `anthropic/claude-haiku-4-5`).
"""

import re
from enum import StrEnum
from typing import Final


class Thinking(StrEnum):
    """How a model is told how long to think.

    `BUDGET`: by a number of tokens. `EFFORT`: by a number, or by a word that says how much to write in all.
    `EITHER`: by a number, or by a word by which it thinks as long as it needs. `ADAPTIVE`: by such a word.
    """

    BUDGET = "budget"
    EFFORT = "effort"
    EITHER = "either"
    ADAPTIVE = "adaptive"


# The first that is found counts. Whatever else is called Claude is taken for a new model, and whatever is not for one
# of a compatible server, of which nothing is known.
_THINKING: Final = (
    (re.compile(r"claude-(?:\d|instant)"), Thinking.BUDGET),  # claude-2.1, claude-3-7-sonnet
    (re.compile(r"claude-opus-4-5"), Thinking.EFFORT),
    (re.compile(r"claude-(?:opus|sonnet)-4-6"), Thinking.EITHER),
    (re.compile(r"claude-(?:opus|sonnet|haiku)-4(?!-[6-9](?!\d))"), Thinking.BUDGET),
    (re.compile(r"claude-"), Thinking.ADAPTIVE),
)
_LONGEST: Final = (
    (re.compile(r"claude-(?:2|3-(?:opus|sonnet|haiku)|instant)"), 4_096),
    (re.compile(r"claude-3-5"), 8_192),
    (re.compile(r"claude-opus-4-5|claude-3-7"), 64_000),
    (re.compile(r"claude-4-opus|claude-opus-4(?!-[6-9](?!\d))"), 32_000),
    (re.compile(r"claude-4-sonnet|claude-(?:sonnet|haiku)-4(?!-[6-9](?!\d))"), 64_000),
    (re.compile(r"claude-"), 128_000),
)
_LONGEST_OF_OTHERS: Final = 8_192


def thinking_of(model: str) -> Thinking:
    """How the model is told how long to think; strangers take either."""
    return next((each for pattern, each in _THINKING if pattern.search(model)), Thinking.EITHER)


def longest_answer(model: str) -> int:
    """The most tokens that the model may write: the API demands a number, and v4 may leave it to the model."""
    return next((each for pattern, each in _LONGEST if pattern.search(model)), _LONGEST_OF_OTHERS)
