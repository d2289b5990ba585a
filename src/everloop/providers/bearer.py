"""Keys in headers."""

import re
from typing import Final

from everloop.domain.generation import Secret
from everloop.errors import FailureKind, ProviderFailure

_SENDABLE_KEY: Final = re.compile(r"[\x21-\x7e]+")


def require_sendable(key: Secret | None, origin: str) -> None:
    """Raises ProviderFailure for a key that no header's value can hold."""
    if key is not None and _SENDABLE_KEY.fullmatch(key.value) is None:
        message = f"The key for {origin} is empty or holds characters that cannot be sent, such as spaces."
        raise ProviderFailure(FailureKind.AUTHENTICATION, message, origin=origin)


def bearer(key: Secret | None) -> dict[str, str]:
    """The `Authorization` of most vendors (RFC 6750); nothing without a key."""
    return {} if key is None else {"Authorization": f"Bearer {key.value}"}
