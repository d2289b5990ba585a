"""Identifiers and API keys from the operating system's random numbers."""

import os
from typing import Final

from everloop.domain.ids import LogId, Prefix, base62, identifier, time_ordered

API_KEY_PREFIX: Final = "hl_sk_"
_API_KEY_WIDTH: Final = 32


class RandomIds:
    """`ports.system.Ids`.

    Every draw asks the kernel anew (0.3 µs), so there is no buffer that a fork or a second thread could use twice. Each
    takes at least 44 bits more than its digits can hold, which leaves no bias to speak of: 62**14 is below 2**84,
    62**21 below 2**126, 62**32 (an API key) below 2**191.
    """

    def new(self, prefix: Prefix) -> str:
        return identifier(prefix, int.from_bytes(os.urandom(24)))

    def log(self, milliseconds: int) -> LogId:
        return LogId(time_ordered(Prefix.LOG, milliseconds, int.from_bytes(os.urandom(16))))

    def api_key(self) -> str:
        return API_KEY_PREFIX + base62(int.from_bytes(os.urandom(32)), _API_KEY_WIDTH)
