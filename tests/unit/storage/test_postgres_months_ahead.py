import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any

import pytest

from everloop.domain.ids import OrganisationId
from everloop.domain.scope import Scope
from everloop.storage.postgres.connecting import Server
from everloop.storage.postgres.log_writer import PostgresLogWriter
from everloop.storage.postgres.months_ahead import MonthsAhead
from tests.contract.stores.samples import StillClock, Tally, a_log
from tests.postgres import Cluster

DAY = 24 * 3_600_000


@dataclass
class Gate:
    """Before a server: connections are counted, come when it is open, and fail while the server is `away`."""

    open: asyncio.Event = field(default_factory=asyncio.Event)
    away: bool = False
    connects: int = 0


@dataclass(frozen=True)
class Gated(Server):
    gate: Gate = field(default_factory=Gate)

    async def connect(self, patience: float) -> Any:
        self.gate.connects += 1
        await self.gate.open.wait()
        if self.gate.away:
            raise ConnectionRefusedError
        return await Server.connect(self, patience)


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


def months(postgres: Cluster, name: str) -> list[str]:
    found = postgres.run(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'log'::regclass ORDER BY 1", name
    )
    return [row[0] for row in found if row[0] != "log_other"]


async def test_this_month_and_the_next_are_made_when_it_is_time(
    server: Server, clock: StillClock, postgres: Cluster, name: str
):
    gated = Gated(server.url)
    gated.gate.open.set()
    ahead = MonthsAhead(gated, clock)
    for days, expected in ((0, 1), (10, 1), (10, 2), (0, 2)):
        clock.milliseconds += days * DAY
        ahead.look()
        await ahead.made()
        assert gated.gate.connects == expected
    assert months(postgres, name) == ["log_2023_11", "log_2023_12", "log_2024_01"]


async def test_nobody_waits_until_they_are_made(server: Server, clock: StillClock, postgres: Cluster, name: str):
    writer = PostgresLogWriter(server, clock, Tally())
    await writer.start()
    gated = writer._months._server = Gated(server.url)
    clock.milliseconds += 31 * DAY
    for number in range(3):
        await asyncio.wait_for(writer.append(Scope(OrganisationId("org_1"), "me"), [a_log(f"data_{number}")]), 30)
    assert gated.gate.connects == 1, "one attempt at a time"
    assert months(postgres, name) == ["log_2023_11", "log_2023_12"]
    gated.gate.open.set()
    await writer._months.made()
    assert months(postgres, name) == ["log_2023_11", "log_2023_12", "log_2024_01"]
    await writer.close()


async def test_what_fails_is_tried_again_a_minute_later(
    server: Server, clock: StillClock, postgres: Cluster, name: str, caplog: pytest.LogCaptureFixture
):
    gated = Gated(server.url)
    gated.gate.open.set()
    gated.gate.away = True
    ahead = MonthsAhead(gated, clock)
    for after, expected in ((0, 1), (59_999, 1), (1, 2)):
        clock.milliseconds += after
        ahead.look()
        await ahead.made()
        assert gated.gate.connects == expected
    assert [each.levelno for each in caplog.records if "tried again" in each.message] == [logging.WARNING] * 2
    gated.gate.away = False
    clock.milliseconds += 60_000
    ahead.look()
    await ahead.made()
    assert months(postgres, name) == ["log_2023_11", "log_2023_12"]


async def test_closing_breaks_it_off(server: Server, clock: StillClock, postgres: Cluster, name: str):
    ahead = MonthsAhead(Gated(server.url), clock)
    await ahead.close()  # nothing was begun
    before = months(postgres, name)
    clock.milliseconds += 93 * DAY
    ahead.look()
    await asyncio.sleep(0)
    await asyncio.wait_for(ahead.close(), 30)
    assert months(postgres, name) == before
