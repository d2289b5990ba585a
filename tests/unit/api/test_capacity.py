import pytest

from everloop.api.capacity import Capacity
from everloop.errors import Unavailable


def test_as_many_as_it_has_places_and_each_place_again():
    capacity = Capacity(2, 0)
    for _ in range(3):
        with capacity.place(), capacity.place():
            with pytest.raises(Unavailable, match="2 calls are under way") as refused, capacity.place():
                pass
            assert refused.value.retry_after >= 1
        with pytest.raises(ZeroDivisionError), capacity.place():
            raise ZeroDivisionError


def test_as_many_bytes_as_it_holds_and_each_byte_again():
    capacity = Capacity(9, 10)
    for _ in range(3):
        with capacity.place() as one:
            one.hold(6)
            with capacity.place() as other:
                other.hold(3)
                with pytest.raises(Unavailable, match="the 10 bytes") as refused:
                    other.hold(2)
            assert refused.value.retry_after >= 1
            one.hold(4)
            with capacity.place() as empty:
                empty.hold(0)
