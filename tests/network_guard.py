"""Refuses, in the process of the tests, any traffic that is not loopback or a Unix socket.

An audit hook sees the socket module's every connect, send and look-up, asyncio's and aiohttp's included. uvloop opens
and resolves connections in C, past that hook, so its three doors are checked by wrapping them. Servers that tests start
as processes of their own are outside of this: their fixtures hand them loopback addresses.
"""

import functools
import ipaddress
import socket
import sys
from collections.abc import Callable
from typing import Any

refusals: list[str] = []


class OutboundTrafficError(RuntimeError):
    """A test tried to reach something that is not this machine."""


def install() -> None:
    """Guard this process from now on; audit hooks cannot be taken away again."""
    sys.addaudithook(_audit)
    _guard_uvloop()


def _audit(event: str, args: tuple[Any, ...]) -> None:
    match event, args:
        case "socket.connect" | "socket.sendto" | "socket.sendmsg", (sock, address):
            _check_address(sock.family, address)
        case "socket.getaddrinfo", (host, *_):
            _check_name(host)
        case "socket.gethostbyname" | "socket.gethostbyaddr", (host,):
            _check_name(host)
        case _:
            pass


def _check_address(family: int, address: object) -> None:
    if family == socket.AF_UNIX or address is None:  # None: sendmsg on a socket whose connect was checked
        return
    if isinstance(address, tuple) and family in {socket.AF_INET, socket.AF_INET6}:
        _check_peer(address[0])
    else:
        _refuse(address)


def _check_peer(host: str | bytes | None) -> None:
    """Check where a connection goes; None is loopback to everyone who accepts it."""
    address = _literal(host)
    if address is None:
        _check_name(host)
    elif not _is_loopback(address):
        _refuse(host)


def _check_name(host: str | bytes | None) -> None:
    """Check a look-up: only names ask a server, so literal addresses pass here and are checked when connected to."""
    name = _text(host)
    if name in {"", "localhost"} or _literal(host) is not None:
        return
    if name.endswith(".invalid"):
        # RFC 6761: such a name never exists. The answer a resolver would give, without asking one.
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    _refuse(name)


def _text(host: str | bytes | None) -> str:
    return host.decode("idna") if isinstance(host, bytes) else host or ""


def _literal(host: str | bytes | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(_text(host))
    except ValueError:
        return None


def _is_loopback(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _refuse(target: object) -> None:
    refusals.append(str(target))
    raise OutboundTrafficError(target)


def _guard_uvloop() -> None:
    try:
        import uvloop
    except ImportError:  # not made for Windows
        return
    _check_first(uvloop.Loop, "create_connection", _connection_host)
    _check_first(uvloop.Loop, "create_datagram_endpoint", _datagram_host)
    _check_first(uvloop.Loop, "getaddrinfo", lambda host, *_args, **_options: _check_name(host))


def _connection_host(
    _protocol_factory: object, host: str | None = None, _port: int | None = None, **_options: object
) -> None:
    _check_peer(host)


def _datagram_host(
    _protocol_factory: object,
    _local_addr: object = None,
    remote_addr: tuple[str, int] | None = None,
    **_options: object,
) -> None:
    _check_peer(remote_addr[0] if remote_addr else None)


def _check_first(owner: type, name: str, check: Callable[..., None]) -> None:
    method = getattr(owner, name)

    @functools.wraps(method)
    def checked(self: object, *args: Any, **options: Any) -> Any:
        check(*args, **options)
        return method(self, *args, **options)

    setattr(owner, name, checked)
