"""Cohere's own package: it makes the requests that ours must equal, and reads what our fake upstream says."""

import json
from collections.abc import Iterator
from typing import Any

import cohere
import httpx
import pytest
from cohere import (
    AssistantChatMessageV2,
    ImageUrl,
    ImageUrlContent,
    JsonObjectResponseFormatV2,
    SystemChatMessageV2,
    TextContent,
    Thinking,
    ToolCallV2,
    ToolCallV2Function,
    ToolChatMessageV2,
    ToolV2,
    ToolV2Function,
    UserChatMessageV2,
)

from everloop.domain.config import Endpoint, ModelConfig
from everloop.domain.generation import GenerationRequest, Secret, ToolCall, Usage
from everloop.providers.cohere.format import CohereFormat
from everloop.providers.connection import Connection
from tests.contract.providers.dialects.cohere import Cohere
from tests.contract.providers.dialects.dialect import Said
from tests.contract.providers.dialects.speaking import says
from tests.upstream import Upstream, status

KEY = "co-key-5f0c9d7b21e84a6f"
MODEL = "command-a-03-2025"
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
ADD = {"name": "add", "description": "Adds.", "parameters": SCHEMA}
SUB = {"name": "sub", "description": "Subtracts.", "parameters": SCHEMA, "strict": True}
THEIR_ADD = ToolV2(function=ToolV2Function(name="add", description="Adds.", parameters=SCHEMA))
THEIR_SUB = ToolV2(function=ToolV2Function(name="sub", description="Subtracts.", parameters=SCHEMA))
HI = {"role": "user", "content": "Hi"}
DATA_URL = "data:image/png;base64,iVBORw0KGgo="
Call = dict[str, Any]


@pytest.fixture
def client(upstream: Upstream) -> Iterator[cohere.ClientV2]:
    with httpx.Client() as http:
        url = f"http://127.0.0.1:{upstream.port}"
        yield cohere.ClientV2(KEY, base_url=url, max_retries=0, httpx_client=http)


def ours(config: Call, request: Call) -> GenerationRequest:
    made = ModelConfig(MODEL, provider="cohere", endpoint=Endpoint.CHAT, **config)
    return GenerationRequest(made, "Hi", **{"messages": (HI,), **request})


# What the config says, what the call says, and what the official client is told for the same. It sends what it is
# given and has no defaults, so that the temperature, which we always send, is always said.
CASES: dict[str, tuple[Call, Call, Call]] = {
    "text": ({}, {}, {"messages": [UserChatMessageV2(content="Hi")]}),
    "a completion": ({}, {"messages": None}, {"messages": [UserChatMessageV2(content="Hi")]}),
    "system and several turns": (
        {},
        {
            "messages": (
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "Hi", "name": "Ann"},
                {"role": "assistant", "content": "Hello."},
                {"role": "user", "content": [{"type": "text", "text": "Who"}, {"type": "text", "text": "?"}]},
            )
        },
        {
            "messages": [
                SystemChatMessageV2(content="Be kind."),
                UserChatMessageV2(content="Hi"),
                AssistantChatMessageV2(content="Hello."),
                UserChatMessageV2(content=[TextContent(text="Who"), TextContent(text="?")]),
            ]
        },
    ),
    "images": (
        {},
        {
            "messages": (
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "Same?"},
                        {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}},
                        {"type": "image_url", "image_url": {"url": DATA_URL}},
                    ],
                },
            )
        },
        {
            "messages": [
                UserChatMessageV2(
                    content=[
                        TextContent(text="Same?"),
                        ImageUrlContent(image_url=ImageUrl(url="https://example.com/a.png", detail="low")),
                        ImageUrlContent(image_url=ImageUrl(url=DATA_URL)),
                    ]
                )
            ]
        },
    ),
    "tools": ({"tools": (ADD, SUB)}, {"tool_choice": "auto"}, {"tools": [THEIR_ADD, THEIR_SUB]}),
    "strict tools": ({"tools": (SUB,)}, {}, {"tools": [THEIR_SUB], "strict_tools": True}),
    "a call and its reply": (
        {"tools": (ADD,)},
        {
            "messages": (
                HI,
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {"id": "add_1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}
                    ],
                },
                {"role": "tool", "tool_call_id": "add_1", "content": "2"},
            )
        },
        {
            "tools": [THEIR_ADD],
            "messages": [
                UserChatMessageV2(content="Hi"),
                AssistantChatMessageV2(
                    tool_calls=[ToolCallV2(id="add_1", function=ToolCallV2Function(name="add", arguments='{"a":1}'))]
                ),
                ToolChatMessageV2(tool_call_id="add_1", content="2"),
            ],
        },
    ),
    "a tool is required": (
        {"tools": (ADD,)},
        {"tool_choice": "required"},
        {"tools": [THEIR_ADD], "tool_choice": "REQUIRED"},
    ),
    "no tool": ({"tools": (ADD,)}, {"tool_choice": "none"}, {"tools": [THEIR_ADD], "tool_choice": "NONE"}),
    "one tool": (
        {"tools": (ADD, SUB)},
        {"tool_choice": {"type": "function", "function": {"name": "add"}}},
        {"tools": [THEIR_ADD], "tool_choice": "REQUIRED"},
    ),
    "any JSON": (
        {"response_format": {"type": "json_object"}},
        {},
        {"response_format": JsonObjectResponseFormatV2()},
    ),
    "JSON of a shape": (
        {"response_format": {"type": "json_schema", "json_schema": {"name": "person", "schema": SCHEMA}}},
        {},
        {"response_format": JsonObjectResponseFormatV2(json_schema=SCHEMA)},
    ),
    "reasoning": ({"reasoning_effort": 512}, {}, {"thinking": Thinking(type="enabled", token_budget=512)}),
    "no reasoning": ({"reasoning_effort": 0}, {}, {"thinking": Thinking(type="disabled")}),
    "sampling": (
        {
            "temperature": 0.5,
            "top_p": 0.9,
            "max_tokens": 9,
            "stop": ("a", "b"),
            "seed": 7,
            "frequency_penalty": 0.25,
            "presence_penalty": 0.5,
        },
        {"logprobs": 1, "seed": 8},
        {
            "temperature": 0.5,
            "p": 0.9,
            "max_tokens": 9,
            "stop_sequences": ["a", "b"],
            "seed": 7,
            "frequency_penalty": 0.25,
            "presence_penalty": 0.5,
            "logprobs": True,
        },
    ),
    "parameters of their own": ({"other": {"k": 20, "safety_mode": "OFF"}}, {}, {"k": 20, "safety_mode": "OFF"}),
}


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("case", CASES)
def test_the_official_client_sends_what_we_send(upstream: Upstream, client: cohere.ClientV2, case: str, streamed: bool):
    config, request, theirs = CASES[case]
    asked = {"model": MODEL, "messages": [UserChatMessageV2(content="Hi")], "temperature": 1.0, **theirs}
    upstream.answer(says(Cohere(), Said("Hello."), streamed=streamed))
    if streamed:
        list(client.chat_stream(**asked))
    else:
        client.chat(**asked)
    sent = upstream.requests[0]
    wire = CohereFormat()
    call = wire.prepare(ours(config, {**request, "streamed": streamed}))
    connection = Connection("cohere", "Cohere", f"http://127.0.0.1:{upstream.port}/v2", None, "COHERE_API_KEY")

    assert json.loads(call.body) == sent.json
    assert connection.base_url + call.path == f"http://127.0.0.1:{upstream.port}{sent.path}"
    assert wire.headers(connection.base_url + call.path, call, Secret(KEY)) == {
        "Authorization": sent.headers["authorization"]
    }


