"""The same suite over every wire format: good answers, plain and streamed, and all that can go wrong with them."""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from itertools import chain, repeat
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everloop.domain.generation import (
    Event,
    Failure,
    Finish,
    Generation,
    Retried,
    Sample,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
    UsageReport,
    joined,
)
from everloop.domain.policy import Timeouts
from everloop.errors import FailureKind, ProviderFailure
from everloop.providers.formats import FORMATS
from everloop.providers.redaction import Redactor
from tests.contract.providers.dialects.all import DIALECTS
from tests.contract.providers.dialects.dialect import Dialect, Said
from tests.contract.providers.dialects.speaking import KEY, Speaker, says, stream_head
from tests.upstream import STREAM_END, End, Reply, Step, Upstream, body, http, piece, raw, status

# For what never comes; what does come may take its time on a busy machine.
SHORT = Timeouts(connect=0.3, first_byte=0.3, gap=0.3, total=3)
PATIENT = Timeouts(connect=20, first_byte=20, gap=20, total=25)
CALLS = (ToolCall("call_1", "add", '{"a": 1}'), ToolCall("call_2", "add", '{"a": "größer ☂"}'))
BOTH = [Said("Hello there, größer ☂."), Said("Let me see.", CALLS, "tool_call"), Said("", CALLS[:1], "tool_call")]
Speaking = Callable[..., Speaker]


@pytest.fixture
async def speaking(upstream: Upstream, dialect: Dialect) -> AsyncIterator[Speaking]:
    made: list[Speaker] = []

    def make(timeouts: Timeouts = PATIENT) -> Speaker:
        made.append(Speaker(dialect, upstream.base_url, timeouts))
        return made[-1]

    yield make
    for each in made:
        await each.client.close()


@pytest.fixture
def speaker(speaking: Speaking) -> Speaker:
    return speaking()


def test_every_format_has_a_dialect():
    """But Replicate, whose predictions have a suite of their own."""
    assert {each.name for each in DIALECTS} | {"replicate"} == set(FORMATS)


# --------------------------------------------------------------------------------------------------------- good answers


@pytest.mark.parametrize("said", BOTH, ids=["text", "text and calls", "calls"])
async def test_a_plain_answer(upstream: Upstream, dialect: Dialect, speaker: Speaker, said: Said):
    upstream.answer(says(dialect, said, streamed=False))
    generation = await speaker.plain()
    (sample,) = generation.samples
    assert (sample.text, sample.finish_reason) == (said.text, said.reason)
    assert same_calls(sample.tool_calls, said.calls)
    assert generation.usage is not None
    assert counts(generation.usage) == counts(said.usage)
    assert json.loads(generation.response) == dialect.plain(said)
    assert (generation.attempts, speaker.metrics.calls) == (1, [("vendor", "ok")])


@pytest.mark.parametrize("said", BOTH, ids=["text", "text and calls", "calls"])
async def test_a_streamed_answer(upstream: Upstream, dialect: Dialect, speaker: Speaker, said: Said):
    upstream.answer(says(dialect, said, streamed=True))
    events = await speaker.streamed()
    assert spoken(events) == said.text
    assert same_calls(called(events), said.calls)
    (finish,) = [each for each in events if isinstance(each, Finish)]
    assert finish.reason == said.reason
    assert [counts(each.usage) for each in events if isinstance(each, UsageReport)] == [counts(said.usage)]
    assert not any(isinstance(each, Failure) for each in events)
    assert again(dialect, finish.response) == Sample(0, said.text, said.reason, called(events))
    assert speaker.metrics.calls == [("vendor", "ok")]


TEXTS = st.text(st.characters(codec="utf-8"), max_size=30).filter(lambda text: "CANARY" not in text)
OBJECTS = st.dictionaries(TEXTS, st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS, max_size=3)
ANSWERS = st.builds(
    lambda text, objects, usage, reason: Said(
        text,
        tuple(ToolCall(f"call_{place}", "add", json.dumps(each)) for place, each in enumerate(objects)),
        "tool_call" if objects else reason,
        usage,
    ),
    TEXTS,
    st.lists(OBJECTS, max_size=3),
    # Of those that were written, some were thought.
    st.builds(lambda prompt, spoken, thought: Usage(prompt, spoken + thought, thought), *[st.integers(0, 10**6)] * 3),
    st.sampled_from(["stop", "length"]),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=ANSWERS, cuts=st.lists(st.integers(1, 400), max_size=30))
