"""Predictions of Replicate: begun, asked for until they end, cancelled when nobody waits; and all that can go wrong.

The other formats answer a request with an answer, which the suite over every format presumes; so this one has its own.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everloop.domain.config import ModelConfig
from everloop.domain.generation import (
    Event,
    Failure,
    Finish,
    Generation,
    GenerationRequest,
    Secret,
    TextDelta,
    Usage,
    UsageReport,
)
from everloop.domain.policy import Timeouts
from everloop.errors import FailureKind, ProviderFailure, Unprocessable
from everloop.providers.client import HttpClient
from everloop.providers.connection import Connection
from everloop.providers.replicate.format import ReplicateFormat
from everloop.providers.retry import Retrier, RetryBudget
from everloop.providers.vendor import VendorProvider
from everloop.telemetry.clock import SystemClock
from tests.unit.providers.fakes import RecordedMetrics
from tests.upstream import End, Received, Reply, Step, Upstream, body, http, raw, status

KEY = Secret("r8_canary-5f0c9d7b21e84a6f")
ID = "kr2d2jhqbsrj60cjb2vtmekgh4"
MODEL = "meta/meta-llama-3-8b-instruct"
BEGINNING = ("POST", f"/v1/models/{MODEL}/predictions")
QUESTION = ("GET", f"/v1/predictions/{ID}")
CANCELLING = ("POST", f"/v1/predictions/{ID}/cancel")
METRICS = {"input_token_count": 7, "output_token_count": 5, "predict_time": 0.4}
# For what never comes; what does come may take its time on a busy machine.
SHORT = Timeouts(connect=0.3, first_byte=0.3, gap=0.3, total=3)
PATIENT = Timeouts(connect=20, first_byte=20, gap=20, total=25)
State = dict[str, Any]


def state(status_: str, output: Any = None, **fields: Any) -> State:
    """A prediction, as in replicate-python's cassettes; its URLs lead astray, since we call none of them."""
    urls = {name: f"http://127.0.0.1:9/astray/{name}" for name in ("get", "cancel", "stream")}
    made = {"id": ID, "model": MODEL, "version": "dp-a557b738", "input": {"prompt": "Hi"}, "logs": ""}
    return {**made, "output": output, "error": None, "status": status_, "urls": urls, **fields}


ENDED = state("succeeded", ["Hel", "lo", ", größer ☂."], metrics=METRICS)


def begun(first: State) -> Reply:
    return raw(http(201, json.dumps(first).encode()))


@dataclass
class Caller:
    """A provider that asks without pauses; waits between tries are noted and skipped."""

    base_url: str
    timeouts: Timeouts
    waited: list[float] = field(default_factory=list)
    metrics: RecordedMetrics = field(default_factory=RecordedMetrics)

    def __post_init__(self) -> None:
        clock = SystemClock()
        self.client = HttpClient(self.timeouts, longest_answer=1024 * 1024)
        connection = Connection("replicate", "Replicate", self.base_url, None, "REPLICATE_API_KEY")
        retrier = Retrier(clock, budget=RetryBudget(capacity=1000), sleep=self._wait, fraction=lambda: 0.0)
        wire = ReplicateFormat(interval=0.01)
        self.provider = VendorProvider(connection, wire, self.client, retrier, clock, self.metrics)

    async def plain(self) -> Generation:
        return await self.provider.complete(self.provider.prepare(self._request(streamed=False)), KEY)

    async def streamed(self) -> list[Event]:
        return [event async for event in self.events()]

    def events(self) -> Any:
        return self.provider.stream(self.provider.prepare(self._request(streamed=True)), KEY)

    async def call(self, *, streamed: bool) -> Generation | list[Event]:
        return await (self.streamed() if streamed else self.plain())

    async def fails(self, *, streamed: bool) -> ProviderFailure:
        with pytest.raises(ProviderFailure) as caught:
            await self.call(streamed=streamed)
        return caught.value

    def _request(self, *, streamed: bool) -> GenerationRequest:
        return GenerationRequest(ModelConfig(MODEL), "Hi", streamed=streamed, timeouts=self.timeouts)

    async def _wait(self, seconds: float) -> None:
        self.waited.append(seconds)


