"""OpenAI's own package at Responses: it makes the requests that ours must equal, and reads what our fake says."""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types.responses import ResponseFunctionToolCall

from everloop.domain.config import Endpoint, ModelConfig
from everloop.domain.generation import GenerationRequest, Secret, ToolCall, Usage
from everloop.providers.openai.format import OpenAiFormat
from everloop.providers.responses.format import ResponsesFormat
from tests.contract.providers.dialects.dialect import Said
from tests.contract.providers.dialects.responses import Responses
from tests.contract.providers.dialects.speaking import says
from tests.upstream import Upstream, status

KEY = "sk-key-5f0c9d7b21e84a6f"
MODEL = "gpt-5-pro"
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
ADD = {"name": "add", "description": "Adds.", "parameters": SCHEMA}
THEIR_ADD = {"type": "function", "name": "add", "description": "Adds.", "parameters": SCHEMA, "strict": False}
HI = {"role": "user", "content": "Hi"}
DATA_URL = "data:image/png;base64,iVBORw0KGgo="
Call = dict[str, Any]


@pytest.fixture
def client(upstream: Upstream) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=KEY, base_url=upstream.base_url, max_retries=0) as client:
        yield client


# What the config says, what the call says, and what the official client is told for the same. It sends what it is given
# and has no defaults; that OpenAI shall not keep the answer we always say.
CASES: dict[str, tuple[Call, Call, Call]] = {
    "text": ({}, {}, {"input": [HI]}),
    "a completion": ({}, {"messages": None}, {"input": [HI]}),
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
            "input": [
                {"role": "system", "content": "Be kind."},
                HI,
                {"role": "assistant", "content": "Hello."},
                {
                    "role": "user",
                    "content": [{"type": "input_text", "text": "Who"}, {"type": "input_text", "text": "?"}],
                },
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
                        {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "high"}},
                        {"type": "image_url", "image_url": {"url": DATA_URL}},
                    ],
                },
            )
        },
        {
            "input": [
                {
                    "role": "user",
                    "content": [
                        {"type": "input_text", "text": "Same?"},
                        {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "high"},
                        {"type": "input_image", "image_url": DATA_URL, "detail": "auto"},
                    ],
                }
            ]
        },
    ),
    "tools": ({"tools": (ADD,)}, {"tool_choice": "auto"}, {"tools": [THEIR_ADD], "tool_choice": "auto"}),
    "a strict tool without parameters": (
        {"tools": ({"name": "now", "strict": True},)},
        {},
        {"tools": [{"type": "function", "name": "now", "parameters": None, "strict": True}]},
    ),
    "one tool": (
        {"tools": (ADD,)},
        {"tool_choice": {"type": "function", "function": {"name": "add"}}},
        {"tools": [THEIR_ADD], "tool_choice": {"type": "function", "name": "add"}},
    ),
    "calls and replies": (
        {"tools": (ADD,)},
        {
            "messages": (
                HI,
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}},
                        {"id": "c2", "type": "function", "function": {"name": "add", "arguments": '{"a": 2}'}},
                    ],
                },
                {"role": "tool", "tool_call_id": "c1", "content": "1"},
                {"role": "tool", "tool_call_id": "c2", "content": "2"},
            )
        },
        {
            "input": [
                HI,
                {"type": "function_call", "call_id": "c1", "name": "add", "arguments": '{"a": 1}'},
                {"type": "function_call", "call_id": "c2", "name": "add", "arguments": '{"a": 2}'},
                {"type": "function_call_output", "call_id": "c1", "output": "1"},
                {"type": "function_call_output", "call_id": "c2", "output": "2"},
            ],
            "tools": [THEIR_ADD],
        },
    ),
    "any JSON": (
        {"response_format": {"type": "json_object"}},
        {},
        {"text": {"format": {"type": "json_object"}}},
    ),
    "JSON of a shape": (
        {"response_format": {"type": "json_schema", "json_schema": {"name": "p", "schema": SCHEMA, "strict": True}}},
        {},
        {"text": {"format": {"type": "json_schema", "name": "p", "schema": SCHEMA, "strict": True}}},
    ),
    "reasoning": ({"reasoning_effort": "high"}, {}, {"reasoning": {"effort": "high"}}),
    "sampling": (
        {"temperature": 0.5, "top_p": 0.9, "max_tokens": 9},
        {"logprobs": 3, "user": "u-1"},
        {
            "temperature": 0.5,
            "top_p": 0.9,
            "max_output_tokens": 9,
            "top_logprobs": 3,
            "include": ["message.output_text.logprobs"],
            "user": "u-1",
        },
    ),
    "parameters of their own": (
        {"other": {"truncation": "auto", "service_tier": "flex"}},
        {},
        {"truncation": "auto", "service_tier": "flex"},
    ),
}


