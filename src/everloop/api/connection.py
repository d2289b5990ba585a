"""One connection: what is no request, or has no end, is refused in v4's shape before the application hears of it."""

from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from everloop.api.errors import detail

# What may come without anything coming of it: a head, or what stands around the pieces of a body. Strangers send it,
# and the server would keep all of it. Many times what honest requests need.
_MOST_BYTES: Final = 2**20
# Of httptools.
_LONGEST_ADDRESS: Final = 65_535


class Connection(HttpToolsProtocol):
    """Uvicorn's, with an end to what it keeps and with errors that say what is wrong."""

    url = b""
    _pending = 0

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
        super().on_message_begin()

    def on_body(self, body: bytes) -> None:
        """A piece of its body."""
        self._pending = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """It has ended."""
        self._pending = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuses what cannot be read."""
        if len(self.url) > _LONGEST_ADDRESS:
            self._refuse(f"The request's address has over {_LONGEST_ADDRESS} bytes: send what is long in a body.")
        else:
            self._refuse(msg)

    def _refuse(self, message: str) -> None:
        if not _answering(self.cycle):
            body = detail(400, message).body
            head = "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n"
            self.transport.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        self.transport.close()


def _answering(cycle: RequestResponseCycle | None) -> bool:
    """Whether an answer is under way, in which another one would be taken for a part of it."""
    return cycle is not None and cycle.response_started and not cycle.response_complete
