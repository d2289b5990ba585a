"""The mock provider: its manual, line by line."""

import asyncio
import json
from typing import Any

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.generation import (
    Finish,
    GenerationRequest,
    Sample,
    TextDelta,
    Usage,
    UsageReport,
)
from everloop.errors import FailureKind, ProviderFailure, Unprocessable
from everloop.providers.mock import MockProvider
from tests.unit.providers.fakes import RecordedMetrics, StillClock
from tests.unit.providers.mocking import Stage, failures, texts


async def test_it_says_what_it_is_and_echoes():
    generation = await Stage().plain()
    assert generation.samples == (Sample(0, "[mock gpt-4o] You said: hello there", "stop"),)
    assert generation.usage == Usage(2, 6)
    assert generation.attempts == 1


async def test_it_is_deterministic():
    assert await Stage().plain() == await Stage().plain()
    assert (await Stage().plain()).response != (await Stage().plain(temperature=0.5)).response


async def test_its_raw_answer_is_openais():
    body = json.loads((await Stage().plain(call={"samples": 2})).response)
    assert body["object"] == "chat.completion"
    assert body["model"] == "gpt-4o"
    assert [choice["index"] for choice in body["choices"]] == [0, 1]
    assert body["choices"][0]["message"] == {"role": "assistant", "content": "[mock gpt-4o] You said: hello there"}
    assert body["choices"][0]["finish_reason"] == "stop"
    assert body["choices"][0]["logprobs"] is None
    assert body["usage"] == {"prompt_tokens": 2, "completion_tokens": 13, "total_tokens": 15}


async def test_completion_models_answer_in_their_own_shape():
    body = json.loads((await Stage().plain(model="davinci-002")).response)
    assert body["object"] == "text_completion"
    assert body["choices"][0]["text"] == "[mock davinci-002] You said: hello there"


def test_its_request_is_openais():
    call = Stage().prepare({"text": "x"})
    body = json.loads(call.body)
    assert call.path == "/chat/completions"
    assert body["messages"] == [{"role": "user", "content": "hello there"}]
    assert body["mock"] == {"text": "x"}


async def test_every_sample_says_something_else():
    assert texts(await Stage().plain(call={"samples": 3})) == [
        "[mock gpt-4o] You said: hello there",
        "[mock gpt-4o #2] You said: hello there",
        "[mock gpt-4o #3] You said: hello there",
    ]


async def test_a_suffix_is_echoed_and_asked_for():
    stage = Stage()
    call = stage.prepare(call={"suffix": "The end."})
    assert call.request.suffix == "The end."
    assert call.request.config.other == {}
    assert json.loads(call.body)["suffix"] == "The end."
    generation = await stage.provider.complete(call, None)
    assert texts(generation) == ["[mock gpt-4o] You said: hello there [suffix: The end.]"]


async def test_long_prompts_are_echoed_in_part():
    stage = Stage()
    call = stage.provider.prepare(GenerationRequest(ModelConfig("m", "mock"), "x" * 5000))
    assert texts(await stage.provider.complete(call, None)) == [
        f"[mock m] You said: {'x' * 4000}… (1000 more characters)"
    ]


async def test_max_tokens_counts_words():
    generation = await Stage().plain(max_tokens=3)
    assert generation.samples == (Sample(0, "[mock gpt-4o] You", "length"),)
    assert generation.usage == Usage(2, 3)
    assert (await Stage().plain(max_tokens=6)).samples[0].finish_reason == "stop"


async def test_stop_sequences_end_the_text_and_are_no_part_of_it():
    assert texts(await Stage().plain(stop=("there", "You", "nowhere"))) == ["[mock gpt-4o] "]


@pytest.mark.parametrize("top", [0, 2])
async def test_logprobs_of_a_chat_model(top: int):
    choice = json.loads((await Stage().plain({"text": "a b"}, call={"logprobs": top})).response)["choices"][0]
    tokens = choice["logprobs"]["content"]
    assert [token["token"] for token in tokens] == ["a", " b"]
    assert all(token["logprob"] < 0 and bytes(token["bytes"]).decode() == token["token"] for token in tokens)
    assert [len(token["top_logprobs"]) for token in tokens] == [top, top]
    if top:
        assert tokens[0]["top_logprobs"][0]["token"] == "a"
        assert tokens[0]["top_logprobs"][1]["logprob"] < tokens[0]["logprob"]


