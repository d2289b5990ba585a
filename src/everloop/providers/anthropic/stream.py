"""A streamed answer of the Messages API (https://platform.claude.com/docs/en/build-with-claude/streaming)."""

from typing import Any, Final

import msgspec

from everloop.domain.generation import Event, Usage
from everloop.errors import ProviderFailure
from everloop.providers.anthropic.answer import TokenCount, finish_reason, written
from everloop.providers.anthropic.assembly import MessageAssembly, StreamedBlock
from everloop.providers.anthropic.error import from_object
from everloop.providers.failures import decoded, malformed
from everloop.providers.one_sample import OneSample
from everloop.providers.redaction import Redactor
from everloop.providers.sse import ServerSentEvent

_OF_BLOCKS: Final = frozenset({"content_block_start", "content_block_delta", "content_block_stop"})
_OF_MESSAGES: Final = frozenset({"message_start", "message_delta", "message_stop"})
_PIECES: Final = frozenset({"text_delta", "input_json_delta", "thinking_delta", "signature_delta", "citations_delta"})


class StreamedMessage(OneSample):
    """Follows one stream: a message that begins, its blocks one after the other, and why it ended.

    The vendor may add kinds of events, blocks and pieces (https://platform.claude.com/docs/en/api/versioning): what is
    unknown is passed over.
    """

    __slots__ = ("_called", "_message", "_reason", "_usage")

    def __init__(self, origin: str, redactor: Redactor) -> None:
        super().__init__(origin, redactor)
        self._message: MessageAssembly | None = None
        self._called = 0
        self._reason: str | None = None
        self._usage: Usage | None = None

    def read(self, event: ServerSentEvent) -> list[Event]:
        """What one event says."""
        if self.over:
            return []
        said = decoded(self._redactor.body(event.data))
        try:
            return self._said(said)
        except ProviderFailure as failure:
            return self.fail(failure)

    def end(self) -> list[Event]:
        """The stream ended; a failure when nobody had said why the message ended."""
        if self.over or self._message is None or self._reason is None:
            return super().end()
        return self._finished(self._message)

    def fail(self, error: ProviderFailure, usage: Usage | None = None) -> list[Event]:
        """The stream broke; what was counted up to now is told."""
        return super().fail(error, usage or self._usage)

    def _said(self, said: Any) -> list[Event]:  # noqa: ANN401 - any JSON value
        match said:
            case {"type": str(kind), "index": int(index)} if kind in _OF_BLOCKS:
                return self._of_block(kind, index, said)
            case {"type": str(kind)}:
                return self._of_message(kind, said)
            case _:
                raise self._odd()

    def _of_block(self, kind: str, index: int, said: dict[str, Any]) -> list[Event]:
        match kind, said:
            case "content_block_start", {"content_block": dict(block)}:
                return self._begin(index, block)
            case "content_block_delta", {"delta": dict(delta)}:
                return self._piece(self._block(index), delta)
            case "content_block_stop", _:
                return self._closed(self._block(index))
            case _:
                raise self._odd()

    def _of_message(self, kind: str, said: dict[str, Any]) -> list[Event]:
        match kind, said:
            case "message_start", {"message": dict(message)} if self._message is None:
                self._message = MessageAssembly(message)
                return []
            case "message_delta", {"delta": dict(delta)}:
                return self._ended(delta, said.get("usage"))
            case "message_stop", _ if self._reason is not None:
                return self._finished(self._begun())
            case "error", _:
                raise from_object(self._origin, said)
            case _ if kind in _OF_MESSAGES | _OF_BLOCKS:
                raise self._odd()
            case _:
                return []  # a ping, or a kind of event that is new

    def _begin(self, index: int, block: dict[str, Any]) -> list[Event]:
        blocks = self._begun().blocks
        events: list[Event] = []
        place = None
        match block:
            case _ if index in blocks:
                raise self._odd()
            case {"type": "tool_use", "id": str(call_id), "name": str(name)}:
                place, self._called = self._called, self._called + 1
                events = self.call(call_id, name)
            case {"type": "text", "text": str(text)}:
                events = self.text(text)
            case {"type": str(kind)} if kind not in ("tool_use", "text"):
                pass
            case _:
                raise self._odd()
        blocks[index] = StreamedBlock(block, place)
        return events

    def _piece(self, block: StreamedBlock, delta: dict[str, Any]) -> list[Event]:
        match delta:
            case {"type": "text_delta", "text": str(text)}:
                block.grow("text", text)
                return self.text(text) if block.is_text else []
            case {"type": "input_json_delta", "partial_json": str(text)}:
                block.grow("input", text)
                return self.arguments(block.place, text) if block.place is not None else []
            case {"type": "thinking_delta", "thinking": str(text)}:
                block.grow("thinking", text)
            case {"type": "signature_delta", "signature": str(text)}:
                block.grow("signature", text)
            case {"type": "citations_delta", "citation": dict(citation)}:
                block.cite(citation)
            case {"type": str(kind)} if kind not in _PIECES:
                pass
            case _:
                raise self._odd()
        return []

    def _closed(self, block: StreamedBlock) -> list[Event]:
        """A call without pieces has the arguments that it began with."""
        if block.place is None or block.grown:
            return []
        given = block.given
        text = written(given if isinstance(given, dict) else {})
        block.grow("input", text)
        return self.arguments(block.place, text)

    def _ended(self, delta: dict[str, Any], usage: Any) -> list[Event]:  # noqa: ANN401 - any JSON value
        message, reason = self._begun(), delta.get("stop_reason")
        if not isinstance(reason, str | None) or not isinstance(usage, dict | None):
            raise self._odd()
        self._reason = reason or self._reason
        message.end(delta, usage or {})
        if usage:
            try:
                self._usage = msgspec.convert(message.usage, TokenCount).usage()
            except msgspec.ValidationError:
                raise self._odd() from None
        return []

    def _finished(self, message: MessageAssembly) -> list[Event]:
        events = [event for block in message.blocks.values() for event in self._closed(block)]
        body = msgspec.json.encode(message.body())
        return [*events, *self.finish(finish_reason(self._reason), body, self._usage)]

    def _begun(self) -> MessageAssembly:
        if self._message is None:
            raise self._odd()
        return self._message

    def _block(self, index: int) -> StreamedBlock:
        block = self._begun().blocks.get(index)
        if block is None:
            raise self._odd()
        return block

    def _odd(self) -> ProviderFailure:
        return malformed(self._origin, "sent a piece of its answer that cannot be read.")
