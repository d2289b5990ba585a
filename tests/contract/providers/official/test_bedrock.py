"""AWS's own package: it makes the requests that ours must equal, and reads what our fake upstream says."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError
from botocore.session import Session

from everloop.domain.config import Endpoint, ModelConfig
from everloop.domain.generation import GenerationRequest, Secret, ToolCall, Usage
from everloop.providers.bedrock.format import BedrockFormat
from everloop.providers.client import HttpClient
from everloop.providers.target import Target
from tests.contract.providers.dialects.bedrock import Bedrock, event
from tests.contract.providers.dialects.dialect import Said
from tests.contract.providers.dialects.speaking import flowing, says
from tests.upstream import STREAM_END, Received, Upstream, status

ID, SECRET, TOKEN = "AKIDEXAMPLE0123456", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2luX2VjEA=="
API_KEY = "ABSKQmVkcm9ja0FQSUtleS0wMTIzNDU2Nzg5"
MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "amazon.nova-pro-v1:0"
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6"
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
ADD = {"name": "add", "description": "Adds.", "parameters": SCHEMA}
THEIR_ADD = {"toolSpec": {"name": "add", "description": "Adds.", "inputSchema": {"json": SCHEMA}}}
HI = {"role": "user", "content": "Hi"}
THEIR_HI = {"role": "user", "content": [{"text": "Hi"}]}
PIXEL = b"\x89PNG\r\n\x1a\n"
Call = dict[str, Any]


def made(upstream: Upstream, monkeypatch: pytest.MonkeyPatch, token: str | None = None, bearer: bool = False) -> Any:
    """The official client, with keys or with an API key of Bedrock; it looks for nothing in files or the network."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    if bearer:
        monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", API_KEY)
    keys = {} if bearer else {"aws_access_key_id": ID, "aws_secret_access_key": SECRET, "aws_session_token": token}
    return Session().create_client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=f"{'https' if bearer else 'http'}://127.0.0.1:{upstream.port}",
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
        **keys,
    )