def test_a_stream_says_what_the_plain_answer_says_however_it_is_cut(dialect: Dialect, said: Said, cuts: list[int]):
    wire, redactor = FORMATS[dialect.name], Redactor(None)
    plain = json.dumps(dialect.plain(said)).encode()
    call = prepared(dialect, streamed=False)
    (sample,), usage = wire.read(call, plain, "The Vendor", redactor)
    reader = wire.follow(prepared(dialect, streamed=True), "The Vendor", redactor)
    found = dialect.streamed(said)
    events = [event for packet in cut(b"".join([*found.body, *found.end]), cuts) for event in reader.feed(packet)]
    events += reader.end()
    assert (reader.over, reader.complete, reader.failure) == (True, True, None)
    assert spoken(events) == sample.text == said.text
    assert same_calls(called(events), sample.tool_calls)
    assert same_calls(called(events), said.calls)
    (finish,) = [each for each in events if isinstance(each, Finish)]
    assert finish.reason == sample.finish_reason == said.reason
    assert usage is not None
    assert [counts(each.usage) for each in events if isinstance(each, UsageReport)] == [counts(usage)]
    thought = said.usage.reasoning_tokens if wire.capabilities.reasoning_tokens else 0
    assert counts(usage) == (said.usage.prompt_tokens, said.usage.output_tokens, thought)
    assert again(dialect, finish.response) == Sample(0, said.text, said.reason, called(events))


# ------------------------------------------------------------------------------------------------------------- refusals

STATUSES = {
    400: (FailureKind.BAD_REQUEST, 1),
    401: (FailureKind.AUTHENTICATION, 1),
    403: (FailureKind.PERMISSION, 1),
    404: (FailureKind.NOT_FOUND, 1),
    408: (FailureKind.TIMEOUT, 3),
    413: (FailureKind.TOO_LARGE, 1),
    429: (FailureKind.RATE_LIMIT, 3),
    500: (FailureKind.SERVER_ERROR, 3),
    502: (FailureKind.SERVER_ERROR, 3),
    503: (FailureKind.OVERLOADED, 3),
    529: (FailureKind.OVERLOADED, 3),
}


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("code", STATUSES)
async def test_a_refusal(upstream: Upstream, dialect: Dialect, speaking: Speaking, code: int, streamed: bool):
    kind, tries = STATUSES[code]
    refusal = json.dumps(dialect.refusal(code, f"No, not with {KEY.value}.")).encode()
    upstream.always(status(code, refusal))
    speaker = speaking()
    failure = await fails(speaker, streamed=streamed)
    check(failure, kind, code)
    assert failure.message == "No, not with [redacted]."
    assert (len(upstream.requests), len(speaker.waited)) == (tries, tries - 1)


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize(("after", "waits"), [("1", 1.0), ("30", None), ("Tue, 14 Nov 2023 22:13:30 GMT", 0.0)])
async def test_retry_after(
    upstream: Upstream, dialect: Dialect, speaking: Speaking, after: str, waits: float | None, streamed: bool
):
    upstream.always(status(429, json.dumps(dialect.refusal(429, "Later.")).encode(), {"Retry-After": after}))
    speaker = speaking()
    failure = await fails(speaker, streamed=streamed)
    assert failure.retry_after == (30.0 if waits is None else waits)
    assert speaker.waited == ([] if waits is None else [waits, waits])


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
async def test_tries_are_counted(upstream: Upstream, dialect: Dialect, speaking: Speaking, streamed: bool):
    busy = status(503, json.dumps(dialect.refusal(503, "Busy.")).encode())
    upstream.answer(busy, busy, says(dialect, Said("Hello"), streamed=streamed))
    speaker = speaking()
    if streamed:
        events = await speaker.streamed()
        assert [each for each in events if isinstance(each, Retried)] == [events[0]] == [Retried(2)]
    else:
        assert (await speaker.plain()).attempts == 3
    upstream.always(busy)
    failure = await fails(speaker, streamed=streamed)
    assert failure.tries == 3
    assert failure.latency is not None


BEFORE_ANYTHING: dict[str, tuple[Reply, FailureKind, int | None, int]] = {
    "HTML": (raw(http(200, b"<h1>Hi</h1>", {"content-type": "text/html"})), FailureKind.MALFORMED, 200, 1),
    "HTML refusal": (status(502, b"<h1>Bad gateway</h1>"), FailureKind.SERVER_ERROR, 502, 3),
    "empty body": (body(b""), FailureKind.MALFORMED, 200, 1),
    "no object": (body([1]), FailureKind.MALFORMED, 200, 1),
    "JSON of another kind": (body({"weather": "fine"}), FailureKind.MALFORMED, 200, 1),
    "deep JSON": (body(b"[" * 100_000), FailureKind.MALFORMED, 200, 1),
    "redirect": (raw(http(307, b"", {"location": "/elsewhere"})), FailureKind.MALFORMED, 307, 1),
    "no HTTP": (raw(b"SSH-2.0-OpenSSH_9.6\r\n", End.CLOSE), FailureKind.MALFORMED, None, 1),
    "closed at once": (raw(End.CLOSE), FailureKind.CONNECTION, None, 3),
    "reset at once": (raw(End.RESET), FailureKind.CONNECTION, None, 3),
    "no first byte": (raw(End.STALL), FailureKind.TIMEOUT, None, 3),
}


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("name", BEFORE_ANYTHING)
async def test_before_anything_of_the_answer(upstream: Upstream, speaking: Speaking, name: str, streamed: bool):
    reply, kind, code, tries = BEFORE_ANYTHING[name]
    upstream.always(reply)
    speaker = speaking(SHORT if kind is FailureKind.TIMEOUT else PATIENT)
    failure = await fails(speaker, streamed=streamed)
    check(failure, kind, code)
    assert failure.tries == len(upstream.requests) == tries
    assert speaker.metrics.calls == [("vendor", kind)]


