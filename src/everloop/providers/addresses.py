"""Where a call may never go, whatever a name resolves to: checked on each address, at the moment it is connected to."""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

from aiohappyeyeballs import AddrInfoType

Address = IPv4Address | IPv6Address

# Services that hand credentials to whoever asks from inside the machine and are not link-local:
# AWS over IPv6 and Alibaba Cloud ("Instance metadata" in their user guides), Azure's WireServer ("What is IP address
# 168.63.129.16?"). All others (AWS, GCP, Azure, DigitalOcean, Oracle) answer on link-local 169.254.169.254.
_METADATA: Final = frozenset(ip_address(each) for each in ("fd00:ec2::254", "100.100.100.200", "168.63.129.16"))
# RFC 6052, 2.1: where IPv6 alone is spoken, a translator reaches IPv4 by these.
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")
# RFC 4291, 2.5.5.1, deprecated.
_COMPATIBLE: Final = IPv6Network("::/96")
# RFC 4291, 2.4, and IANA's registry: no other unicast address of IPv6 is given to anybody.
_GIVEN: Final = IPv6Network("2000::/3")


class AddressRefused(OSError):
    """The address is one that no provider lives at."""


def parsed(address: str) -> Address:
    """The address, of IPv4 if that is what it stands for. Raises ValueError."""
    found = ip_address(address.partition("%")[0])
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def refuse(address: str) -> None:
    """Raises AddressRefused for link-local, metadata, multicast and unspecified addresses, also inside of others."""
    found = parsed(address)
    for each in (found, *_inside(found)):
        if each.is_link_local or each.is_multicast or each.is_unspecified or each in _METADATA:
            raise AddressRefused(f"the address {found} is never connected to")


def is_public(address: str) -> bool:
    """Whether it is somewhere out in the world: no network of anybody's own, no machine itself, nothing reserved."""
    found = parsed(address)
    if isinstance(found, IPv6Address):
        if found in _TRANSLATED:
            return is_public(str(_lowest(found)))
        # Tunnels lead to addresses of IPv4 that the route alone decides on; nobody serves models behind them.
        tunnel = found.sixtofour is not None or found.teredo is not None
        return found in _GIVEN and found.is_global and not tunnel
    return found.is_global and not found.is_multicast and not found.is_reserved


def guarded_socket(info: AddrInfoType) -> socket.socket:
    """A socket for one resolved address, or AddressRefused; it is this very address that is then connected to."""
    family, kind, protocol, _, address = info
    refuse(str(address[0]))
    return socket.socket(family=family, type=kind, proto=protocol)


def _inside(address: Address) -> list[IPv4Address]:
    """The addresses of IPv4 that what is sent to one of IPv6 may end at."""
    if not isinstance(address, IPv6Address):
        return []
    found = [address.sixtofour, *(address.teredo or ())]
    if address in _TRANSLATED or (address in _COMPATIBLE and not address.is_loopback):
        found.append(_lowest(address))
    return [each for each in found if each is not None]


def _lowest(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) & 0xFFFFFFFF)
