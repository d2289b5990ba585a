"""Addresses that are never connected to."""

import socket

import pytest

from everloop.providers.addresses import AddressRefused, guarded_socket, refuse


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.0.1",
        "169.254.170.2",
        "::ffff:169.254.169.254",
        "fe80::1",
        "fe80::a9fe:a9fe%eth0",
        "fd00:ec2::254",
        "100.100.100.200",
        "168.63.129.16",
        "0.0.0.0",  # noqa: S104 - an address to refuse, not to bind
        "::",
        "::ffff:0.0.0.0",
        "224.0.0.1",
        "ff02::1",
    ],
)
def test_refused(address: str):
    with pytest.raises(AddressRefused):
        refuse(address)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with pytest.raises(AddressRefused):
        guarded_socket((family, socket.SOCK_STREAM, 0, "", (address, 443)))


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.5", "192.168.1.2", "fd00::1", "104.18.6.192"])
def test_the_operators_own_servers_and_the_world_are_fine(address: str):
    refuse(address)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with guarded_socket((family, socket.SOCK_STREAM, 0, "", (address, 443))) as made:
        assert made.family == family
