"""Where a call may never go, whatever a name resolves to: checked on each address, at the moment it is connected to."""

import socket
from ipaddress import IPv6Address, ip_address
from typing import Final

from aiohappyeyeballs import AddrInfoType

# Services that hand credentials to whoever asks from inside the machine and are not link-local:
# AWS over IPv6 and Alibaba Cloud ("Instance metadata" in their user guides), Azure's WireServer ("What is IP address
# 168.63.129.16?"). All others (AWS, GCP, Azure, DigitalOcean, Oracle) answer on link-local 169.254.169.254.
_METADATA: Final = frozenset(ip_address(each) for each in ("fd00:ec2::254", "100.100.100.200", "168.63.129.16"))


class AddressRefused(OSError):
    """The address is one that no provider lives at."""


def refuse(address: str) -> None:
    """Raises AddressRefused for link-local, metadata, multicast and unspecified addresses."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if found.is_link_local or found.is_multicast or found.is_unspecified or found in _METADATA:
        raise AddressRefused(f"the address {found} is never connected to")


def guarded_socket(info: AddrInfoType) -> socket.socket:
    """A socket for one resolved address, or AddressRefused; it is this very address that is then connected to."""
    family, kind, protocol, _, address = info
    refuse(str(address[0]))
    return socket.socket(family=family, type=kind, proto=protocol)
