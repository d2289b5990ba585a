import asyncio
from collections.abc import AsyncIterator

import pytest

from everloop.storage.postgres import listening
from everloop.storage.postgres.connecting import Server
from everloop.storage.postgres.listening import Listener
from tests.postgres import Cluster


@pytest.fixture
async def listener(server: Server, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Listener]:
    """One that hears or waits for ever."""
    monkeypatch.setattr(listening, "_POLL", 3600.0)
    monkeypatch.setattr(listening, "_AGAIN", 0.01)
    listener = Listener(server)
    listener.start()
    await asyncio.wait_for(listener.pause(), 30)  # it listens now
    yield listener
    await listener.close()


def tell(postgres: Cluster, name: str, channel: str = "everloop_change") -> None:
    postgres.run(f"SELECT pg_notify('{channel}', '')", name)


async def test_a_pause_ends_with_the_news(listener: Listener, postgres: Cluster, name: str):
    pause = asyncio.create_task(listener.pause())
    tell(postgres, name, "something_else")
    done, _ = await asyncio.wait([pause], timeout=0.2)
    assert not done
    tell(postgres, name)
    await asyncio.wait_for(pause, 30)


async def test_news_between_two_pauses_are_not_missed(listener: Listener, postgres: Cluster, name: str):
    tell(postgres, name)
    await asyncio.wait_for(listener.pause(), 30)


async def test_a_lost_connection_is_made_anew_and_counts_as_news(listener: Listener, postgres: Cluster, name: str):
    for _ in range(2):
        postgres.hang_up(name)
        await asyncio.wait_for(listener.pause(), 30)
    tell(postgres, name)
    await asyncio.wait_for(listener.pause(), 30)


async def test_without_anybody_to_hear_pauses_just_end(postgres: Cluster):
    for server in (Server(postgres.url("nothing")), Server(postgres.url("postgres"), pooled=True)):
        listener = Listener(server)
        listener.start()
        await asyncio.wait_for(listener.pause(), 30)
        await listener.close()