# ----------------------------------------------------------------------------------------------- breaking in the middle

PLAIN_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n"


@pytest.mark.parametrize(
    ("end", "kind"),
    [(End.CLOSE, FailureKind.CONNECTION), (End.RESET, FailureKind.CONNECTION), (End.STALL, FailureKind.TIMEOUT)],
    ids=["close", "reset", "stall"],
)
async def test_in_the_middle_of_a_plain_answer(
    upstream: Upstream, dialect: Dialect, speaking: Speaking, end: End, kind: FailureKind
):
    upstream.always(raw(PLAIN_HEAD, json.dumps(dialect.plain(BOTH[0])).encode(), end))
    speaker = speaking(SHORT if kind is FailureKind.TIMEOUT else PATIENT)
    failure = await fails(speaker, streamed=False)
    check(failure, kind, 200)
    assert failure.tries == len(upstream.requests) == 1


BREAKS: dict[str, tuple[Sequence[Step], FailureKind]] = {
    "close": ([End.CLOSE], FailureKind.CONNECTION),
    "proper end": ([STREAM_END], FailureKind.CONNECTION),
    "reset": ([0.05, End.RESET], FailureKind.CONNECTION),
    "stall": ([End.STALL], FailureKind.TIMEOUT),
    "broken chunked coding": ([0.05, b"five\r\nhello\r\n"], FailureKind.MALFORMED),
}


@pytest.mark.parametrize("name", [*BREAKS, "unreadable", "broken off", "endless"])
async def test_in_the_middle_of_a_stream(upstream: Upstream, dialect: Dialect, speaking: Speaking, name: str):
    """What had come stands, and one failure ends it."""
    steps, kind = broken(dialect, name)
    begun = dialect.streamed(Said("Hello there, größer ☂.", CALLS)).body
    upstream.always(lambda _: chain([stream_head(dialect), *map(piece, begun)], steps))
    speaker = speaking(SHORT if kind is FailureKind.TIMEOUT else PATIENT)
    events = await speaker.streamed()
    assert spoken(events) == "Hello there, größer ☂."
    assert same_calls(called(events), CALLS)
    assert not any(isinstance(each, Finish) for each in events)
    failure = events[-1]
    assert isinstance(failure, Failure)
    assert failure.sample in (None, 0)
    check(failure.error, kind, None)
    assert len(upstream.requests) == 1
    assert speaker.metrics.calls == [("vendor", kind)]


@pytest.mark.parametrize("name", ["close", "proper end", "stall", "unreadable", "broken off"])
async def test_a_stream_that_breaks_before_its_first_event(
    upstream: Upstream, dialect: Dialect, speaking: Speaking, name: str
):
    steps, kind = broken(dialect, name)
    upstream.always(lambda _: chain([stream_head(dialect)], steps))
    speaker = speaking(SHORT if kind is FailureKind.TIMEOUT else PATIENT)
    failure = await fails(speaker, streamed=True)
    check(failure, kind, None)
    assert failure.tries == len(upstream.requests) == 1


def broken(dialect: Dialect, name: str) -> tuple[Iterator[Step], FailureKind]:
    """The steps by which a stream breaks, and what they mean."""
    if name == "endless":
        return repeat(piece(b" " * 65536)), FailureKind.MALFORMED
    if name == "unreadable":
        return iter([piece(dialect.unreadable()), STREAM_END]), FailureKind.MALFORMED
    if name == "broken off":
        packet, kind = dialect.broken_off(f"Not with {KEY.value}.")
        return iter([piece(packet), STREAM_END]), kind
    steps, kind = BREAKS[name]
    return iter(steps), kind


# --------------------------------------------------------------------------------------------- the key, spoiled answers


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
async def test_a_vendor_that_says_the_key(upstream: Upstream, dialect: Dialect, speaker: Speaker, streamed: bool):
    said = Said(f"It is {KEY.value}!", (ToolCall("call_1", "add", json.dumps({"a": KEY.value})),), "tool_call")
    upstream.answer(says(dialect, said, streamed=streamed))
    found: Generation | list[Event] = await (speaker.streamed() if streamed else speaker.plain())
    if isinstance(found, Generation):
        assert found.samples[0].text == "It is [redacted]!"
        json.loads(found.response)
    else:
        # Three characters of a key tell nothing, and may be out before it is known for one.
        assert spoken(found) in ("It is [redacted]!", f"It is {KEY.value[:3]}[redacted]!")
    assert "CANARY" not in repr(found)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), said=st.sampled_from(BOTH), value=VALUES)
