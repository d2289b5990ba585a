import pytest

from everloop.api.capacity import Capacity
from everloop.errors import Unavailable


def test_as_many_as_it_has_places_and_each_place_again():
    capacity = Capacity(2)
    for _ in range(3):
        with capacity, capacity:
            with pytest.raises(Unavailable, match="2 calls are under way") as refused, capacity:
                pass
            assert refused.value.retry_after >= 1
        with pytest.raises(ZeroDivisionError), capacity:
            raise ZeroDivisionError