SAID = Said(
    "Let me see, größer ☂.",
    (ToolCall("add_1", "add", '{"a": 1}'), ToolCall("add_2", "add", '{"a": 2}')),
    "tool_call",
    Usage(37, 28),
)


def test_the_official_client_reads_our_plain_answer(upstream: Upstream, client: cohere.ClientV2):
    upstream.answer(says(Cohere(), SAID, streamed=False))
    answer = client.chat(model=MODEL, messages=[UserChatMessageV2(content="Hi")])
    assert answer.finish_reason == "TOOL_CALL"
    assert [block.type for block in answer.message.content or ()] == ["text"]
    assert "".join(block.text for block in answer.message.content or () if block.type == "text") == SAID.text
    assert [_call(each) for each in answer.message.tool_calls or ()] == list(SAID.calls)
    assert answer.message.tool_plan == "I will add."
    assert answer.usage is not None
    assert answer.usage.billed_units is not None
    assert (answer.usage.billed_units.input_tokens, answer.usage.billed_units.output_tokens) == (37, 28)


def test_the_official_client_reads_our_stream(upstream: Upstream, client: cohere.ClientV2):
    upstream.answer(says(Cohere(), SAID, streamed=True))
    text, ends = "", []
    calls: dict[int, ToolCall] = {}
    events: Iterator[Any] = client.chat_stream(model=MODEL, messages=[UserChatMessageV2(content="Hi")])
    for event in events:
        match event.type:
            case "content-start" | "content-delta":
                text += event.delta.message.content.text
            case "tool-call-start":
                calls[event.index] = _call(event.delta.message.tool_calls)
            case "tool-call-delta":
                known, more = calls[event.index], event.delta.message.tool_calls.function.arguments
                calls[event.index] = ToolCall(known.id, known.name, known.arguments + more)
            case "message-end":
                ends.append(event.delta)
            case _:
                pass
    assert (text, tuple(calls.values())) == (SAID.text, SAID.calls)
    assert [each.finish_reason for each in ends] == ["TOOL_CALL"]
    assert (ends[0].usage.billed_units.input_tokens, ends[0].usage.billed_units.output_tokens) == (37, 28)


def _call(call: ToolCallV2) -> ToolCall:
    assert call.function is not None
    return ToolCall(call.id, call.function.name or "", call.function.arguments or "")


@pytest.mark.parametrize("code", [400, 401, 404, 429, 500])
def test_the_official_client_reads_our_refusals(upstream: Upstream, client: cohere.ClientV2, code: int):
    upstream.answer(status(code, Cohere().refusal(code, "No.")))
    with pytest.raises(cohere.core.ApiError) as caught:
        client.chat(model=MODEL, messages=[UserChatMessageV2(content="Hi")])
    assert caught.value.status_code == code
    assert caught.value.body["message"] == "No."