Calling = Callable[..., Caller]


@pytest.fixture
async def calling(upstream: Upstream) -> AsyncIterator[Calling]:
    made: list[Caller] = []

    def make(timeouts: Timeouts = PATIENT) -> Caller:
        made.append(Caller(upstream.base_url, timeouts))
        return made[-1]

    yield make
    for each in made:
        await each.client.close()


@pytest.fixture
def caller(calling: Calling) -> Caller:
    return calling()


def asked(upstream: Upstream) -> list[tuple[str, str]]:
    return [(each.method, each.path) for each in upstream.requests]


async def is_cancelled(upstream: Upstream, requests: int) -> bool:
    """Whether the last of so many requests, when it has come, is a cancelling one."""
    last = await asyncio.to_thread(upstream.wait_for, requests)
    return (last.method, last.path) == CANCELLING and last.headers["authorization"] == f"Bearer {KEY.value}"


async def until(upstream: Upstream, requests: int) -> None:
    await asyncio.to_thread(upstream.wait_for, requests)


def spoken(events: Iterable[Event]) -> str:
    return "".join(each.text for each in events if isinstance(each, TextDelta))


both = pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])


# --------------------------------------------------------------------------------------------------------- good answers


async def test_a_prediction_that_ends_at_once(upstream: Upstream, caller: Caller):
    upstream.answer(begun(ENDED))
    generation = await caller.plain()
    (sample,) = generation.samples
    assert (sample.text, sample.finish_reason) == ("Hello, größer ☂.", "stop")
    assert generation.usage == Usage(7, 5)
    assert json.loads(generation.response) == ENDED
    assert (generation.attempts, caller.metrics.calls) == (1, [("replicate", "ok")])
    assert asked(upstream) == [BEGINNING]
    (request,) = upstream.requests
    assert request.json == {"input": {"prompt": "Hi"}}
    headers = {name: request.headers[name] for name in ("authorization", "prefer", "cancel-after")}
    assert headers == {"authorization": f"Bearer {KEY.value}", "prefer": "wait=15", "cancel-after": "25s"}


async def test_one_that_is_still_going_on_is_asked_for_by_its_id(upstream: Upstream, caller: Caller):
    # As recorded: held open with `Prefer: wait`, a prediction may come with its output and not yet at its end.
    upstream.answer(begun(state("processing", ["Hel", "lo"])), body(state("processing", ["Hel", "lo"])), body(ENDED))
    generation = await caller.plain()
    assert generation.samples[0].text == "Hello, größer ☂."
    assert json.loads(generation.response) == ENDED
    assert asked(upstream) == [BEGINNING, QUESTION, QUESTION]
    question = upstream.requests[1]
    assert question.headers["authorization"] == f"Bearer {KEY.value}"
    assert not {"prefer", "cancel-after"} & {*question.headers}
    assert question.body == b""


async def test_text_is_told_as_it_grows(upstream: Upstream, caller: Caller):
    upstream.answer(
        begun(state("starting")),
        body(state("processing", ["Hel"])),
        body(state("processing", ["Hel"])),
        body(state("processing", ["Hel", "lo"])),
        body(ENDED),
    )
    events = await caller.streamed()
    assert [each.text for each in events if isinstance(each, TextDelta)] == ["Hel", "lo", ", größer ☂."]
    counted, finish = events[-2:]
    assert counted == UsageReport(Usage(7, 5))
    assert isinstance(finish, Finish)
    assert json.loads(finish.response) == ENDED
    assert asked(upstream) == [BEGINNING] + [QUESTION] * 4
    assert "prefer" not in upstream.requests[0].headers
    assert caller.metrics.calls == [("replicate", "ok")]


