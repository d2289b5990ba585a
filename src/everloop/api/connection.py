"""One connection: what is no request, or has no end, is refused in v4's shape before the application hears of it."""

from asyncio import BaseTransport, TimerHandle, Transport
from typing import Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from everloop.api.errors import detail

# What may come without anything coming of it: a head, or what stands around the pieces of a body. Strangers send it,
# and the server would keep all of it. Many times what honest requests need.
_MOST_BYTES: Final = 2**20
# Of httptools.
_LONGEST_ADDRESS: Final = 65_535
_STATUS: Final = {400: "Bad Request", 408: "Request Timeout"}


class Connection(HttpToolsProtocol):
    """Uvicorn's, with an end to what it keeps and how long it waits, and with errors that say what is wrong.

    Every `patience` seconds it looks at what came meanwhile. Whoever had a whole such time to begin a request, or to
    end its head, and did not, goes; so does whoever is sending a body and sent less of it than `least` bytes. One of
    25 MB may take days, then, but not stand still for two minutes.
    """

    patience = 60.0
    least = 10_000

    url = b""
    _pending = 0
    _turns = 0
    _turns_then = -1
    _body_bytes = 0
    _receiving = False
    _looking: TimerHandle | None = None
    _before: RequestResponseCycle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Somebody is there."""
        super().connection_made(cast("Transport", transport))
        self._looking = self.loop.call_later(self.patience, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is any more."""
        if self._looking is not None:
            self._looking.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes what came."""
        self._pending += len(data)
        super().data_received(data)
        if self._pending > _MOST_BYTES and not self.transport.is_closing():
            self._refuse(
                f"Over {_MOST_BYTES} bytes of the request's address and headers have come: no request has more."
            )

    def on_message_begin(self) -> None:
        """A request begins."""
        self._pending = 0
        self._turns += 1
        self._receiving = True
        self._before = self.cycle
        super().on_message_begin()

    def on_body(self, body: bytes) -> None:
        """A piece of its body."""
        self._pending = 0
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """It has ended."""
        self._pending = 0
        self._receiving = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Its answer has been sent."""
        self._turns += 1
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuses what cannot be read."""
        if len(self.url) > _LONGEST_ADDRESS:
            self._refuse(f"The request's address has over {_LONGEST_ADDRESS} bytes: send what is long in a body.")
        else:
            self._refuse(msg)

    def _look(self) -> None:
        if self.transport.is_closing():
            return
        moved = self._turns != self._turns_then or self._body_bytes >= self.least
        # It is not the caller who is slow while an answer is made, or while a body waits to be read.
        if moved or not self._is_callers_turn() or self.flow.read_paused:
            self._turns_then, self._body_bytes = self._turns, 0
            self._looking = self.loop.call_later(self.patience, self._look)
        elif self._receiving:
            self._refuse(f"The request came too slowly: {self.patience:g} seconds went by with next to nothing.", 408)
        else:
            self.transport.close()

    def _is_callers_turn(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return self._receiving or cycle is None or cycle.response_complete

    def _refuse(self, message: str, status: int = 400) -> None:
        if self._may_answer():
            body = detail(status, message).body
            head = f"HTTP/1.1 {status} {_STATUS[status]}\r\ncontent-type: application/json\r\nconnection: close\r\n"
            self.transport.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        self.transport.close()

    def _may_answer(self) -> bool:
        """Whether this request has no answer, and none is under way that another would be taken for a part of."""
        cycle: RequestResponseCycle | None = self.cycle
        answered = self._receiving and cycle is not self._before and cycle is not None and cycle.response_complete
        return not (answered or self.pipeline or _is_under_way(self._before) or _is_under_way(cycle))


def _is_under_way(cycle: RequestResponseCycle | None) -> bool:
    return cycle is not None and cycle.response_started and not cycle.response_complete
