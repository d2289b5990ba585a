"""Where calls may go whose base URL came through the API: anywhere public, and to what the operator lists."""

import re
import socket
from collections.abc import Iterable
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from aiohappyeyeballs import AddrInfoType, SocketFactoryType

from everloop.domain.base_url import Place
from everloop.domain.value import value
from everloop.providers.addresses import AddressRefused, guarded_socket, is_public, parsed, refuse

_HOST: Final = re.compile(r"(?:\*\.)?[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9])?")
# A port after a network, a name, or an address of IPv6 in brackets.
_WITH_PORT: Final = re.compile(r"(?:\[(?P<six>[^]]+)\]|(?P<other>[^:]+)):(?P<port>[0-9]{1,5})")


@value
class _Entry:
    """One thing that the operator listed: a network or a name, and a port if it is for that one alone."""

    network: IPv4Network | IPv6Network | None
    name: str | None
    port: int | None

    def holds(self, host: str, port: int, address: str) -> bool:
        if self.port is not None and self.port != port:
            return False
        if self.network is not None:
            found = parsed(address)
            return found.version == self.network.version and found in self.network
        return self.name is not None and is_named(host, self.name)


def is_named(host: str, pattern: str) -> bool:
    """Whether it is the host of that name, or one below it for a pattern such as `*.example.com`."""
    name = host.lower()
    return name.endswith(pattern[1:]) and name != pattern[2:] if pattern.startswith("*.") else name == pattern


class Egress:
    """The operator's list, and the rule. Entries are networks, addresses and names of hosts, with or without a port.

    Raises ValueError for an entry that is none of that.
    """

    def __init__(self, listed: Iterable[str] = ()) -> None:
        self._entries = tuple(_entry(each) for each in listed)

    def permit(self, host: str, port: int, address: str) -> None:
        """Raises AddressRefused for an address that calls of that host and port do not go to.

        It does not say the address: what private names resolve to is not for everybody who may make a connection.
        """
        try:
            refuse(address)
        except AddressRefused:
            raise AddressRefused("such an address (link-local, multicast, metadata) is never connected to") from None
        if is_public(address) or any(each.holds(host, port, address) for each in self._entries):
            return
        raise AddressRefused("its address is private, and the operator has not listed it (EVERLOOP_ALLOWED_HOSTS)")

    def permit_literal(self, place: Place) -> None:
        """The same for a host that is an address already; names are told by what they resolve to, later."""
        try:
            parsed(place.host)
        except ValueError:
            return
        self.permit(place.host, place.port, place.host)

    def sockets(self, host: str, port: int) -> SocketFactoryType:
        """What makes the sockets for one destination, of the very addresses that were looked at."""
        return partial(self._socket, host, port)

    def _socket(self, host: str, port: int, info: AddrInfoType) -> socket.socket:
        self.permit(host, port, str(info[4][0]))
        return guarded_socket(info)


def _entry(text: str) -> _Entry:
    found = _WITH_PORT.fullmatch(text)
    rest, port = (found["six"] or found["other"], int(found["port"])) if found else (text, None)
    if port is not None and not 0 < port < 65_536:
        raise ValueError(f"{text!r} has no port that there is")
    try:
        return _Entry(ip_network(rest), None, port)
    except ValueError:
        name = rest.lower()
    if not _HOST.fullmatch(name) or re.fullmatch(r"[0-9./]+", name):
        raise ValueError(f"{text!r} is neither a network, such as 10.0.0.0/8, nor the name of a host")
    return _Entry(None, name, port)
