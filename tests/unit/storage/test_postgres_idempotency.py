import asyncio
from collections.abc import AsyncIterator

import pytest

from everloop.domain.idempotency import KeyedCall
from everloop.domain.ids import OrganisationId
from everloop.domain.scope import Scope
from everloop.storage.idempotency import Idempotency
from everloop.storage.postgres.connecting import Server
from everloop.storage.postgres.database import PostgresDatabase
from tests.postgres import Cluster

SCOPE = Scope(OrganisationId("org_1"), "me")
CALL = KeyedCall("Completions_createDeployed", "key-1", b"body")


@pytest.fixture
async def store(server: Server) -> AsyncIterator[Idempotency]:
    database = PostgresDatabase(server)
    yield Idempotency(database)
    await database.close()


async def test_a_claim_that_is_renewed_while_it_is_swept_stays(
    store: Idempotency, server: Server, postgres: Cluster, name: str
):
    """It was over when it was found, and no longer is when its row can be had."""
    await store.claim(SCOPE, CALL, "claim_1", 0, 10)
    owner = await server.connect(30)
    renewing = owner.transaction()
    await renewing.start()
    await owner.execute("UPDATE idempotency SET until = 1000")
    sweeping = asyncio.create_task(store.sweep(99, 50))
    while postgres.run("SELECT count(*) FROM pg_locks WHERE NOT granted", name) == [(0,)]:
        assert not sweeping.done()
        await asyncio.sleep(0)
    await renewing.commit()
    assert await sweeping == 0
    claim = await store.holding(SCOPE, CALL)
    assert claim is not None
    assert (claim.owner, claim.until) == ("claim_1", 1000)
    owner.terminate()