@pytest.mark.parametrize("wire", [ResponsesFormat(), OpenAiFormat()], ids=["responses", "openai"])
@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("case", CASES)
def test_the_official_client_sends_what_we_send(
    upstream: Upstream, client: openai.OpenAI, wire: ResponsesFormat | OpenAiFormat, case: str, streamed: bool
):
    config, request, theirs = CASES[case]
    asked = {"model": MODEL, "input": [HI], "store": False, **theirs, **({"stream": True} if streamed else {})}
    upstream.answer(says(Responses(), Said("Hello."), streamed=streamed))
    found = client.responses.create(**asked)
    if streamed:
        list(found)
    sent = upstream.requests[0]
    made = ModelConfig(MODEL, endpoint=Endpoint.CHAT, **config)
    call = wire.prepare(GenerationRequest(made, "Hi", **{"messages": (HI,), "streamed": streamed, **request}))

    assert json.loads(call.body) == sent.json
    assert upstream.base_url + call.path == f"http://127.0.0.1:{upstream.port}{sent.path}"
    assert wire.headers(upstream.base_url + call.path, call, Secret(KEY)) == {
        "Authorization": sent.headers["authorization"]
    }


SAID = Said(
    "Let me see, größer ☂.",
    (ToolCall("add_1", "add", '{"a": 1}'), ToolCall("add_2", "add", '{"a": 2}')),
    "tool_call",
    Usage(37, 28, 12),
)


def check(answer: Any, said: Said) -> None:
    """The official package's own reading of a whole answer."""
    assert answer.output_text == said.text
    calls = [each for each in answer.output if isinstance(each, ResponseFunctionToolCall)]
    assert tuple(ToolCall(each.call_id, each.name, each.arguments) for each in calls) == said.calls
    usage = answer.usage
    details = usage.output_tokens_details
    assert Usage(usage.input_tokens, usage.output_tokens, details.reasoning_tokens) == said.usage


def test_the_official_client_reads_our_plain_answer(upstream: Upstream, client: openai.OpenAI):
    upstream.answer(says(Responses(), SAID, streamed=False))
    answer = client.responses.create(model=MODEL, input="Hi")
    check(answer, SAID)
    assert (answer.status, answer.incomplete_details) == ("completed", None)


def test_the_official_client_reads_that_an_answer_was_cut_off(upstream: Upstream, client: openai.OpenAI):
    upstream.answer(says(Responses(), Said("Hel", reason="length"), streamed=False))
    answer = client.responses.create(model=MODEL, input="Hi")
    assert answer.status == "incomplete"
    assert answer.incomplete_details is not None
    assert answer.incomplete_details.reason == "max_output_tokens"


def test_the_official_client_reads_our_stream(upstream: Upstream, client: openai.OpenAI):
    """Its accumulator checks that pieces belong to items that have begun, and puts them together."""
    upstream.answer(says(Responses(), SAID, streamed=True))
    text, arguments = "", dict.fromkeys((2, 3), "")
    with client.responses.stream(model=MODEL, input="Hi") as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                text += event.delta
            elif event.type == "response.function_call_arguments.delta":
                arguments[event.output_index] += event.delta
        check(stream.get_final_response(), SAID)
    assert text == SAID.text
    assert list(arguments.values()) == [each.arguments for each in SAID.calls]


def test_the_official_client_reads_an_error_in_our_stream(upstream: Upstream, client: openai.OpenAI):
    packet, _ = Responses().broken_off("Slow down.")
    upstream.answer(
        lambda _: [
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            + f"content-length: {len(packet)}\r\n\r\n".encode()
            + packet
        ]
    )
    (event,) = client.responses.create(model=MODEL, input="Hi", stream=True)
    assert event.type == "error"
    assert (event.code, event.message) == ("rate_limit_exceeded", "Slow down.")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
    ],
)
def test_the_official_client_reads_our_refusals(
    upstream: Upstream, client: openai.OpenAI, code: int, error: type[openai.APIStatusError]
):
    upstream.answer(status(code, Responses().refusal(code, "No.")))
    with pytest.raises(error) as caught:
        client.responses.create(model=MODEL, input="Hi")
    assert caught.value.body == {"message": "No.", "type": "invalid_request_error", "param": "input", "code": None}