async def test_logprobs_of_a_completion_model():
    generation = await Stage().plain({"text": "a b"}, model="davinci-002", call={"logprobs": 2})
    logprobs = json.loads(generation.response)["choices"][0]["logprobs"]
    assert logprobs["tokens"] == ["a", " b"]
    assert logprobs["text_offset"] == [0, 1]
    assert len(logprobs["token_logprobs"]) == 2
    assert [len(each) for each in logprobs["top_logprobs"]] == [2, 2]


@pytest.mark.parametrize(("model", "key"), [("gpt-4o", "content"), ("gpt-3.5-turbo-instruct", "tokens")])
async def test_logprobs_of_many_words_are_those_of_the_first(model: str, key: str):
    call = {"logprobs": 99, "samples": 10}
    generation = await Stage().plain({"text": "a " * 50}, model=model, call=call)
    for choice in json.loads(generation.response)["choices"]:
        assert len(choice["logprobs"][key]) == 10
    assert {len(text.split()) for text in texts(generation)} == {50}


async def test_all_samples_together_say_no_more_than_so_many_words():
    for samples, words in ((2, 40_000), (4, 25_000)):
        generation = await Stage().plain({"text": "a " * 40_000}, call={"samples": samples})
        assert [len(each.text.split()) for each in generation.samples] == [words] * samples
        assert {each.finish_reason for each in generation.samples} == {"stop" if samples == 2 else "length"}


async def test_a_long_suffix_is_echoed_in_part():
    generation = await Stage().plain(model="gpt-3.5-turbo-instruct", call={"suffix": "x" * 5_000})
    assert texts(generation)[0].endswith(f"[suffix: {'x' * 4_000}… (1000 more characters)]")


async def test_a_scripted_text():
    assert texts(await Stage().plain({"text": " a  b\n"})) == [" a  b\n"]
    assert texts(await Stage().plain({"text": ["a", "b"]}, call={"samples": 3})) == ["a", "b", "a"]
    assert texts(await Stage().plain({"text": ""})) == [""]
    assert texts(await Stage().plain({"text": []})) == ["[mock gpt-4o] You said: hello there"]


@pytest.mark.parametrize(("reason", "raw"), [("length", "length"), ("tool_call", "tool_calls")])
async def test_a_scripted_finish_reason(reason: str, raw: str):
    generation = await Stage().plain({"finish_reason": reason})
    assert generation.samples[0].finish_reason == reason
    assert json.loads(generation.response)["choices"][0]["finish_reason"] == raw


async def test_a_stream_comes_word_by_word():
    events = await Stage().streamed({"text": "a b  c"})
    assert events[:3] == [TextDelta(0, "a"), TextDelta(0, " b"), TextDelta(0, "  c")]
    finish, usage = events[3:]
    assert isinstance(finish, Finish)
    assert (finish.sample, finish.reason) == (0, "stop")
    assert json.loads(finish.response)["choices"][0]["message"]["content"] == "a b  c"
    assert usage == UsageReport(Usage(2, 3))


async def test_delays_and_paces():
    stage = Stage()
    events = await stage.streamed(
        {"text": "a b c", "delay_ms": 1000, "chunk_delay_ms": [100, 1000]}, call={"samples": 2}
    )
    said = [(event.sample, event.text) for event in events if isinstance(event, TextDelta)]
    assert said == [(0, "a"), (1, "a"), (0, " b"), (0, " c"), (1, " b"), (1, " c")]
    finished = [event.sample for event in events if isinstance(event, Finish)]
    assert finished == [0, 1]
    assert events.index(next(each for each in events if isinstance(each, Finish))) == 4
    assert stage.clock.slept == pytest.approx([1, 0.1, 0.1, 0.8, 1])


async def test_a_plain_call_takes_as_long_as_its_stream():
    stage = Stage()
    generation = await stage.plain({"text": "a b c", "delay_ms": 1000, "chunk_delay_ms": 100})
    assert generation.latency == pytest.approx(1.2)
    assert sum(stage.clock.slept) == pytest.approx(1.2)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("bad_request", 400),
        ("authentication", 401),
        ("permission", 403),
        ("not_found", 404),
        ("too_large", 413),
        ("unprocessable", 422),
        ("rate_limit", 429),
        ("server_error", 500),
        ("overloaded", 503),
        ("malformed", 200),
        ("timeout", None),
        ("connection", None),
    ],
)
@pytest.mark.parametrize("streamed", [True, False])
async def test_a_fault_before_anything(streamed: bool, kind: str, code: int | None):
    stage = Stage()
    script = {"fault": {"kind": kind, "retry_after": 2.5}, "delay_ms": 500}
    with pytest.raises(ProviderFailure) as caught:
        await (stage.streamed(script) if streamed else stage.plain(script))
    failure = caught.value
    assert (failure.kind, failure.origin, failure.upstream_code, failure.retry_after) == (kind, "Mock", code, 2.5)
    assert kind in failure.message
    assert stage.metrics.calls == [("mock", kind)]
    retried = kind in {"rate_limit", "server_error", "overloaded", "timeout", "connection"}
    assert stage.clock.slept == [0.5] * (3 if retried else 1)
    assert failure.tries == len(stage.clock.slept)


