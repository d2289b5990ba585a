"""Chats with an OpenAI-compatible server that does wrong, or unusual, things with tool calls."""

import json
from typing import Any

import pytest

from everloop.domain.config import Endpoint, ModelConfig
from everloop.domain.generation import Event, Failure, Finish, GenerationRequest, TextDelta, ToolCall, ToolCallDelta
from everloop.errors import FailureKind, ProviderFailure
from everloop.providers.redaction import REDACTED
from tests.contract.providers.conftest import KEY, Caller
from tests.upstream import DONE, STREAM_END, STREAM_HEAD, End, Reply, Step, Upstream, body, event, piece, raw, stream


def asked(*, streamed: bool) -> GenerationRequest:
    config = ModelConfig("gpt-4o", endpoint=Endpoint.CHAT, tools=({"name": "add"},))
    messages = ({"role": "user", "content": "1 and 1?"},)
    return GenerationRequest(config, "1 and 1?", streamed=streamed, messages=messages)


async def events_of(caller: Caller) -> list[Event]:
    call = caller.provider.prepare(asked(streamed=True))
    return [each async for each in caller.provider.stream(call, KEY)]


def choice(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


def calling(*pieces: dict[str, Any]) -> dict[str, Any]:
    return choice({"tool_calls": list(pieces)})


def begin(arguments: str = "") -> dict[str, Any]:
    function = {"name": "add", "arguments": arguments}
    return calling({"index": 0, "id": "call_1", "type": "function", "function": function})


def more(arguments: str) -> dict[str, Any]:
    return calling({"index": 0, "function": {"arguments": arguments}})


ENDED = choice({}, "tool_calls")
SHAPES: dict[str, Any] = {
    "an object": {"0": {"function": {"name": "add"}}},
    "a text": "add",
    "a list of texts": ["add"],
    "a text as a function": [{"id": "call_1", "function": "add"}],
    "a number as arguments": [{"id": "call_1", "function": {"name": "add", "arguments": 1}}],
}


@pytest.mark.parametrize("what", SHAPES)
async def test_calls_of_another_shape_are_malformed(upstream: Upstream, caller: Caller, what: str):
    message = {"role": "assistant", "content": None, "tool_calls": SHAPES[what]}
    upstream.answer(body({"choices": [{"index": 0, "message": message}]}))
    with pytest.raises(ProviderFailure) as caught:
        await caller.provider.complete(caller.provider.prepare(asked(streamed=False)), KEY)
    assert (caught.value.kind, caught.value.origin) == (FailureKind.MALFORMED, "OpenAI")

    upstream.answer(stream(choice({"content": "So"}), choice({"tool_calls": SHAPES[what]}), ENDED))
    first, last = await events_of(caller)
    assert first == TextDelta(0, "So")
    assert isinstance(last, Failure)
    assert last.error.kind is FailureKind.MALFORMED


BREAKS: dict[str, tuple[list[Step], FailureKind]] = {
    "a reset": ([End.RESET], FailureKind.CONNECTION),
    "an end too soon": ([piece(DONE), STREAM_END], FailureKind.CONNECTION),
    "a torn piece": ([piece(event(b'{"choices": [{"delta": {"tool_calls": [{"ind'))], FailureKind.MALFORMED),
    "an error": ([piece(event({"error": {"message": "Busy", "code": 503}}))], FailureKind.OVERLOADED),
}


@pytest.mark.parametrize("what", BREAKS)
async def test_a_stream_that_breaks_amid_a_call_says_so_after_what_there_was(
    upstream: Upstream, caller: Caller, what: str
):
    steps, kind = BREAKS[what]
    upstream.answer(raw(STREAM_HEAD, piece(event(begin('{"a"'))), 0.05, *steps))
    first, last = await events_of(caller)
    assert first == ToolCallDelta(0, 0, '{"a"', "call_1", "add")
    assert isinstance(last, Failure)
    assert last.error.kind is kind
    assert len(upstream.requests) == 1


def in_packets(size: int, *payloads: dict[str, Any]) -> Reply:
    data = b"".join(b"data: " + json.dumps(each, ensure_ascii=False).encode() + b"\r\n\r\n" for each in payloads) + DONE
    packets = [piece(data[at : at + size]) for at in range(0, len(data), size)]
    return raw(STREAM_HEAD, *packets, STREAM_END)


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_packets_may_cut_characters_and_calls_anywhere(upstream: Upstream, caller: Caller, size: int):
    arguments = '{"a": "Grüße 😀"}'
    upstream.answer(in_packets(size, begin(), *(more(each) for each in arguments), ENDED))
    events = await events_of(caller)
    assert "".join(each.arguments for each in events if isinstance(each, ToolCallDelta)) == arguments
    assert isinstance(events[-1], Finish)


@pytest.mark.parametrize("cut", [1, 3, 12, len(KEY.value) - 1])
async def test_a_key_that_comes_back_in_arguments_is_taken_out(upstream: Upstream, caller: Caller, cut: int):
    key = KEY.value
    upstream.answer(stream(begin(f'"{key[:cut]}'), more(f'{key[cut:]}"'), ENDED))
    events = await events_of(caller)
    told = "".join(each.arguments for each in events if isinstance(each, ToolCallDelta))
    assert key not in told
    assert REDACTED in told
    assert key.encode() not in b"".join(each.response for each in events if isinstance(each, Finish))

    call = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": f'"{key}"'}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    upstream.answer(body({"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}))
    generation = await caller.provider.complete(caller.provider.prepare(asked(streamed=False)), KEY)
    assert generation.samples[0].tool_calls == (ToolCall("call_1", "add", f'"{REDACTED}"'),)
    assert key.encode() not in generation.response
