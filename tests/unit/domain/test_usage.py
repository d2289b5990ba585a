import pytest

from everloop.domain.generation import Usage
from everloop.domain.usage import PartialUsage, credible, estimate_tokens, per_sample, told, total


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("€€€", 3), ("\ud800", 1)])
def test_an_estimate_is_a_quarter_of_the_bytes_rounded_up(text, tokens):
    assert estimate_tokens(text) == tokens


def test_one_sample_has_what_was_measured():
    measured = Usage(10, 5, 2)
    assert per_sample(measured, "prompt", ["out"]) == [measured]


def test_of_several_samples_the_first_carries_the_prompt_and_the_output_is_shared():
    shares = per_sample(Usage(10, 9), "prompt", ["a" * 8, "a" * 16, ""])
    assert [(each.prompt_tokens, each.output_tokens) for each in shares] == [(10, 3), (0, 6), (0, 0)]
    assert all(each.estimated for each in shares)


def test_empty_outputs_share_evenly():
    assert [each.output_tokens for each in per_sample(Usage(1, 5), "", ["", ""])] == [2, 3]


def test_of_several_samples_the_reasoning_is_shared_too():
    shares = per_sample(Usage(10, 8, 6), "prompt", ["aaaa", "aaaa"])
    assert [each.reasoning_tokens for each in shares] == [3, 3]


def test_a_silent_provider_is_estimated():
    first, second = per_sample(None, "a" * 40, ["b" * 8, "c" * 4])
    assert (first, second) == (Usage(10, 2, None, estimated=True), Usage(0, 1, None, estimated=True))


def test_a_total_is_estimated_as_soon_as_a_part_is():
    assert total([Usage(1, 2), Usage(3, 4)]) == Usage(4, 6)
    assert total([Usage(1, 2, 1), Usage(3, 4, None, estimated=True)]) == Usage(4, 6, 1, estimated=True)
    assert total([]) == Usage(0, 0)


@pytest.mark.parametrize("counts", [(-1, 0), (0, -1), (0, 0, -1), (2**63, 0), (0, 10**30), (1, 1, 2**63)])
def test_a_count_that_cannot_be_true_is_no_count(counts):
    assert credible(Usage(*counts)) is None


@pytest.mark.parametrize("counts", [(0, 0), (10**9, 10**9, 10**9)])
def test_a_count_that_can_be_true_is_believed(counts):
    assert credible(Usage(*counts)) == Usage(*counts)
    assert credible(None) is None


@pytest.mark.parametrize(
    ("counts", "known"),
    [
        ((None, None, 3), None),
        ((0, None), PartialUsage(0, None)),
        ((None, 0, 3), PartialUsage(None, 0, 3)),
        ((0, 0), Usage(0, 0)),
        ((1, 2, 3), Usage(1, 2, 3)),
    ],
)
def test_a_count_that_nobody_told_is_not_zero(counts, known):
    assert told(*counts) == known
