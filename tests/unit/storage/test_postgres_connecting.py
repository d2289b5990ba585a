import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from everloop import errors
from everloop.storage.postgres.connecting import Server, look_at
from tests.postgres import Cluster


@asynccontextmanager
async def pooler(cluster: Cluster) -> AsyncIterator[int]:
    """The port of somebody who stands before the database and, as poolers do, gives out process numbers of his own."""

    served: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.add(asyncio.current_task())
        behind = await asyncio.open_unix_connection(cluster.folder / ".s.PGSQL.5432")
        await asyncio.gather(copy(reader, behind[1]), copy(behind[0], writer))

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                # BackendKeyData: K, the length 12, a process number, a secret.
                before, key, after = data.partition(b"K\x00\x00\x00\x0c")
                writer.write(before + key + (b"\x00\x00\x00\x01" + after[4:] if key else b""))
                await writer.drain()
        with suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()

    listening = await asyncio.start_server(serve, "127.0.0.1")
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        await asyncio.gather(*(each for each in served if each is not None))


async def test_a_database_without_anything_between(postgres: Cluster, name: str):
    assert await look_at(postgres.url(name)) == Server(postgres.url(name), pooled=False)


async def test_a_pooler_is_noticed_and_said(postgres: Cluster, name: str, caplog: pytest.LogCaptureFixture):
    async with pooler(postgres) as port:
        # Waiting for TLS to be refused would take a client that speaks it.
        url = f"postgresql://postgres@127.0.0.1:{port}/{name}?sslmode=disable"
        with caplog.at_level(logging.INFO):
            assert await look_at(url) == Server(url, pooled=True)
    assert "a pooler stands before the database" in caplog.text


@pytest.mark.parametrize(
    "rest",
    ["hunter2@localhost:port/x", "me:hunter2@localhost/x?sslmode=sometimes", "me:hunter2@[::1/x"],
)
async def test_a_url_that_cannot_be_read_is_refused_without_repeating_it(rest: str):
    with pytest.raises(errors.Unprocessable, match="cannot be read") as caught:
        await look_at(f"postgresql://{rest}")
    assert "hunter2" not in caught.value.message


async def test_nobody_there_is_unavailable(tmp_path: Path):
    with pytest.raises(errors.Unavailable, match="cannot be reached"):
        await look_at(f"postgresql://me:hunter2@/x?host={tmp_path}")


async def test_a_database_of_another_encoding_is_refused(postgres: Cluster):
    postgres.run("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    with pytest.raises(errors.Unprocessable, match="it has LATIN1"):
        await look_at(postgres.url("latin"))


async def test_a_session_waits_for_the_disk_whatever_the_server_is_told(postgres: Cluster, name: str):
    postgres.run(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    connection = await Server(postgres.url(name)).connect(30)
    assert await connection.fetchval("SHOW synchronous_commit") == "on"
    connection.terminate()


def test_a_server_does_not_show_its_password():
    assert "hunter2" not in repr(Server("postgresql://me:hunter2@host/x"))
