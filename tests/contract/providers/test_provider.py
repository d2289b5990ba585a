"""What holds for every provider: the same suite over the mock and over the OpenAI format."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everloop.domain.config import ModelConfig
from everloop.domain.generation import (
    Event,
    Failure,
    Finish,
    GenerationRequest,
    PreparedCall,
    TextDelta,
    Usage,
    UsageReport,
    joined,
)
from everloop.errors import ProviderFailure, Unprocessable
from everloop.ports.providers import Provider
from everloop.providers.mock import MockProvider
from everloop.telemetry.clock import SystemClock
from tests.contract.providers.conftest import KEY, Caller
from tests.unit.providers.fakes import RecordedMetrics
from tests.upstream import STREAM_HEAD as HEAD
from tests.upstream import End, Step, Upstream, completion, event, piece, raw, status


class Vendor(Protocol):
    """A provider whose model says what it is told to."""

    provider: Provider
    metrics: RecordedMetrics

    def says(self, texts: Sequence[str], *, paces: Sequence[float] = (0.0,)) -> dict[str, Any]:
        """Make the next answer these texts, with seconds between the words of each; gives the `other` to call with."""
        ...

    def breaks_after_words(self, words: Sequence[str]) -> dict[str, Any]:
        """Make the next stream break after these words; gives the `other` to call with."""
        ...

    def refuses(self) -> dict[str, Any]:
        """Make the next answer a refusal; gives the `other` to call with."""
        ...


class Mock:
    def __init__(self) -> None:
        self.metrics = RecordedMetrics()
        self.provider: Provider = MockProvider(SystemClock(), self.metrics)

    def says(self, texts: Sequence[str], *, paces: Sequence[float] = (0.0,)) -> dict[str, Any]:
        return {"mock": {"text": list(texts), "chunk_delay_ms": [pace * 1000 for pace in paces]}}

    def breaks_after_words(self, words: Sequence[str]) -> dict[str, Any]:
        fault = {"kind": "connection", "after_chunks": len(words)}
        return {"mock": {"text": "".join(words) + " end", "fault": fault}}

    def refuses(self) -> dict[str, Any]:
        return {"mock": {"fault": {"kind": "bad_request"}}}


class OpenAi:
    def __init__(self, upstream: Upstream, caller: Caller) -> None:
        self.upstream = upstream
        self.metrics = caller.metrics
        self.provider = caller.provider

    def says(self, texts: Sequence[str], *, paces: Sequence[float] = (0.0,)) -> dict[str, Any]:
        pauses = [paces[index % len(paces)] for index in range(len(texts))]
        self.upstream.answer(completion(list(texts), pauses=pauses))
        return {}

    def breaks_after_words(self, words: Sequence[str]) -> dict[str, Any]:
        chunks = [piece(event({"choices": [{"index": 0, "delta": {"content": word}}]})) for word in words]
        steps: list[Step] = [HEAD, *chunks, 0.05, End.RESET]
        self.upstream.answer(raw(*steps))
        return {}

    def refuses(self) -> dict[str, Any]:
        self.upstream.answer(status(400))
        return {}


@pytest.fixture(params=["mock", "openai"])
def vendor(request: pytest.FixtureRequest, upstream: Upstream, caller: Caller) -> Vendor:
    return Mock() if request.param == "mock" else OpenAi(upstream, caller)


def prepared(vendor: Vendor, other: dict[str, Any], samples: int = 1, *, streamed: bool, model: str) -> PreparedCall:
    config = ModelConfig(model, other=other)
    return vendor.provider.prepare(GenerationRequest(config, "hello there", samples, streamed=streamed))


async def collected(events: AsyncIterator[Event]) -> list[Event]:
    return [each async for each in events]


def spoken(events: Sequence[Event], sample: int = 0) -> str:
    return "".join(each.text for each in events if isinstance(each, TextDelta) and each.sample == sample)


def text_of(response: bytes) -> str:
    choice = json.loads(response)["choices"][0]
    text: str = choice["message"]["content"] if "message" in choice else choice["text"]
    return text


TEXTS = st.lists(st.text(min_size=1, max_size=40).filter(lambda text: KEY.value not in text), min_size=1, max_size=3)


@pytest.mark.parametrize("model", ["gpt-4o", "davinci-002"])
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=TEXTS)
async def test_streamed_text_equals_plain_text(vendor: Vendor, texts: list[str], model: str):
    count = len(texts)
    other = vendor.says(texts)
    generation = await vendor.provider.complete(prepared(vendor, other, count, streamed=False, model=model), KEY)
    other = vendor.says(texts)
    call = prepared(vendor, other, count, streamed=True, model=model)
    events = await collected(vendor.provider.stream(call, KEY))
    assert [sample.text for sample in generation.samples] == texts
    assert [spoken(events, index) for index in range(count)] == texts
    finishes = sorted((each for each in events if isinstance(each, Finish)), key=lambda each: each.sample)
    assert [text_of(each.response) for each in finishes] == texts
    assert [each.reason for each in finishes] == [each.finish_reason for each in generation.samples]
    assert [each.usage.output_tokens for each in events if isinstance(each, UsageReport)] == [
        generation.usage.output_tokens if generation.usage else None
    ]
    assert not any(isinstance(each, Failure) for each in events)


@pytest.mark.parametrize("model", ["gpt-4o", "davinci-002"])
async def test_the_raw_answer_is_json_with_the_samples_in_it(vendor: Vendor, model: str):
    other = vendor.says(["a b", "c"])
    generation = await vendor.provider.complete(prepared(vendor, other, 2, streamed=False, model=model), KEY)
    choices = json.loads(generation.response)["choices"]
    assert [each["index"] for each in choices] == [0, 1]
    assert [sample.index for sample in generation.samples] == [0, 1]
    assert generation.usage is not None
    assert generation.usage == Usage(generation.usage.prompt_tokens, 3)
    assert generation.latency >= 0
    assert generation.attempts == 1


async def test_samples_of_different_speeds_finish_on_their_own(vendor: Vendor):
    other = vendor.says(["a b c d e", "x y z"], paces=[0.05, 0.0])
    events = await collected(vendor.provider.stream(prepared(vendor, other, 2, streamed=True, model="gpt-4o"), KEY))
    assert [each.sample for each in events if isinstance(each, Finish)] == [1, 0]
    fast = next(place for place, each in enumerate(events) if isinstance(each, Finish))
    assert "".join(each.text for each in events[fast:] if isinstance(each, TextDelta) and each.sample == 0) != ""
    assert spoken(events, 0) == "a b c d e"


async def test_a_stream_that_breaks_says_so_after_what_there_was(vendor: Vendor):
    other = vendor.breaks_after_words(["one", " two"])
    events = await collected(vendor.provider.stream(prepared(vendor, other, streamed=True, model="gpt-4o"), KEY))
    assert joined(events[:-1]) == [TextDelta(0, "one two")]
    failure = events[-1]
    assert isinstance(failure, Failure)
    assert failure.error.kind == "connection"
    assert vendor.metrics.calls[-1][1] == "connection"


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
async def test_a_refusal_is_raised(vendor: Vendor, streamed: bool):
    call = prepared(vendor, vendor.refuses(), streamed=streamed, model="gpt-4o")
    with pytest.raises(ProviderFailure) as caught:
        await (collected(vendor.provider.stream(call, KEY)) if streamed else vendor.provider.complete(call, KEY))
    assert (caught.value.kind, caught.value.upstream_code) == ("bad_request", 400)
    assert caught.value.origin == vendor.provider.origin
    assert vendor.metrics.calls[-1][1] == "bad_request"


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
async def test_a_cancelled_call_is_counted_as_such(vendor: Vendor, streamed: bool):
    other = vendor.says(["a b c d"], paces=[5.0])
    call = prepared(vendor, other, streamed=streamed, model="gpt-4o")
    calling = collected(vendor.provider.stream(call, KEY)) if streamed else vendor.provider.complete(call, KEY)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(calling, 0.2)
    assert vendor.metrics.calls == [(vendor.metrics.calls[0][0], "cancelled")]


async def test_a_stream_closed_after_its_last_finish_was_no_cancellation(vendor: Vendor):
    call = prepared(vendor, vendor.says(["a"]), streamed=True, model="gpt-4o")
    stream = vendor.provider.stream(call, KEY)
    while not isinstance(await anext(stream), Finish):
        pass
    await stream.aclose()
    assert vendor.metrics.calls[-1][1] == "ok"


@pytest.mark.parametrize("other", [{"n": 2}, {"stream": True}, {"base_url": "http://evil.invalid"}, {"api": "x"}])
def test_what_cannot_be_asked_is_refused_before_the_call(vendor: Vendor, other: dict[str, Any]):
    with pytest.raises(Unprocessable):
        prepared(vendor, other, streamed=False, model="gpt-4o")


def test_the_request_in_the_vendors_words_holds_no_key(vendor: Vendor):
    call = prepared(vendor, {"metadata": {"a": 1}}, streamed=False, model="gpt-4o")
    assert json.loads(call.body)["model"] == "gpt-4o"
    assert KEY.value.encode() not in call.body
    assert KEY.value not in repr(call)