@pytest.fixture(scope="module")
def client(server: Upstream) -> Iterator[Any]:
    """One for all tests: to make one it reads megabytes of JSON."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        client = made(server, monkeypatch)
    yield client
    client.close()


# What the config says, what the call says, and what the official client is told for the same. It sends what it is given
# and has no defaults.
CASES: dict[str, tuple[Call, Call, Call]] = {
    "text": ({}, {}, {}),
    "a completion": ({}, {"messages": None}, {}),
    "a profile": ({"model": PROFILE}, {}, {"modelId": PROFILE}),
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
            "system": [{"text": "Be kind."}],
            "messages": [
                THEIR_HI,
                {"role": "assistant", "content": [{"text": "Hello."}]},
                {"role": "user", "content": [{"text": "Who"}, {"text": "?"}]},
            ],
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
                        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
                        {"type": "image_url", "image_url": {"url": "s3://bucket/a.jpg"}},
                    ],
                },
            )
        },
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"text": "Same?"},
                        {"image": {"format": "png", "source": {"bytes": PIXEL}}},
                        {"image": {"format": "jpeg", "source": {"s3Location": {"uri": "s3://bucket/a.jpg"}}}},
                    ],
                }
            ]
        },
    ),
    "tools": (
        {"tools": (ADD, {"name": "now", "strict": True})},
        {},
        {
            "toolConfig": {
                "tools": [
                    THEIR_ADD,
                    {
                        "toolSpec": {
                            "name": "now",
                            "inputSchema": {"json": {"type": "object", "properties": {}}},
                            "strict": True,
                        }
                    },
                ]
            }
        },
    ),
    "tools if it wants": (
        {"tools": (ADD,)},
        {"tool_choice": "auto"},
        {"toolConfig": {"tools": [THEIR_ADD], "toolChoice": {"auto": {}}}},
    ),
    "a tool is required": (
        {"tools": (ADD,)},
        {"tool_choice": "required"},
        {"toolConfig": {"tools": [THEIR_ADD], "toolChoice": {"any": {}}}},
    ),
    "one tool": (
        {"tools": (ADD,)},
        {"tool_choice": {"type": "function", "function": {"name": "add"}}},
        {"toolConfig": {"tools": [THEIR_ADD], "toolChoice": {"tool": {"name": "add"}}}},
    ),
    "no tool": ({"tools": (ADD,)}, {"tool_choice": "none"}, {}),
    "calls and replies": (
        {"tools": (ADD,)},
        {
            "messages": (
                HI,
                {
                    "role": "assistant",
                    "content": "So.",
                    "thinking": [{"type": "thinking", "thinking": "Well.", "signature": "c2ln"}],
                    "tool_calls": [
                        {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}},
                        {"id": "c2", "type": "function", "function": {"name": "add", "arguments": "{}"}},
                    ],
                },
                {"role": "tool", "tool_call_id": "c1", "content": "1"},
                {"role": "tool", "tool_call_id": "c2", "content": "2"},
                {"role": "user", "content": "And?"},
            )
        },
        {
            "messages": [
                THEIR_HI,
                {
                    "role": "assistant",
                    "content": [
                        {"reasoningContent": {"reasoningText": {"text": "Well.", "signature": "c2ln"}}},
                        {"text": "So."},
                        {"toolUse": {"toolUseId": "c1", "name": "add", "input": {"a": 1}}},
                        {"toolUse": {"toolUseId": "c2", "name": "add", "input": {}}},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {"toolResult": {"toolUseId": "c1", "content": [{"text": "1"}]}},
                        {"toolResult": {"toolUseId": "c2", "content": [{"text": "2"}]}},
                        {"text": "And?"},
                    ],
                },
            ],
            "toolConfig": {"tools": [THEIR_ADD]},
        },
    ),
    "JSON of a shape": (
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "person", "description": "A person.", "schema": SCHEMA, "strict": True},
            }
        },
        {},
        {
            "outputConfig": {
                "textFormat": {
                    "type": "json_schema",
                    "structure": {
                        "jsonSchema": {
                            "name": "person",
                            "description": "A person.",
                            "schema": json.dumps(SCHEMA, separators=(",", ":")),
                        }
                    },
                }
            }
        },
    ),
    "reasoning by a number": (
        {"reasoning_effort": 2048, "max_tokens": 4096},
        {},
        {
            "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 2048}},
            "inferenceConfig": {"maxTokens": 4096},
        },
    ),
    "reasoning by a word, a model that adapts": (
        {"reasoning_effort": "high", "model": "anthropic.claude-opus-4-6-v1"},
        {},
        {
            "modelId": "anthropic.claude-opus-4-6-v1",
            "additionalModelRequestFields": {"thinking": {"type": "adaptive"}},
            "outputConfig": {"effort": "high"},
        },
    ),
    "reasoning by a word, another model": (
        {"reasoning_effort": "low", "model": NOVA},
        {},
        {"modelId": NOVA, "outputConfig": {"effort": "low"}},
    ),
    "sampling": (
        {"temperature": 0.5, "top_p": 0.25, "max_tokens": 9, "stop": ("a", "b")},
        {"user": "u-1"},
        {"inferenceConfig": {"temperature": 0.5, "topP": 0.25, "maxTokens": 9, "stopSequences": ["a", "b"]}},
    ),
    "parameters of their own": (
        {"other": {"additionalModelRequestFields": {"top_k": 20}, "performanceConfig": {"latency": "optimized"}}},
        {},
        {"additionalModelRequestFields": {"top_k": 20}, "performanceConfig": {"latency": "optimized"}},
    ),
}


def ours(config: Call, request: Call) -> GenerationRequest:
    config = {"model": MODEL, "provider": "bedrock", "endpoint": Endpoint.CHAT, **config}
    return GenerationRequest(ModelConfig(**config), "Hi", **{"messages": (HI,), **request})


def call(client: Any, streamed: bool, **asked: Any) -> Any:
    asked = {"modelId": MODEL, "messages": [THEIR_HI], **asked}
    if not streamed:
        return client.converse(**asked)
    with closing(client.converse_stream(**asked)["stream"]) as stream:
        return list(stream)


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("case", CASES)
def test_the_official_client_sends_what_we_send(upstream: Upstream, client: Any, case: str, streamed: bool):
    config, request, theirs = CASES[case]
    upstream.answer(says(Bedrock(), Said("Hello."), streamed=streamed))
    call(client, streamed, **theirs)
    sent = upstream.requests[0]
    found = BedrockFormat().prepare(ours(config, {**request, "streamed": streamed}))
    assert json.loads(found.body) == sent.json
    assert found.path == sent.path


# ------------------------------------------------------------------------------------------------------- authorisation


def verified(request: Received, token: str | None) -> dict[str, str]:
    """What AWS makes of a signature: everything of it again, from the request as it came; its scope and headers.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """
    algorithm, _, fields = request.headers["authorization"].partition(" ")
    said = dict(each.strip().split("=", 1) for each in fields.split(","))
    name, day, region, service, last = said["Credential"].split("/")
    headers = "".join(f"{each}:{request.headers[each]}\n" for each in said["SignedHeaders"].split(";"))
    path = quote(request.path, safe="/~")
    body = hashlib.sha256(request.body).hexdigest()
    canonical = "\n".join([request.method, path, "", headers, said["SignedHeaders"], body])
    moment = request.headers["x-amz-date"]
    scope = f"{day}/{region}/{service}/{last}"
    signed = "\n".join([algorithm, moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{SECRET}".encode()
    for each in (day, region, service, last):
        key = hmac.new(key, each.encode(), hashlib.sha256).digest()
    assert said["Signature"] == hmac.new(key, signed.encode(), hashlib.sha256).hexdigest()
    assert (algorithm, name, moment[:8], last) == ("AWS4-HMAC-SHA256", ID, day, "aws4_request")
    assert request.headers.get("x-amz-security-token") == token
    assert {"host", "x-amz-date"} | ({"x-amz-security-token"} if token else set()) <= set(
        said["SignedHeaders"].split(";")
    )
    return {"region": region, "service": service}


async def posted(upstream: Upstream, key: str, wire: BedrockFormat, model: str = MODEL) -> Received:
    """Our request as it goes over the wire."""
    found = wire.prepare(ours({"model": model}, {}))
    url = f"http://127.0.0.1:{upstream.port}{found.path}"
    client = HttpClient()
    try:
        await client.post(Target.of(url), found.body, wire.headers(url, found, Secret(key)), 5)
    finally:
        await client.close()
    return upstream.requests[-1]


@pytest.mark.parametrize("token", [None, TOKEN], ids=["keys", "keys of a session"])
@pytest.mark.parametrize("model", [MODEL, PROFILE, "odd name/ü%+~"])
async def test_both_are_signed_so_that_aws_agrees(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch, token: str | None, model: str
):
    upstream.always(says(Bedrock(), Said("Hello."), streamed=False))
    client = made(upstream, monkeypatch, token)
    call(client, streamed=False, modelId=model)
    client.close()
    theirs = verified(upstream.requests[0], token)
    key = ":".join([ID, SECRET, *([token] if token else [])])
    found = await posted(upstream, key, BedrockFormat(), model)
    assert upstream.requests[0].path == found.path
    assert verified(found, token) == theirs == {"region": "us-east-1", "service": "bedrock"}


async def test_the_region_of_the_format_is_signed_where_the_host_names_none(upstream: Upstream):
    upstream.always(says(Bedrock(), Said("Hello."), streamed=False))
    found = await posted(upstream, f"{ID}:{SECRET}", BedrockFormat("eu-west-3"))
    assert verified(found, None) == {"region": "eu-west-3", "service": "bedrock"}


class Unsent(Exception):
    """The official client was about to send a request, which it is kept from."""


async def test_an_api_key_is_a_bearer(upstream: Upstream, monkeypatch: pytest.MonkeyPatch):
    """The official client sends it over TLS alone, and so it is looked at before it goes out."""
    client = made(upstream, monkeypatch, bearer=True)
    seen: list[Any] = []

    def look(request: Any, **_: Any) -> None:
        seen.append(request.headers["Authorization"])
        raise Unsent

    client.meta.events.register_first("before-send.bedrock-runtime.*", look)
    with pytest.raises(Unsent):
        call(client, streamed=False)
    client.close()
    upstream.always(says(Bedrock(), Said("Hello."), streamed=False))
    found = await posted(upstream, API_KEY, BedrockFormat())
    assert found.headers["authorization"] == f"Bearer {API_KEY}" == seen[0].decode()
    assert "x-amz-date" not in found.headers


# ------------------------------------------------------------------------------------------------------------- answers

SAID = Said(
    "Let me see, größer ☂.",
    (ToolCall("add_1", "add", '{"a":1}'), ToolCall("add_2", "add", '{"a":2}')),
    "tool_call",
    Usage(37, 28),
)


def test_the_official_client_reads_our_plain_answer(upstream: Upstream, client: Any):
    upstream.answer(says(Bedrock(), SAID, streamed=False))
    answer = call(client, streamed=False)
    content = answer["output"]["message"]["content"]
    assert "".join(each["text"] for each in content if "text" in each) == SAID.text
    uses = [each["toolUse"] for each in content if "toolUse" in each]
    assert [(each["toolUseId"], each["name"], each["input"]) for each in uses] == [
        ("add_1", "add", {"a": 1}),
        ("add_2", "add", {"a": 2}),
    ]
    assert (answer["stopReason"], answer["usage"]["inputTokens"], answer["usage"]["outputTokens"]) == (
        "tool_use", 37, 28,
    )  # fmt: skip


def test_the_official_client_reads_our_stream(upstream: Upstream, client: Any):
    upstream.answer(says(Bedrock(), SAID, streamed=True))
    text, reason, usage = "", None, {}
    calls: dict[int, ToolCall] = {}
    for each in call(client, streamed=True):
        match each:
            case {"contentBlockDelta": {"delta": {"text": str(piece)}}}:
                text += piece
            case {"contentBlockStart": {"contentBlockIndex": place, "start": {"toolUse": use}}}:
                calls[place] = ToolCall(use["toolUseId"], use["name"], "")
            case {"contentBlockDelta": {"contentBlockIndex": place, "delta": {"toolUse": {"input": piece}}}}:
                calls[place] = ToolCall(calls[place].id, calls[place].name, calls[place].arguments + piece)
            case {"messageStop": {"stopReason": found}}:
                reason = found
            case {"metadata": {"usage": found}}:
                usage = found
            case _:
                pass
    assert (text, tuple(calls.values()), reason) == (SAID.text, SAID.calls, "tool_use")
    assert (usage["inputTokens"], usage["outputTokens"]) == (37, 28)


def test_the_official_client_reads_an_exception_in_our_stream(upstream: Upstream, client: Any):
    packet, _ = Bedrock().broken_off("Slow down.")
    upstream.answer(flowing(Bedrock(), [event("messageStart", {"role": "assistant"}), packet], STREAM_END))
    with pytest.raises(EventStreamError) as caught:
        call(client, streamed=True)
    assert caught.value.response["Error"] == {"Code": "throttlingException", "Message": "Slow down."}


@pytest.mark.parametrize(
    ("code", "name"),
    [(400, "ValidationException"), (403, "AccessDeniedException"), (429, "ThrottlingException")],
)
def test_the_official_client_reads_our_refusals(upstream: Upstream, client: Any, code: int, name: str):
    upstream.answer(
        status(code, Bedrock().refusal(code, "No."), {"x-amzn-errortype": f"{name}:http://internal.amazon.com/"})
    )
    with pytest.raises(ClientError) as caught:
        call(client, streamed=False)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == code
    assert caught.value.response["Error"] == {"Code": name, "Message": "No."}
