import asyncio
import logging

import pytest

from everloop.app.background import running


async def no_time(seconds: float) -> None:
    await asyncio.sleep(0)


async def test_a_job_that_fails_begins_anew_and_says_why(caplog: pytest.LogCaptureFixture):
    begun, lasting = 0, asyncio.Event()

    async def job() -> None:
        nonlocal begun
        begun += 1
        if begun < 3:
            raise KeyError("a row that nobody understands")
        lasting.set()
        await asyncio.Event().wait()

    with caplog.at_level(logging.ERROR):
        async with running([job], no_time):
            await asyncio.wait_for(lasting.wait(), 10)
    assert begun == 3
    assert [record.exc_info is not None for record in caplog.records] == [True, True]


async def test_jobs_run_beside_each_other_and_end_with_the_block():
    ended: list[str] = []
    both = asyncio.Barrier(3)

    def job(name: str):
        async def run() -> None:
            try:
                await both.wait()
                await asyncio.Event().wait()
            finally:
                ended.append(name)

        return run

    async with running([job("one"), job("two")], no_time):
        await asyncio.wait_for(both.wait(), 10)
        assert ended == []
    assert sorted(ended) == ["one", "two"]


async def test_the_jobs_end_also_when_the_block_fails():
    ended = asyncio.Event()

    async def job() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def fail() -> None:
        async with running([job], no_time):
            await asyncio.sleep(0)
            raise ValueError("of the block")

    with pytest.raises(ValueError, match="of the block"):
        await fail()
    assert ended.is_set()
