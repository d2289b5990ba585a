import asyncio

import pytest

from everloop import errors
from everloop.storage.turns import turn


async def test_one_at_a_time_in_the_order_of_arrival():
    line, order = asyncio.Lock(), []

    async def take(number: int) -> None:
        async with turn(line, 30):
            order.append(number)
            await asyncio.sleep(0)
            order.append(number)

    await asyncio.gather(*(take(number) for number in range(5)))
    assert order == [number for number in range(5) for _ in range(2)]


async def test_whoever_waits_too_long_is_told_and_holds_up_nobody():
    line = asyncio.Lock()
    async with turn(line, 30):
        patient = asyncio.create_task(line.acquire())
        with pytest.raises(errors.Unavailable, match="too many writes"):
            async with turn(line, 0.01):
                pytest.fail("two at once")
    await asyncio.wait_for(patient, 30)


async def test_an_error_or_a_cancelled_wait_gives_the_turn_back():
    line = asyncio.Lock()
    with pytest.raises(ZeroDivisionError):
        async with turn(line, 30):
            raise ZeroDivisionError
    async with turn(line, 30):
        waiting = asyncio.create_task(enter(line))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert not line.locked()


async def enter(line: asyncio.Lock) -> None:
    async with turn(line, 30):
        pytest.fail("nobody let it in")


async def test_a_timeout_within_the_block_is_its_own():
    line = asyncio.Lock()
    with pytest.raises(TimeoutError):
        async with turn(line, 30):
            raise TimeoutError
