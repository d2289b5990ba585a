"""Anthropic's own package: it makes the requests that ours must equal, and reads what our fake upstream says."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from anthropic.types import Message, TextBlock, ToolUseBlock

from everloop.domain.config import Endpoint, ModelConfig
from everloop.domain.generation import Finish, GenerationRequest, Secret, ToolCall, Usage
from everloop.errors import FailureKind
from everloop.providers.anthropic.format import AnthropicFormat
from everloop.providers.redaction import Redactor
from tests.contract.providers.dialects.anthropic import Anthropic, event
from tests.contract.providers.dialects.dialect import Said
from tests.contract.providers.dialects.speaking import flowing, says
from tests.unit.providers.fakes import StillClock
from tests.upstream import STREAM_END, Upstream, body, status

KEY = "sk-ant-api03-5f0c9d7b21e84a6f"
MODEL = "claude-opus-5-5"
WIRE = AnthropicFormat()
DIALECT = Anthropic()
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": False}
ADD = {"name": "add", "description": "Adds.", "parameters": SCHEMA, "strict": True}
THEIR_ADD = {"name": "add", "description": "Adds.", "input_schema": SCHEMA, "strict": True}
HI = {"role": "user", "content": "Hi"}
PNG = "iVBORw0KGgo="
Call = dict[str, Any]


@pytest.fixture
def client(upstream: Upstream) -> Iterator[anthropic.Anthropic]:
    # It puts /v1 into its paths, and we have it in the base URL. With a limit of its own, it lets answers be long.
    url = upstream.base_url.removesuffix("/v1")
    with anthropic.Anthropic(api_key=KEY, base_url=url, max_retries=0, timeout=10) as made:
        yield made


def image(url: str) -> Call:
    return {"type": "image_url", "image_url": {"url": url, "detail": "low"}}


def text(said: str) -> Call:
    return {"type": "text", "text": said}


def called(call_id: str, name: str, arguments: str) -> Call:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def used(call_id: str, name: str, given: Call) -> Call:
    return {"type": "tool_use", "id": call_id, "name": name, "input": given}


CHAT = (
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": "Hi", "name": "Ann"},
    {"role": "assistant", "content": "Hello."},
    {"role": "user", "content": [text("Who"), text("?")]},
)
WEB, DATA = image("https://x.invalid/y.png"), image(f"data:image/png;base64,{PNG}")
IMAGES = ({"role": "user", "content": [text("Look:"), WEB, DATA]},)
THEIR_IMAGES = [
    text("Look:"),
    {"type": "image", "source": {"type": "url", "url": "https://x.invalid/y.png"}},
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
]
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "EqQB"}
REPLIES = (
    HI,
    {
        "role": "assistant",
        "content": "So:",
        "tool_calls": [called("toolu_1", "add", '{"a": 1}'), called("toolu_2", "add", "")],
        "thinking": [THOUGHT],
    },
    {"role": "tool", "tool_call_id": "toolu_1", "content": "2"},
    {"role": "tool", "tool_call_id": "toolu_2", "content": [text("3")]},
)
THEIR_REPLIES = [
    HI,
    {
        "role": "assistant",
        "content": [THOUGHT, text("So:"), used("toolu_1", "add", {"a": 1}), used("toolu_2", "add", {})],
    },
    {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": "2"},
            {"type": "tool_result", "tool_use_id": "toolu_2", "content": "3"},
        ],
    },
]
NAMED = {"type": "json_schema", "json_schema": {"name": "sum", "schema": SCHEMA, "strict": True}}
# An older version of the API for what the latest has no more; the client has no arguments for it either.
SAMPLED = {"anthropic-version": "2023-06-01"}

# What the config says, what the call says, and what the official client is told for the same.
CASES: dict[str, tuple[Call, Call, Call]] = {
    "a completion": ({}, {"messages": None}, {"messages": [HI], "max_tokens": 128_000}),
    "text": ({"max_tokens": 9}, {}, {"messages": [HI], "max_tokens": 9}),
    "system and several turns": (
        {},
        {"messages": CHAT},
        {
            "system": "Be kind.",
            "messages": [
                HI,
                {"role": "assistant", "content": "Hello."},
                {"role": "user", "content": [text("Who"), text("?")]},
            ],
            "max_tokens": 128_000,
        },
    ),
    "images": (
        {},
        {"messages": IMAGES},
        {"messages": [{"role": "user", "content": THEIR_IMAGES}], "max_tokens": 128_000},
    ),
    "tools": (
        {"tools": (ADD, {"name": "now"})},
        {},
        {
            "tools": [THEIR_ADD, {"name": "now", "input_schema": {"type": "object", "properties": {}}}],
            "messages": [HI],
            "max_tokens": 128_000,
        },
    ),
    "replies of tools": (
        {"tools": (ADD,)},
        {"messages": REPLIES},
        {"tools": [THEIR_ADD], "messages": THEIR_REPLIES, "max_tokens": 128_000},
    ),
    **{
        f"tool choice {wanted}": (
            {"tools": (ADD,)},
            {"tool_choice": wanted},
            {"tools": [THEIR_ADD], "tool_choice": theirs, "messages": [HI], "max_tokens": 128_000},
        )
        for wanted, theirs in (("auto", {"type": "auto"}), ("none", {"type": "none"}), ("required", {"type": "any"}))
    },
    "tool choice of one": (
        {"tools": (ADD,)},
        {"tool_choice": {"type": "function", "function": {"name": "add"}}},
        {"tools": [THEIR_ADD], "tool_choice": {"type": "tool", "name": "add"}, "messages": [HI], "max_tokens": 128_000},
    ),
    "JSON": (
        {"response_format": NAMED},
        {},
        {
            "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
            "messages": [HI],
            "max_tokens": 128_000,
        },
    ),
    "effort in a word": (
        {"reasoning_effort": "low"},
        {},
        {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}, "messages": [HI], "max_tokens": 128_000},
    ),
    "effort in tokens": (
        {"model": "claude-haiku-4-5", "reasoning_effort": 2048},
        {},
        {
            "model": "claude-haiku-4-5",
            "thinking": {"type": "enabled", "budget_tokens": 2048},
            "messages": [HI],
            "max_tokens": 64_000,
        },
    ),
    "stop": ({"stop": ("a", "b")}, {}, {"stop_sequences": ["a", "b"], "messages": [HI], "max_tokens": 128_000}),
    "user": ({}, {"user": "u-1"}, {"metadata": {"user_id": "u-1"}, "messages": [HI], "max_tokens": 128_000}),
    "sampling": (
        {"model": "claude-sonnet-4-6", "temperature": 0.2, "top_p": 0.9},
        {},
        {
            "model": "claude-sonnet-4-6",
            "extra_body": {"temperature": 0.2, "top_p": 0.9},
            "extra_headers": SAMPLED,
            "messages": [HI],
            "max_tokens": 128_000,
        },
    ),
    "other": (
        {"other": {"service_tier": "standard_only", "cache_control": {"type": "ephemeral"}}},
        {},
        {
            "service_tier": "standard_only",
            "cache_control": {"type": "ephemeral"},
            "messages": [HI],
            "max_tokens": 128_000,
        },
    ),
    "a stream": ({}, {"streamed": True}, {"stream": True, "messages": [HI], "max_tokens": 128_000}),
}


def request(config: Call, call: Call) -> GenerationRequest:
    settings: Call = {"model": MODEL, "endpoint": Endpoint.CHAT} | config
    asked: Call = {"messages": (HI,)} | call
    return GenerationRequest(ModelConfig(**settings), "Hi", **asked)


@pytest.mark.parametrize("name", CASES)
def test_our_request_is_theirs(client: anthropic.Anthropic, upstream: Upstream, name: str):
    config, call, told = CASES[name]
    upstream.answer(says(DIALECT, Said("Hi."), streamed=told.get("stream", False)))
    create: Any = client.messages.create
    answer = create(**{"model": MODEL, **told})
    if isinstance(answer, anthropic.Stream):
        list(answer)
    (theirs,) = upstream.requests
    ours = WIRE.prepare(request(config, call))
    assert json.loads(ours.body) == theirs.json
    assert (theirs.method, theirs.path) == ("POST", f"/v1{ours.path}")
    headers = WIRE.headers(f"{upstream.base_url}{ours.path}", ours, Secret(KEY))
    assert {name: theirs.headers[name.lower()] for name in headers} == headers
    assert "x-api-key" not in theirs.headers


SAID = {
    "text": Said("Hello there, größer ☂.", usage=Usage(70, 9, 4)),
    "cut off": Said("Hello", reason="length"),
    "refused": Said("", reason="content_filter"),
    "text and calls": Said(
        "Let me see.",
        (ToolCall("toolu_1", "add", '{"a":"größer ☂"}'), ToolCall("toolu_2", "add", "{}")),
        "tool_call",
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_they_read_our_plain_answer(client: anthropic.Anthropic, upstream: Upstream, name: str):
    upstream.answer(says(DIALECT, SAID[name], streamed=False))
    message = client.messages.create(model=MODEL, max_tokens=9, messages=[{"role": "user", "content": "Hi"}])
    assert understood(message) == SAID[name]


@pytest.mark.parametrize("name", SAID)
def test_they_read_our_stream_and_put_it_together_as_we_do(client: anthropic.Anthropic, upstream: Upstream, name: str):
    upstream.answer(says(DIALECT, SAID[name], streamed=True))
    with client.messages.stream(model=MODEL, max_tokens=9, messages=[{"role": "user", "content": "Hi"}]) as stream:
        message = stream.get_final_message()
    assert understood(message) == SAID[name]
    found = DIALECT.streamed(SAID[name])
    reader = WIRE.follow(WIRE.prepare(request({}, {"streamed": True})), "Anthropic", Redactor(None))
    ours = [each for packet in [*found.body, *found.end] for each in reader.feed(packet)]
    (finish,) = [each for each in ours if isinstance(each, Finish)]
    assert json.loads(message.to_json()) == json.loads(finish.response)


def understood(message: Message) -> Said:
    """What the official client understood, in our words."""
    reasons = {"end_turn": "stop", "max_tokens": "length", "tool_use": "tool_call", "refusal": "content_filter"}
    texts = [each.text for each in message.content if isinstance(each, TextBlock)]
    uses = [each for each in message.content if isinstance(each, ToolUseBlock)]
    calls = tuple(ToolCall(each.id, each.name, compact(each.input)) for each in uses)
    count = message.usage
    prompt = count.input_tokens + (count.cache_creation_input_tokens or 0) + (count.cache_read_input_tokens or 0)
    thought = count.output_tokens_details.thinking_tokens if count.output_tokens_details else 0
    usage = Usage(prompt, count.output_tokens, thought or None)
    return Said("".join(texts), calls, reasons[message.stop_reason or ""], usage)


def compact(given: object) -> str:
    return json.dumps(given, ensure_ascii=False, separators=(",", ":"))


# The classes of the official client (anthropic/_exceptions.py) for the statuses of
# https://platform.claude.com/docs/en/api/errors, and what they are to us.
REFUSALS = [
    (400, anthropic.BadRequestError, FailureKind.BAD_REQUEST),
    (401, anthropic.AuthenticationError, FailureKind.AUTHENTICATION),
    (403, anthropic.PermissionDeniedError, FailureKind.PERMISSION),
    (404, anthropic.NotFoundError, FailureKind.NOT_FOUND),
    (409, anthropic.ConflictError, FailureKind.BAD_REQUEST),
    (413, anthropic.APIStatusError, FailureKind.TOO_LARGE),
    (429, anthropic.RateLimitError, FailureKind.RATE_LIMIT),
    (500, anthropic.InternalServerError, FailureKind.SERVER_ERROR),
    (504, anthropic.InternalServerError, FailureKind.SERVER_ERROR),
    (529, anthropic.InternalServerError, FailureKind.OVERLOADED),
]


@pytest.mark.parametrize(("code", "theirs", "ours"), REFUSALS)
def test_they_read_our_refusals(
    client: anthropic.Anthropic,
    upstream: Upstream,
    code: int,
    theirs: type[anthropic.APIStatusError],
    ours: FailureKind,
):
    refusal = DIALECT.refusal(code, "Why")
    upstream.answer(status(code, refusal))
    with pytest.raises(theirs) as caught:
        client.messages.create(model=MODEL, max_tokens=9, messages=[{"role": "user", "content": "Hi"}])
    assert (caught.value.status_code, caught.value.api_message) == (code, "Why")
    assert caught.value.type == refusal["error"]["type"]
    failure = WIRE.refused("Anthropic", code, {}, json.dumps(refusal).encode(), StillClock()).failure
    assert (failure.kind, failure.message) == (ours, "Why")


def test_they_read_an_error_in_our_stream(client: anthropic.Anthropic, upstream: Upstream):
    packet, kind = DIALECT.broken_off("Overloaded")
    begun = DIALECT.streamed(Said("Hello")).body
    upstream.answer(flowing(DIALECT, [*begun, packet], STREAM_END))
    with (
        client.messages.stream(model=MODEL, max_tokens=9, messages=[{"role": "user", "content": "Hi"}]) as stream,
        pytest.raises(anthropic.APIStatusError) as caught,
    ):
        stream.get_final_message()
    assert (caught.value.type, caught.value.api_message) == ("overloaded_error", "Overloaded")
    assert kind is FailureKind.OVERLOADED


def test_they_pass_over_what_is_new_as_we_do(client: anthropic.Anthropic, upstream: Upstream):
    said = DIALECT.plain(Said("Hi."))
    said["content"].insert(0, {"type": "of_next_year", "more": [1]})
    upstream.answer(body(said), flowing(DIALECT, new_in(DIALECT.streamed(Said("Hi."))), STREAM_END))
    told: Call = {"model": MODEL, "max_tokens": 9, "messages": [HI]}
    create: Any = client.messages.create
    assert [each.type for each in create(**told).content] == ["of_next_year", "thinking", "text"]
    (ours,), _ = WIRE.read(WIRE.prepare(request({}, {})), json.dumps(said).encode(), "Anthropic", Redactor(None))
    assert ours.text == "Hi."
    types = [each.type for each in create(**told, stream=True)]
    assert types[0] == "of_next_year"
    assert types[-1] == "message_stop"


def new_in(streamed: Any) -> list[bytes]:
    return [event("of_next_year", more=1), *streamed.body, *streamed.end]
