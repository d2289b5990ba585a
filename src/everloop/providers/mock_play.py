"""What the mock provider does in one try: which events, and when each of them is due."""

from collections.abc import Sequence
from typing import Final

from everloop.domain.generation import (
    Event,
    Failure,
    Finish,
    PreparedCall,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from everloop.domain.policy import Timeouts
from everloop.domain.value import value
from everloop.errors import FailureKind, ProviderFailure
from everloop.providers import mock_answer
from everloop.providers.mock_answer import MockSample
from everloop.providers.mock_fault import STALL, Fault
from everloop.providers.mock_script import Script

ORIGIN: Final = "Mock"
_NEVER: Final = float("inf")


@value
class Step:
    """An event and the seconds after the beginning of the try at which it is due.

    `retried` is of a failure: whether another try follows.
    """

    due: float
    event: Event
    retried: bool = False

    @property
    def fails(self) -> bool:
        """Whether it is a failure."""
        return isinstance(self.event, Failure)


@value
class Play:
    """One try. `steps` are in the order in which they are due."""

    samples: tuple[MockSample, ...]
    usage: Usage
    steps: tuple[Step, ...]


def play(call: PreparedCall, script: Script, fault: Fault | None, seconds: float, *, streamed: bool) -> Play:
    """What comes of a call when such a fault happens, or none, and all of it may take so many seconds."""
    request = call.request
    samples = [mock_answer.sample(request, script, index) for index in range(request.samples)]
    steps = [step for sample in samples for step in _steps(call, sample, script, fault)]
    steps.sort(key=lambda step: step.due)  # stable: at the same moment the lower sample comes first
    usage = mock_answer.usage(request, samples)
    if fault is not None and fault.sample is None:
        steps = _broken_off(steps, fault, None)
    else:
        steps = [*steps, Step(steps[-1].due, UsageReport(usage))]
    limits = request.timeouts or Timeouts()
    return Play(tuple(samples), usage, tuple(_in_time(steps, limits, seconds, streamed=streamed)))


def _steps(call: PreparedCall, sample: MockSample, script: Script, fault: Fault | None) -> list[Step]:
    """The events of one sample, its own fault included."""
    start, pace = script.delay_ms / 1000, script.chunk_delay(sample.index)
    steps = [Step(start + place * pace, event) for place, event in enumerate(_pieces(sample))]
    body = mock_answer.body(call, [sample], None)
    steps.append(Step(steps[-1].due if steps else start, Finish(sample.index, sample.finish_reason, body)))
    if fault is None or fault.sample != sample.index:
        return steps
    return _broken_off(steps, fault, sample.index)


def _pieces(sample: MockSample) -> list[Event]:
    """The words, then each call: its name first, its arguments in two pieces, as models write them."""
    pieces: list[Event] = [TextDelta(sample.index, word) for word in sample.words]
    for place, call in enumerate(sample.tool_calls):
        half = len(call.arguments) // 2
        pieces.append(ToolCallDelta(sample.index, place, "", call.id, call.name))
        pieces += [
            ToolCallDelta(sample.index, place, each) for each in (call.arguments[:half], call.arguments[half:]) if each
        ]
    return pieces


def _broken_off(steps: Sequence[Step], fault: Fault, sample: int | None) -> list[Step]:
    """The steps up to so many chunks, and the failure in place of the next one."""
    chunks = fault.after_chunks or 0
    words = [place for place, step in enumerate(steps) if isinstance(step.event, TextDelta | ToolCallDelta)]
    place = words[chunks] if chunks < len(words) else len(steps) - 1
    due = _NEVER if fault.kind == STALL else steps[place].due
    return [*steps[:place], Step(due, Failure(sample, fault.failure(ORIGIN)), fault.retried)]


def _in_time(steps: Sequence[Step], limits: Timeouts, seconds: float, *, streamed: bool) -> list[Step]:
    """The steps up to the first that is later than it may be, and the end of patience in its place."""
    if not streamed:
        # Nothing of a plain answer comes before all of it does.
        last = next((step for step in steps if step.fails), steps[-1])
        late = _late(last.due, 0.0, limits.first_byte, seconds)
        return list(steps) if late is None else [_out_of_time(late, limits.first_byte, begun=False)]
    before = 0.0
    for place, step in enumerate(steps):
        patience = limits.gap if place else limits.first_byte
        late = _late(step.due, before, patience, seconds)
        if late is not None:
            return [*steps[:place], _out_of_time(late, before + patience, begun=place > 0)]
        before = step.due
    return list(steps)


def _late(due: float, before: float, patience: float, seconds: float) -> float | None:
    """When patience ends before something is due; None when it comes in time."""
    end = min(before + patience, seconds)
    return end if due > end else None


def _out_of_time(due: float, patience: float, *, begun: bool) -> Step:
    """Another try follows a silence from the beginning on, and nothing follows the end of all time."""
    words = "said nothing more" if begun else "did not begin to answer"
    failure = ProviderFailure(
        FailureKind.TIMEOUT, f"{ORIGIN} {words} in time.", origin=ORIGIN, upstream_code=200 if begun else None
    )
    return Step(due, Failure(None, failure), retried=not begun and due >= patience)
