"""One sample of a streamed call: what has come of it, and the pieces that go on to the caller."""

from dataclasses import dataclass, field

from everloop.domain.generation import Finish, ToolCall, ToolCallDelta, Usage
from everloop.domain.ids import LogId
from everloop.domain.output import StrippedStream
from everloop.domain.template_tool import ToolResult
from everloop.domain.value import value
from everloop.errors import EverloopError


@value
class ToolCallPiece:
    """More of one tool call: `place` is its number in the sample; the `arguments` of `call` are this piece alone."""

    place: int
    call: ToolCall


@value
class Chunk:
    """A piece of one sample: those of `output` add up to the plain answer's output, those of `raw_output` to its own.

    The last chunk of a sample has its `finish_reason`, `usage`, `tool_results` and `response`, what a plain answer's
    body would have been for it; one with an `error` is the last one too, and has no text. One with a piece of a tool
    call has no text either.
    """

    log_id: LogId
    index: int
    output: str = ""
    raw_output: str = ""
    finish_reason: str | None = None
    usage: Usage | None = None
    error: EverloopError | None = None
    tool_call: ToolCallPiece | None = None
    tool_results: tuple[ToolResult, ...] = ()
    response: bytes | None = None


@dataclass(slots=True)
class _Call:
    """A tool call in the making."""

    id: str
    name: str
    pieces: list[str] = field(default_factory=list)


@dataclass(slots=True)
class StreamedSample:
    """What has come of one sample so far: `index` is its place in the draw, `place` the one in the whole call."""

    index: int
    place: int
    log_id: LogId
    pieces: list[str] = field(default_factory=list)
    calls: list[_Call] = field(default_factory=list)
    stripped: StrippedStream = field(default_factory=StrippedStream)
    first_token_at: float | None = None
    finish: Finish | None = None
    usage: Usage | None = None  # when it was counted alone
    recorded: bool = False

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self.pieces)

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tool calls so far; the arguments of the last may be half of them."""
        return tuple(ToolCall(each.id, each.name, "".join(each.pieces)) for each in self.calls)

    @property
    def begun(self) -> bool:
        """Whether the model has said anything."""
        return bool(self.pieces or self.calls)

    @property
    def spoken(self) -> str:
        """All that the model wrote, for counting."""
        return self.text + "".join(f"{call.name}{call.arguments}" for call in self.tool_calls)

    def push(self, text: str) -> Chunk:
        """More text."""
        self.pieces.append(text)
        return Chunk(self.log_id, self.place, self.stripped.push(text), text)

    def push_call(self, delta: ToolCallDelta) -> Chunk:
        """More of a tool call; each piece tells the caller the id and the name again."""
        if delta.call == len(self.calls):
            self.calls.append(_Call(delta.id or "", delta.name or ""))
        call = self.calls[delta.call]
        call.name = call.name or delta.name or ""
        call.pieces.append(delta.arguments)
        piece = ToolCallPiece(delta.call, ToolCall(call.id, call.name, delta.arguments))
        return Chunk(self.log_id, self.place, tool_call=piece)