PIECES = st.lists(st.text(st.characters(codec="utf-8"), max_size=8), max_size=6)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=PIECES, joined=st.booleans())
async def test_a_stream_says_what_the_plain_answer_says(
    upstream: Upstream, caller: Caller, pieces: list[str], joined: bool
):
    outputs: list[Any] = ["".join(pieces[:end]) if joined else pieces[:end] for end in range(len(pieces) + 1)]
    states = [state("processing", each) for each in outputs] + [state("succeeded", outputs[-1], metrics=METRICS)]
    upstream.answer(begun(states[0]), *map(body, states[1:]), begun(states[0]), *map(body, states[1:]))
    (sample,) = (await caller.plain()).samples
    events = await caller.streamed()
    assert spoken(events) == sample.text == "".join(pieces)
    (finish,) = [each for each in events if isinstance(each, Finish)]
    assert (finish.reason, json.loads(finish.response)) == (sample.finish_reason, states[-1])


# -------------------------------------------------------------------------------------------- predictions that go wrong


@both
@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ("failed", FailureKind.SERVER_ERROR),
        ("canceled", FailureKind.SERVER_ERROR),
        ("aborted", FailureKind.TIMEOUT),
    ],
)
async def test_a_prediction_that_ends_badly_is_a_failure(
    upstream: Upstream, caller: Caller, how: str, kind: FailureKind, streamed: bool
):
    upstream.answer(begun(state("starting")), body(state(how, None, error=f"Not with {KEY.value}.")))
    failure = await caller.fails(streamed=streamed)
    assert (failure.kind, failure.message, failure.origin) == (kind, "Not with [redacted].", "Replicate")
    assert asked(upstream) == [BEGINNING, QUESTION]
    assert caller.metrics.calls == [("replicate", kind)]


async def test_what_was_said_before_it_failed_stands(upstream: Upstream, caller: Caller):
    upstream.answer(begun(state("processing", ["Hel"])), body(state("failed", None, error="It broke.")))
    first, failure = await caller.streamed()
    assert first == TextDelta(0, "Hel")
    assert isinstance(failure, Failure)
    assert failure.error.message == "It broke."


STATUSES = {
    400: (FailureKind.BAD_REQUEST, 1),
    401: (FailureKind.AUTHENTICATION, 1),
    402: (FailureKind.BAD_REQUEST, 1),
    403: (FailureKind.PERMISSION, 1),
    404: (FailureKind.NOT_FOUND, 1),
    413: (FailureKind.TOO_LARGE, 1),
    422: (FailureKind.UNPROCESSABLE, 1),
    429: (FailureKind.RATE_LIMIT, 3),
    500: (FailureKind.SERVER_ERROR, 3),
    502: (FailureKind.SERVER_ERROR, 3),
    503: (FailureKind.OVERLOADED, 3),
}


@both
@pytest.mark.parametrize("code", STATUSES)
async def test_a_beginning_that_is_refused(upstream: Upstream, caller: Caller, code: int, streamed: bool):
    kind, tries = STATUSES[code]
    refusal = {"title": "No", "detail": f"Not with {KEY.value}.", "status": code}
    upstream.always(status(code, refusal, {"content-type": "application/problem+json"}))
    failure = await caller.fails(streamed=streamed)
    assert (failure.kind, failure.upstream_code, failure.message) == (kind, code, "Not with [redacted].")
    assert asked(upstream) == [BEGINNING] * tries
    assert len(caller.waited) == tries - 1


@both
async def test_the_patience_that_is_asked_for_in_the_body(upstream: Upstream, caller: Caller, streamed: bool):
    refusal = {"detail": "Request was throttled.", "status": 429, "retry_after": 2}
    upstream.answer(status(429, refusal), begun(ENDED))
    await caller.call(streamed=streamed)
    assert caller.waited == [2.0]


