import pytest

from bench.soak import slope


def test_growth_is_the_slope_of_the_line_through_the_looks():
    assert slope([(0, 100), (0.5, 101), (1, 102)]) == pytest.approx(2)
    assert slope([(0, 100), (1, 103), (2, 100)]) == pytest.approx(0)


def test_one_look_shows_no_growth():
    assert slope([(1, 100)]) == 0
