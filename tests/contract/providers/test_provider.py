"""What holds for every provider: the same suite over the mock and over the OpenAI format."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everloop.domain.config import Endpoint, ModelConfig
from everloop.domain.generation import (
    Event,
    Failure,
    Finish,
    GenerationRequest,
    PreparedCall,
    TextDelta,
    ToolCall,
    ToolCallDelta,
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
from tests.upstream import End, Received, Reply, Step, Upstream, body, completion, event, piece, raw, status, stream

ADD = {"name": "add", "parameters": {"type": "object"}}


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

    def calls(self, text: str, calls: Sequence[ToolCall]) -> dict[str, Any]:
        """Make the next answer this text and these calls (their ids are its own); gives the `other` to call with."""
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

    def calls(self, text: str, calls: Sequence[ToolCall]) -> dict[str, Any]:
        return {
            "mock": {"text": text, "tool_calls": [{"name": each.name, "arguments": each.arguments} for each in calls]}
        }


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

    def calls(self, text: str, calls: Sequence[ToolCall]) -> dict[str, Any]:
        self.upstream.answer(_calling(text, calls))
        return {}


def _calling(text: str, calls: Sequence[ToolCall]) -> Reply:
    """A vendor that calls tools: at once, or the text in one piece and each call in three."""

    def reply(request: Received) -> Iterable[Step]:
        if not request.json["stream"]:
            message = {"role": "assistant", "content": text, "tool_calls": [_whole(each) for each in calls]}
            return body({"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]})(request)
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": text}]
        for place, each in enumerate(calls):
            half = len(each.arguments) // 2
            begin = _whole(ToolCall(each.id, each.name, ""))
            pieces = [{"function": {"arguments": part}} for part in (each.arguments[:half], each.arguments[half:])]
            deltas += [{"tool_calls": [{"index": place, **part}]} for part in (begin, *pieces)]
        steps = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
        return stream(*steps, {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})(request)

    return reply


def _whole(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


@pytest.fixture(params=["mock", "openai"])
def vendor(request: pytest.FixtureRequest, upstream: Upstream, caller: Caller) -> Vendor:
    return Mock() if request.param == "mock" else OpenAi(upstream, caller)


def prepared(vendor: Vendor, other: dict[str, Any], samples: int = 1, *, streamed: bool, model: str) -> PreparedCall:
    config = ModelConfig(model, other=other)
    return vendor.provider.prepare(GenerationRequest(config, "hello there", samples, streamed=streamed))


def chat(vendor: Vendor, other: dict[str, Any], *, streamed: bool, **changes: Any) -> PreparedCall:
    config = ModelConfig("gpt-4o", endpoint=Endpoint.CHAT, tools=(ADD,), other=other)
    messages = ({"role": "system", "content": "Be kind."}, {"role": "user", "content": "1 and 1?"})
    request = GenerationRequest(config, "1 and 1?", streamed=streamed, messages=messages)
    return vendor.provider.prepare(replace(request, **changes))


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


WORDS = st.text(st.characters(codec="utf-8"), max_size=20).filter(lambda text: KEY.value not in text)
CALLS = st.lists(st.tuples(st.sampled_from(["add", "sub"]), WORDS), min_size=1, max_size=3)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=WORDS, said=CALLS)
async def test_streamed_tool_calls_are_the_plain_ones(vendor: Vendor, text: str, said: list[tuple[str, str]]):
    calls = [ToolCall(f"call_{place}", name, arguments) for place, (name, arguments) in enumerate(said)]
    other = vendor.calls(text, calls)
    (sample,) = (await vendor.provider.complete(chat(vendor, other, streamed=False), KEY)).samples
    other = vendor.calls(text, calls)
    events = await collected(vendor.provider.stream(chat(vendor, other, streamed=True), KEY))
    assert [(each.name, each.arguments) for each in sample.tool_calls] == said
    assert (sample.text, sample.finish_reason, spoken(events)) == (text, "tool_call", text)
    made: dict[int, tuple[str, str, str]] = {}
    for each in events:
        if isinstance(each, ToolCallDelta):
            call_id, name, arguments = made.get(each.call, ("", "", ""))
            made[each.call] = (call_id or each.id or "", name or each.name or "", arguments + each.arguments)
    assert [ToolCall(*each) for _, each in sorted(made.items())] == list(sample.tool_calls)
    (finish,) = [each for each in events if isinstance(each, Finish)]
    message = json.loads(finish.response)["choices"][0]["message"]
    assert [each["function"]["arguments"] for each in message["tool_calls"]] == [each for _, each in said]
    assert "index" not in message["tool_calls"][0]


def test_a_chat_is_asked_with_its_messages_its_tools_and_its_choice(vendor: Vendor):
    choice = {"type": "function", "function": {"name": "add"}}
    sent = json.loads(chat(vendor, {}, streamed=False, tool_choice=choice).body)
    assert [each["role"] for each in sent["messages"]] == ["system", "user"]
    assert sent["tools"] == [{"type": "function", "function": ADD}]
    assert sent["tool_choice"] == choice


def test_a_chat_that_cannot_be_asked_is_refused_before_the_call(vendor: Vendor):
    with pytest.raises(Unprocessable):
        chat(vendor, {}, streamed=False, config=ModelConfig("davinci-002", endpoint=Endpoint.CHAT))


def test_a_chat_is_asked_with_the_definitions_of_the_tools_that_its_config_links(vendor: Vendor):
    config = ModelConfig("gpt-4o", endpoint=Endpoint.CHAT, tools=({"id": "oc_1", "source": "organization", **ADD},))
    sent = json.loads(chat(vendor, {}, streamed=False, config=config).body)
    assert sent["tools"] == [{"type": "function", "function": ADD}]


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
async def test_a_refused_chat_is_raised(vendor: Vendor, streamed: bool):
    call = chat(vendor, vendor.refuses(), streamed=streamed)
    with pytest.raises(ProviderFailure) as caught:
        await (collected(vendor.provider.stream(call, KEY)) if streamed else vendor.provider.complete(call, KEY))
    assert (caught.value.kind, caught.value.upstream_code) == ("bad_request", 400)
