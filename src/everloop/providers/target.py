"""Where a request goes: one URL, taken apart once."""

from dataclasses import field
from typing import Final
from urllib.parse import SplitResult, urlsplit

from everloop.domain.value import value

_PORTS: Final = {"http": 80, "https": 443}


def split(url: str) -> SplitResult | None:
    """The parts of an absolute HTTP URL that names a host; None for anything else."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _PORTS and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # a port that is no number, or brackets that do not close
        return None
    return parts if usable and url.isascii() and url.isprintable() and " " not in url else None


@value
class Target:
    """A URL as a request needs it: whom to connect to, and what the request's head begins with.

    `listed` when the operator has decided on the host; else it may be public, or one that the operator allows.
    """

    tls: bool
    host: str
    port: int
    head: bytes = field(repr=False)
    listed: bool = True

    @classmethod
    def of(cls, url: str, *, listed: bool = True, method: str = "POST") -> "Target":
        """The target of an absolute URL. Raises ValueError."""
        parts = split(url)
        if parts is None or parts.hostname is None:
            raise ValueError(f"{url!r} is no URL that can be called.")
        path = parts.path or "/"
        if parts.query:
            path = f"{path}?{parts.query}"
        port = parts.port or _PORTS[parts.scheme]
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        named = host if parts.port is None else f"{host}:{port}"
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {named}\r\nUser-Agent: everloop\r\nAccept: */*\r\n"
            "Accept-Encoding: identity\r\nContent-Type: application/json\r\n"
        )
        return cls(parts.scheme == "https", parts.hostname, port, head.encode(), listed)