@both
async def test_a_question_is_tried_again_without_a_new_beginning(upstream: Upstream, caller: Caller, streamed: bool):
    upstream.answer(begun(state("starting")), status(503), raw(End.RESET), body(ENDED))
    found = await caller.call(streamed=streamed)
    assert (found.samples[0].text if isinstance(found, Generation) else spoken(found)) == "Hello, größer ☂."
    assert asked(upstream) == [BEGINNING, QUESTION, QUESTION, QUESTION]
    assert len(caller.waited) == 2


BREAKS: dict[str, tuple[list[Step], FailureKind, int]] = {
    "no first byte": ([End.STALL], FailureKind.TIMEOUT, 3),
    "half an answer": ([b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{", End.CLOSE], FailureKind.CONNECTION, 1),
    "half an answer, then silence": (
        [b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{", End.STALL],
        FailureKind.TIMEOUT,
        1,
    ),
    "reset": ([End.RESET], FailureKind.CONNECTION, 3),
    "server error": ([http(500, b"{}")], FailureKind.SERVER_ERROR, 3),
    "not there": ([http(404, b"{}")], FailureKind.NOT_FOUND, 1),
    "redirect": ([http(307, b"", {"location": "/v1/elsewhere"})], FailureKind.MALFORMED, 1),
    "HTML": ([http(200, b"<h1>Hi</h1>", {"content-type": "text/html"})], FailureKind.MALFORMED, 1),
    "no object": ([http(200, b"[]")], FailureKind.MALFORMED, 1),
    "deep JSON": ([http(200, b"[" * 100_000)], FailureKind.MALFORMED, 1),
    "another shape": ([http(200, b'{"weather": "fine"}')], FailureKind.MALFORMED, 1),
    "an id that is none": ([http(200, b'{"id": "../account", "status": "succeeded"}')], FailureKind.MALFORMED, 1),
    "too much": ([http(200, b" " * (1024 * 1024 + 1))], FailureKind.MALFORMED, 1),
    "no HTTP": ([b"SSH-2.0-OpenSSH_9.6\r\n", End.CLOSE], FailureKind.MALFORMED, 1),
}


@both
@pytest.mark.parametrize("name", BREAKS)
async def test_a_beginning_that_breaks(upstream: Upstream, calling: Calling, name: str, streamed: bool):
    steps, kind, tries = BREAKS[name]
    upstream.always(raw(*steps))
    caller = calling(SHORT if kind is FailureKind.TIMEOUT else PATIENT)
    failure = await caller.fails(streamed=streamed)
    assert (failure.kind, failure.origin) == (kind, "Replicate")
    assert asked(upstream) == [BEGINNING] * tries
    assert caller.metrics.calls == [("replicate", kind)]


@both
@pytest.mark.parametrize("name", BREAKS)
async def test_questions_that_break_end_the_prediction(upstream: Upstream, calling: Calling, name: str, streamed: bool):
    steps, kind, tries = BREAKS[name]
    upstream.answer(begun(state("processing", ["Hel"])), *[raw(*steps)] * tries, body(state("canceled")))
    caller = calling(SHORT if kind is FailureKind.TIMEOUT else PATIENT)
    if streamed:
        first, last = await caller.streamed()
        assert first == TextDelta(0, "Hel")
        assert isinstance(last, Failure)
        failure = last.error
    else:
        failure = await caller.fails(streamed=False)
    assert (failure.kind, failure.origin) == (kind, "Replicate")
    assert await is_cancelled(upstream, tries + 2)
    assert asked(upstream)[:-1] == [BEGINNING] + [QUESTION] * tries
    assert caller.metrics.calls == [("replicate", kind)]


@both
async def test_a_prediction_without_end_is_cancelled_in_time(upstream: Upstream, calling: Calling, streamed: bool):
    upstream.always(_goes_on)
    failure = await calling(Timeouts(connect=2, first_byte=2, gap=2, total=0.3)).fails(streamed=streamed)
    assert failure.kind is FailureKind.TIMEOUT
    assert asked(upstream)[0] == BEGINNING
    assert await asyncio.to_thread(_comes, upstream, CANCELLING)


def _comes(upstream: Upstream, request: tuple[str, str], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while request not in asked(upstream) and time.monotonic() < end:
        time.sleep(0.01)
    return request in asked(upstream)


def _goes_on(request: Received) -> Iterable[Step]:
    return [http(200, json.dumps(state("canceled" if request.path.endswith("/cancel") else "starting")).encode())]


# ----------------------------------------------------------------------------------------------------------- hanging up


@both
async def test_hanging_up_cancels_the_prediction(upstream: Upstream, caller: Caller, streamed: bool):
    upstream.answer(begun(state("starting")), raw(60.0), body(state("canceled")))
    calling_ = asyncio.ensure_future(caller.call(streamed=streamed))
    await until(upstream, 2)
    calling_.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling_
    assert await is_cancelled(upstream, 3)
    assert caller.metrics.calls == [("replicate", "cancelled")]


async def test_closing_a_stream_cancels_the_prediction(upstream: Upstream, caller: Caller):
    upstream.answer(begun(state("processing", ["Hel"])), body(state("canceled")))
    events = caller.events()
    assert await anext(events) == TextDelta(0, "Hel")
    await events.aclose()
    assert await is_cancelled(upstream, 2)


@both
async def test_hanging_up_while_it_begins_cancels_what_began(upstream: Upstream, caller: Caller, streamed: bool):
    first = http(201, json.dumps(state("starting")).encode())
    upstream.answer(raw(0.2, first), body(state("canceled")))
    calling_ = asyncio.ensure_future(caller.call(streamed=streamed))
    await until(upstream, 1)
    calling_.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling_
    assert await is_cancelled(upstream, 2)


@pytest.mark.parametrize("steps", [[http(500, b"{}")], [http(201, b"[]")], [http(201, json.dumps(ENDED).encode())]])
async def test_hanging_up_when_nothing_has_begun_or_all_has_ended_cancels_nothing(
    upstream: Upstream, caller: Caller, steps: list[Step]
):
    upstream.answer(raw(0.1, *steps))
    calling_ = asyncio.ensure_future(caller.plain())
    await until(upstream, 1)
    calling_.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling_
    answered = upstream.requests[0].answered
    assert await asyncio.to_thread(answered.wait, 5)
    await asyncio.sleep(0.1)
    assert asked(upstream) == [BEGINNING]


async def test_a_cancelling_that_is_refused_troubles_nobody(upstream: Upstream, caller: Caller):
    upstream.answer(begun(state("processing", ["Hel"])), status(500), body(ENDED))
    events = caller.events()
    await anext(events)
    await events.aclose()
    assert await is_cancelled(upstream, 2)
    upstream.answer(begun(ENDED))


# ------------------------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    "config",
    [
        {"tools": ({"name": "add"},)},
        {"response_format": {"type": "json_object"}},
        {"response_format": {"type": "json_schema", "json_schema": {}}},
    ],
)
def test_what_replicate_has_no_place_for(caller: Caller, config: dict[str, Any]):
    with pytest.raises(Unprocessable, match=r"^Replicate cannot do"):
        caller.provider.prepare(GenerationRequest(ModelConfig(MODEL, **config), "Hi"))


@both
async def test_a_key_that_comes_back_is_taken_out(upstream: Upstream, caller: Caller, streamed: bool):
    half = len(KEY.value) // 2
    said = ["It is ", KEY.value[:half], KEY.value[half:], "!"]
    upstream.answer(begun(state("processing", said[:2])), body(state("succeeded", said)))
    found = await caller.call(streamed=streamed)
    text = found.samples[0].text if isinstance(found, Generation) else spoken(found)
    assert text in ("It is [redacted]!", "It is r8_[redacted]!")