def test_a_spoiled_answer_is_read_or_refused(dialect: Dialect, data: st.DataObject, said: Said, value: Any):
    spoiled = dialect.plain(said)
    places = list(walk(spoiled))
    holder, key = places[data.draw(st.integers(0, len(places) - 1))]
    if data.draw(st.booleans()):
        holder[key] = value
    else:
        del holder[key]
    wire = FORMATS[dialect.name]
    try:
        samples, usage = wire.read(prepared(dialect, streamed=False), json.dumps(spoiled).encode(), "V", Redactor(None))
    except ProviderFailure as failure:
        samples, usage, origin = (), None, failure.origin
    else:
        origin = "V"
    assert origin == "V"
    assert all(isinstance(each.text, str) for each in samples)
    assert usage is None or isinstance(usage.prompt_tokens, int)


def walk(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON value: what holds it, and under which name or number."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(items):
        yield value, key
        yield from walk(inner)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), said=st.sampled_from(BOTH))
def test_a_spoiled_stream_ends_once(dialect: Dialect, data: st.DataObject, said: Said):
    found = dialect.streamed(said)
    packets = [*found.body, *found.end]
    place = data.draw(st.integers(0, len(packets) - 1))
    match data.draw(st.sampled_from(["leave out", "twice", "swap", "bytes"])):
        case "leave out":
            del packets[place]
        case "twice":
            packets.insert(place, packets[place])
        case "swap":
            packets[place], packets[-place] = packets[-place], packets[place]
        case _:
            packets[place] = data.draw(st.binary(max_size=60))
    reader = FORMATS[dialect.name].follow(prepared(dialect, streamed=True), "V", Redactor(None))
    events = [event for packet in packets for event in reader.feed(packet)] + reader.end()
    assert reader.over
    ends = [each for each in events if isinstance(each, Finish | Failure)]
    assert len(ends) == 1
    assert reader.complete == isinstance(ends[0], Finish)
    assert reader.feed(packets[0]) == []
    assert reader.end() == []


# ---------------------------------------------------------------------------------------------------------- small words


def prepared(dialect: Dialect, *, streamed: bool) -> Any:
    return FORMATS[dialect.name].prepare(Speaker(dialect, "http://127.0.0.1:1", SHORT).request(streamed=streamed))


def cut(data: bytes, sizes: Sequence[int]) -> list[bytes]:
    packets, place = [], 0
    for size in sizes:
        packets.append(data[place : place + size])
        place += size
    return [each for each in [*packets, data[place:]] if each]


def counts(usage: Usage) -> tuple[int, int, int]:
    return usage.prompt_tokens, usage.output_tokens, usage.reasoning_tokens or 0


def spoken(events: Sequence[Event]) -> str:
    return "".join(each.text for each in events if isinstance(each, TextDelta))


def called(events: Sequence[Event]) -> tuple[ToolCall, ...]:
    found: dict[int, ToolCall] = {}
    for each in joined(events):
        if isinstance(each, ToolCallDelta):
            known = found.get(each.call, ToolCall(each.id or "", each.name or "", ""))
            found[each.call] = ToolCall(known.id, known.name, known.arguments + each.arguments)
    return tuple(found[place] for place in sorted(found))


def same_calls(one: Sequence[ToolCall], other: Sequence[ToolCall]) -> bool:
    """The same functions with the same arguments as values: some vendors write JSON as they like, or give no ids."""
    return [(each.name, json.loads(each.arguments)) for each in one] == [
        (each.name, json.loads(each.arguments)) for each in other
    ]


def again(dialect: Dialect, response: bytes) -> Sample:
    """What the body that was put together from a stream says, read as a plain answer."""
    (sample,), _ = FORMATS[dialect.name].read(prepared(dialect, streamed=False), response, "The Vendor", Redactor(None))
    return sample


async def fails(speaker: Speaker, *, streamed: bool) -> ProviderFailure:
    with pytest.raises(ProviderFailure) as caught:
        await (speaker.streamed() if streamed else speaker.plain())
    return caught.value


def check(failure: ProviderFailure, kind: FailureKind, code: int | None) -> None:
    assert (failure.kind, failure.origin) == (kind, "The Vendor")
    assert code is None or failure.upstream_code == code
    assert 0 < len(failure.message) <= 2000
    assert "CANARY" not in f"{failure.message} {failure!r} {failure.__cause__!r}"
