"""Counting tokens per sample, when the provider counted for the whole call or not at all."""

from collections.abc import Sequence
from typing import Final

from everloop.domain.generation import Usage
from everloop.domain.value import value

# OpenAI's rule of thumb for English text: "1 token ~= 4 chars" (help article "What are tokens and how to count them?").
_BYTES_PER_TOKEN: Final = 4
# A thousand times the longest context there is; what a vendor says beyond it would not even fit a database's column.
_MOST_TOKENS: Final = 10**9


@value
class PartialUsage:
    """Tokens of a log of which its caller told one count alone: the other is None, and not known."""

    prompt_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None = None
    estimated: bool = False


def told(
    prompt_tokens: int | None,
    output_tokens: int | None,
    reasoning_tokens: int | None = None,
    *,
    estimated: bool = False,
) -> Usage | PartialUsage | None:
    """What is known of tokens: nothing without one of the first two counts."""
    if prompt_tokens is None and output_tokens is None:
        return None
    if prompt_tokens is None or output_tokens is None:
        return PartialUsage(prompt_tokens, output_tokens, reasoning_tokens, estimated)
    return Usage(prompt_tokens, output_tokens, reasoning_tokens, estimated)


def estimate_tokens(text: str) -> int:
    """A rough count for a text that the provider did not count: a quarter of its UTF-8 bytes, rounded up."""
    return -(-len(text.encode("utf-8", "replace")) // _BYTES_PER_TOKEN)


def credible(usage: Usage | None) -> Usage | None:
    """What a provider counted, or None for a count that cannot be true: then it is estimated like a silent one's."""
    if usage is None:
        return None
    highest, reasoning = _MOST_TOKENS, usage.reasoning_tokens or 0
    told = 0 <= usage.prompt_tokens <= highest and 0 <= usage.output_tokens <= highest and 0 <= reasoning <= highest
    return usage if told else None


def per_sample(measured: Usage | None, prompt: str, outputs: Sequence[str]) -> list[Usage]:
    """The usage of each sample, summing to what was measured.

    One sample gets the measured usage as it is. Of several, the first carries the prompt (the provider counted it
    once) and the output is shared in proportion to the estimates, marked as estimated because the provider said only
    the sum.
    """
    if measured is None:
        return [
            Usage(estimate_tokens(prompt) if index == 0 else 0, estimate_tokens(output), estimated=True)
            for index, output in enumerate(outputs)
        ]
    if len(outputs) == 1:
        return [measured]
    shares = _shares(measured.output_tokens, [estimate_tokens(output) for output in outputs])
    reasoning = _reasoning(measured, shares)
    return [
        Usage(measured.prompt_tokens if index == 0 else 0, share, reasoning[index], estimated=True)
        for index, share in enumerate(shares)
    ]


def _reasoning(measured: Usage, shares: Sequence[int]) -> Sequence[int | None]:
    """The reasoning in each share of the output, in proportion, so that it is never more than its share."""
    if measured.reasoning_tokens is None:
        return [None] * len(shares)
    return _shares(measured.reasoning_tokens, shares)


def _shares(total: int, weights: Sequence[int]) -> list[int]:
    """`total` split into whole numbers in proportion to the weights, evenly when they are all zero."""
    if not any(weights):
        weights = [1] * len(weights)
    shares, given, seen, whole = [], 0, 0, sum(weights)
    for weight in weights:
        seen += weight
        upto = total * seen // whole
        shares.append(upto - given)
        given = upto
    return shares


def total(usages: Sequence[Usage]) -> Usage:
    """The sum over samples; estimated as soon as one of them is."""
    if len(usages) == 1:
        return usages[0]
    reasoning = [usage.reasoning_tokens for usage in usages if usage.reasoning_tokens is not None]
    return Usage(
        sum(usage.prompt_tokens for usage in usages),
        sum(usage.output_tokens for usage in usages),
        sum(reasoning) if reasoning else None,
        any(usage.estimated for usage in usages),
    )