async def test_a_fault_in_the_middle():
    stage = Stage()
    script = {"text": "a b c", "fault": {"kind": "connection", "after_chunks": 2}}
    events = await stage.streamed(script)
    assert events[:2] == [TextDelta(0, "a"), TextDelta(0, " b")]
    assert failures(events) == [(None, FailureKind.CONNECTION)]
    assert len(events) == 3
    with pytest.raises(ProviderFailure):
        await stage.plain(script)
    assert stage.metrics.calls == [("mock", "connection"), ("mock", "connection")]


async def test_a_fault_after_more_words_than_there_are_comes_instead_of_the_end():
    events = await Stage().streamed({"text": "a", "fault": {"kind": "timeout", "after_chunks": 99}})
    assert events[:-1] == [TextDelta(0, "a")]
    assert failures(events) == [(None, FailureKind.TIMEOUT)]


@pytest.mark.parametrize("after", [None, 1])
async def test_a_fault_of_one_sample_leaves_the_others_alone(after: int | None):
    stage = Stage()
    script = {"text": "a b", "fault": {"kind": "timeout", "sample": 1, "after_chunks": after}}
    events = await stage.streamed(script, call={"samples": 3})
    assert failures(events) == [(1, FailureKind.TIMEOUT)]
    assert [event.sample for event in events if isinstance(event, Finish)] == [0, 2]
    spoken = "".join(event.text for event in events if isinstance(event, TextDelta) and event.sample == 1)
    assert spoken == ("a" if after else "")
    with pytest.raises(ProviderFailure):
        await stage.plain(script, call={"samples": 3})


async def test_a_fault_of_a_sample_that_is_not_asked_for_does_not_happen():
    assert texts(await Stage().plain({"text": "a", "fault": {"kind": "timeout", "sample": 1}})) == ["a"]


@pytest.mark.parametrize(
    "script",
    [
        None,
        [],
        "text",
        {"txt": "a"},
        {"text": 5},
        {"delay_ms": -1},
        {"delay_ms": "1"},
        {"delay_ms": 1e12},
        {"chunk_delay_ms": [1, -1]},
        {"finish_reason": "tired"},
        {"fault": "timeout"},
        {"fault": {}},
        {"fault": {"kind": "unknown"}},
        {"fault": {"kind": "timeout", "after_chunks": -1}},
        {"fault": {"kind": "timeout", "sample": 1.5}},
        {"fault": {"kind": "timeout", "why": "x"}},
        {"text": "x" * 200_001},
        {"text": ["x" * 100_000, "x" * 100_001]},
        {"tool_calls": [{"name": "x", "arguments": {"a": "x" * 200_000}}]},
        {"tool_calls": [{"name": "x"}] * 129},
    ],
)
def test_nonsense_is_refused(script: Any):
    request = GenerationRequest(ModelConfig("m", "mock", other={"mock": script}), "x")
    with pytest.raises(Unprocessable, match="`mock` in `other`"):
        Stage().provider.prepare(request)


async def test_calls_are_counted():
    stage = Stage()
    await stage.plain()
    await stage.streamed()
    stream = stage.provider.stream(stage.prepare(), None)
    await anext(stream)
    await stream.aclose()
    assert stage.metrics.calls == [("mock", "ok"), ("mock", "ok"), ("mock", "cancelled")]


async def test_it_really_waits_by_default():
    provider = MockProvider(StillClock(), RecordedMetrics())
    call = provider.prepare(GenerationRequest(ModelConfig("m", "mock", other={"mock": {"delay_ms": 3_000_000}}), "x"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(provider.complete(call, None), 0.05)


def test_it_needs_nothing():
    provider = Stage().provider
    assert (provider.origin, provider.needs_key) == ("Mock", False)
