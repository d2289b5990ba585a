import pytest

from everloop.domain.ids import LENGTH, TIME_WIDTH, Prefix, base62, identifier, milliseconds_of, time_ordered


def test_digits_are_in_the_order_of_ascii():
    assert [base62(number, 2) for number in (0, 9, 10, 35, 36, 61, 62)] == ["00", "09", "0A", "0Z", "0a", "0z", "10"]


def test_only_the_lowest_digits_are_kept():
    assert base62(62**3 + 5, 2) == "05"


@pytest.mark.parametrize("prefix", Prefix)
def test_an_identifier_is_a_prefix_and_21_characters(prefix):
    name, _, digits = identifier(prefix, 62**LENGTH - 1).partition("_")
    assert (name, digits) == (prefix.value, "z" * 21)


def test_ids_made_later_sort_later_and_begin_with_their_time():
    early, late = (
        time_ordered(Prefix.LOG, moment, number) for moment, number in ((1_700_000_000_000, 5), (1_700_000_000_001, 1))
    )
    assert early < late
    assert len(late) == len("data_") + LENGTH
    assert late.startswith(f"data_{base62(1_700_000_000_001, TIME_WIDTH)}")
    assert [milliseconds_of(each) for each in (early, late)] == [1_700_000_000_000, 1_700_000_000_001]
