"""Where calls of connections that came through the API may go."""

import asyncio
import socket

import pytest

from everloop.domain.base_url import place_of
from everloop.domain.policy import Timeouts
from everloop.errors import FailureKind
from everloop.providers.addresses import AddressRefused
from everloop.providers.client import HttpClient, TransportFailure
from everloop.providers.egress import Egress, is_named
from everloop.providers.target import Target
from tests.upstream import Upstream, http, raw

PUBLIC = ["1.1.1.1", "104.18.6.192", "2606:4700::6810:6c0", "::ffff:1.1.1.1", "64:ff9b::101:101"]
PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "::1",
    "10.0.0.5",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.2",
    "100.64.0.1",  # carriers' own (RFC 6598)
    "198.18.0.1",
    "192.0.2.1",
    "203.0.113.9",
    "240.0.0.1",
    "255.255.255.255",
    "fd00::1",
    "fec0::1",
    "2001:db8::1",
    "4000::1",  # nobody's
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.5",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:5",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "2002:0a00:0005::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
]
NEVER = [
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "64:ff9b::a9fe:a9fe",
    "::169.254.169.254",
    "2002:a9fe:a9fe::",
    "2001:0:a9fe:a9fe::",
    "fe80::1",
    "fe80::1%lo",
    "fd00:ec2::254",
    "100.100.100.200",
    "168.63.129.16",
    "64:ff9b::a83f:8110",
    "0.0.0.0",  # noqa: S104 - an address to refuse, not to bind
    "::",
    "64:ff9b::",
    "224.0.0.1",
    "ff02::1",
]
EVERYTHING = Egress(["0.0.0.0/0", "::/0", "somewhere.example"])


@pytest.mark.parametrize("address", PUBLIC)
def test_the_world_is_open(address: str):
    Egress().permit("somewhere.example", 443, address)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_for_the_operator_to_list(address: str):
    with pytest.raises(AddressRefused, match="EVERLOOP_ALLOWED_HOSTS"):
        Egress().permit("somewhere.example", 443, address)
    EVERYTHING.permit("somewhere.example", 443, address)


@pytest.mark.parametrize("address", NEVER)
def test_some_are_refused_whatever_is_listed(address: str):
    for egress in (Egress(), EVERYTHING, Egress([address.partition("%")[0]])):
        with pytest.raises(AddressRefused, match="never"):
            egress.permit("somewhere.example", 443, address)


@pytest.mark.parametrize(
    ("entry", "host", "port", "address", "allowed"),
    [
        ("10.0.0.0/8", "a", 80, "10.200.1.1", True),
        ("10.0.0.0/8", "a", 80, "::ffff:10.200.1.1", True),
        ("10.0.0.0/8", "a", 80, "11.0.0.1", True),  # is public
        ("10.0.0.0/8", "a", 80, "192.168.0.1", False),
        ("10.0.0.5", "a", 80, "10.0.0.5", True),
        ("10.0.0.5", "a", 80, "10.0.0.6", False),
        ("127.0.0.1:11434", "a", 11434, "127.0.0.1", True),
        ("127.0.0.1:11434", "a", 11435, "127.0.0.1", False),
        ("[::1]:11434", "a", 11434, "::1", True),
        ("[::1]:11434", "a", 80, "::1", False),
        ("::1", "a", 80, "::1", True),
        ("fd00::/8", "a", 80, "fd12::1", True),
        ("vllm.internal", "vllm.internal", 80, "10.0.0.5", True),
        ("vllm.internal", "VLLM.Internal", 80, "10.0.0.5", True),
        ("VLLM.internal", "vllm.internal", 80, "10.0.0.5", True),
        ("vllm.internal:8000", "vllm.internal", 8000, "10.0.0.5", True),
        ("vllm.internal:8000", "vllm.internal", 22, "10.0.0.5", False),
        ("vllm.internal", "evil-vllm.internal", 80, "10.0.0.5", False),
        ("vllm.internal", "vllm.internal.evil.example", 80, "10.0.0.5", False),
        ("*.internal", "vllm.internal", 80, "10.0.0.5", True),
        ("*.internal", "internal", 80, "10.0.0.5", False),
        ("*.internal", "evilinternal", 80, "10.0.0.5", False),
    ],
)
def test_what_is_listed(entry: str, host: str, port: int, address: str, allowed: bool):
    egress = Egress([entry])
    if allowed:
        egress.permit(host, port, address)
        return
    with pytest.raises(AddressRefused):
        egress.permit(host, port, address)


