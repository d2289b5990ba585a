"""One request spoken to an ASGI application in its own words, and what it says back."""

import asyncio
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Conversation:
    """`parts` of the body are received one by one, then nothing until `hang_up` is called."""

    parts: Sequence[bytes] = (b"",)
    received: int = 0
    sent: list[MutableMapping[str, Any]] = field(default_factory=list)
    _hung_up: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self) -> dict[str, Any]:
        if self.received < len(self.parts):
            self.received += 1
            more = self.received < len(self.parts)
            return {"type": "http.request", "body": self.parts[self.received - 1], "more_body": more}
        await self._hung_up.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self.sent.append(message)

    def hang_up(self) -> None:
        self._hung_up.set()

    @property
    def status(self) -> int:
        return self.sent[0]["status"] if self.sent else 0

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(each["body"] for each in self.sent[1:])

    @property
    def complete(self) -> bool:
        return bool(self.sent) and not self.sent[-1].get("more_body", self.sent[-1]["type"] == "http.response.start")
