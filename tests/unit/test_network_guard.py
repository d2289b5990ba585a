"""The guard that tests/conftest.py installs refuses, by every road that our code could take.

The address used is the limited broadcast address: with the guard broken, the kernel itself refuses to connect there, so
that this test sends nothing out even then.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine

import aiohttp
import pytest
import uvloop

from tests.network_guard import OutboundTrafficError

OUTSIDE = "255.255.255.255"
NAME = "name-of-another-machine.example"


@pytest.fixture
def refused_here(refused_traffic: list[str]):
    """Expect a refusal in this test, and take it out of the general check that there is none."""
    yield
    seen = refused_traffic.copy()
    refused_traffic.clear()
    assert seen, "nothing was refused"


@pytest.mark.parametrize("method", ["connect", "connect_ex"])
def test_a_plain_socket_is_refused(refused_here, method):
    with socket.socket() as sock, pytest.raises(OutboundTrafficError, match=OUTSIDE):
        getattr(sock, method)((OUTSIDE, 9))


def test_a_datagram_is_refused(refused_here):
    with socket.socket(type=socket.SOCK_DGRAM) as sock, pytest.raises(OutboundTrafficError):
        sock.sendto(b"x", (OUTSIDE, 9))


def test_an_ipv6_disguise_is_seen_through(refused_here):
    with socket.socket(socket.AF_INET6) as sock, pytest.raises(OutboundTrafficError):
        sock.connect((f"::ffff:{OUTSIDE}", 9))


@pytest.mark.parametrize("look_up", [lambda: socket.getaddrinfo(NAME, 9), lambda: socket.gethostbyname(NAME)])
def test_a_name_is_not_looked_up(refused_here, look_up):
    with pytest.raises(OutboundTrafficError, match=NAME):
        look_up()


async def by_create_connection(host: str) -> None:
    await asyncio.get_running_loop().create_connection(asyncio.Protocol, host, 9)


async def by_datagram_endpoint(host: str) -> None:
    await asyncio.get_running_loop().create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=(host, 9))


async def by_aiohttp(host: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"http://{host}:9/"):
        pass


@pytest.mark.parametrize("host", [OUTSIDE, NAME])
@pytest.mark.parametrize("leave", [by_create_connection, by_datagram_endpoint, by_aiohttp])
@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_event_loops_are_refused(
    refused_here,
    new_loop: Callable[[], asyncio.AbstractEventLoop],
    leave: Callable[[str], Coroutine[None, None, None]],
    host: str,
):
    with asyncio.Runner(loop_factory=new_loop) as runner, pytest.raises(OutboundTrafficError, match=host):
        runner.run(leave(host))


def test_a_swallowed_refusal_still_counts(refused_here, refused_traffic):
    # As careless code under test would do it.
    with socket.socket() as sock, contextlib.suppress(Exception):
        sock.connect((OUTSIDE, 9))
    assert refused_traffic == [OUTSIDE]


def test_a_name_that_never_exists_fails_as_a_resolver_would_say():
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("nowhere.invalid", 9)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_loopback_is_reached(new_loop, host):
    def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    async def call() -> bytes:
        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(host, server.sockets[0].getsockname()[1])
            greeting = await reader.read()
            writer.close()
            await writer.wait_closed()
            return greeting

    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(call()) == b"hello"


def test_unix_sockets_are_reached(tmp_path):
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        listener.bind(str(tmp_path / "socket"))
        listener.listen()
        client.connect(str(tmp_path / "socket"))
