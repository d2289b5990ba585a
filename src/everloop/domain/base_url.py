"""Base URLs that come through the API: what they may look like. Where a call then goes is checked when it connects."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from everloop.domain.value import value
from everloop.errors import InvalidFields

LONGEST: Final = 2_000
_PORTS: Final = {"http": 80, "https": 443}
_LABEL: Final = r"[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
# What C libraries take for (a part of) an address, and not for a name: 0x7f.1, 0177.0.0.1, 2130706433.
_NUMBER: Final = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
# An address of IPv6, without a zone, and a port: what follows a bracket is no part of any host.
_BRACKETS: Final = re.compile(r"\[[0-9a-fA-F:.]+\](?::[0-9]+)?")
# What a URL can hold in a path and before it; neither spaces nor control characters, nor what some take for a slash.
_CHARACTERS: Final = re.compile(r"[A-Za-z0-9\-._~:/\[\]!$&'()*+,;=%]+")


@value
class Place:
    """Whom a URL leads to: a key for one of them is nothing for another, and `https` is not `http`."""

    scheme: str
    host: str
    port: int


def checked(url: str) -> str:
    """The URL without a slash at its end. Raises `InvalidFields` for what could lead elsewhere than it seems to."""
    flaw = _flaw(url)
    if flaw is not None:
        raise InvalidFields.one(("body", "base_url"), f"`base_url` {flaw}.")
    return url.rstrip("/")


def place_of(url: str) -> Place:
    """Where a checked URL leads to."""
    parts = urlsplit(url)
    return Place(parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme])


def _flaw(url: str) -> str | None:
    if len(url) > LONGEST:
        return f"can have {LONGEST:,} characters"
    if not _CHARACTERS.fullmatch(url):
        return (
            "can hold letters, digits and the signs of a plain address: no spaces, no user or password, no query, no"
            " fragment; other alphabets are written as xn--…"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "has a port that is none, or brackets around something else than an IPv6 address"
    if parts.scheme not in _PORTS or not url.lower().startswith(f"{parts.scheme}://"):
        return "has to begin with https:// or http://"
    if port == 0 or parts.netloc.endswith(":"):
        return "has a port that is none: leave it out, or give one from 1 to 65535"
    return _flaw_of_host(parts)


def _flaw_of_host(parts: SplitResult) -> str | None:
    host = parts.hostname or ""
    if "[" in parts.netloc or "]" in parts.netloc:
        whole = _BRACKETS.fullmatch(parts.netloc) is not None
        return None if whole and _is(IPv6Address, host) else "has an IPv6 address that is none"
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        return None if _is(IPv4Address, host) else "has to name an address by its four decimal numbers, or a host"
    if len(host) > 253 or not _NAME.fullmatch(host):
        return "has to name a host, such as https://llm.example.com/v1"
    return None


def _is(kind: type[IPv4Address] | type[IPv6Address], host: str) -> bool:
    try:
        kind(host)
    except AddressValueError:
        return False
    return True