@pytest.mark.parametrize(
    "entry", ["", "10.0.0.0/33", "10.0.0", "1.2.3.4.5", "a b", "http://a", "a/b", "a:0", "a:65536", "*", "[::1"]
)
def test_what_is_no_entry(entry: str):
    with pytest.raises(ValueError, match=r"neither|port"):
        Egress([entry])


def test_a_literal_address_is_told_at_once_and_a_name_is_not():
    with pytest.raises(AddressRefused):
        Egress().permit_literal(place_of("http://127.0.0.1/v1"))
    with pytest.raises(AddressRefused):
        Egress().permit_literal(place_of("http://[fe80::1]:80/v1"))
    Egress().permit_literal(place_of("http://localhost/v1"))
    Egress(["127.0.0.1"]).permit_literal(place_of("http://127.0.0.1/v1"))


def test_hosts_and_patterns():
    assert is_named("Me.openai.azure.com", "*.openai.azure.com")
    assert not is_named("openai.azure.com", "*.openai.azure.com")
    assert not is_named("me.openai.azure.com.evil.example", "*.openai.azure.com")


async def post(client: HttpClient, url: str, *, listed: bool) -> int:
    return (await client.post(Target.of(url, listed=listed), b"", {}, 2)).status


async def test_the_rule_holds_when_a_name_is_resolved():
    with Upstream() as upstream:
        upstream.always(raw(http(200, b"")))
        port = upstream.base_url.rpartition(":")[2].partition("/")[0]
        client = HttpClient(Timeouts(2, 2, 2, 4))
        for host in ("127.0.0.1", "localhost"):
            with pytest.raises(TransportFailure, match="could not be connected to") as caught:
                await post(client, f"http://{host}:{port}/v1", listed=False)
            assert caught.value.kind is FailureKind.CONNECTION
        assert upstream.accepted == 0
        await client.close()


async def test_a_connection_of_the_operators_is_not_used_for_others():
    with Upstream() as upstream:
        upstream.always(raw(http(200, b"")))
        client = HttpClient(Timeouts(2, 2, 2, 4))
        assert await post(client, upstream.base_url, listed=True) == 200
        with pytest.raises(TransportFailure, match="EVERLOOP_ALLOWED_HOSTS"):
            await post(client, upstream.base_url, listed=False)
        assert (upstream.accepted, len(upstream.requests)) == (1, 1)
        await client.close()


async def test_what_is_listed_is_called():
    with Upstream() as upstream:
        upstream.always(raw(http(200, b"")))
        client = HttpClient(Timeouts(2, 2, 2, 4), egress=Egress(["127.0.0.1"]))
        assert await post(client, upstream.base_url, listed=False) == 200
        await client.close()


async def test_a_name_that_changes_its_mind_leads_nowhere(monkeypatch: pytest.MonkeyPatch):
    """What is connected to is the address that was looked at: there is no second look-up to answer differently."""
    with Upstream() as upstream:
        port = int(upstream.base_url.rpartition(":")[2].partition("/")[0])
        answers = [("1.1.1.1", port), ("127.0.0.1", port)]
        asked: list[str] = []

        async def resolve(host: str, *_: object, **__: object) -> list[object]:
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", answers.pop())]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve, raising=False)
        client = HttpClient(Timeouts(2, 2, 2, 4))
        with pytest.raises(TransportFailure, match="its address is private"):
            await post(client, f"http://rebinding.example:{port}/v1", listed=False)
        assert asked == ["rebinding.example"]
        assert upstream.accepted == 0
        await client.close()
