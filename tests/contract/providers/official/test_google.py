"""Google's own package: it makes the requests that ours must equal, and reads what our fake upstream says."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from everloop.domain.config import Endpoint, ModelConfig
from everloop.domain.generation import GenerationRequest, Secret, ToolCall, Usage
from everloop.providers.google.facts import UNSIGNED
from everloop.providers.google.format import GoogleFormat
from tests.contract.providers.dialects.dialect import Said
from tests.contract.providers.dialects.google import Google
from tests.contract.providers.dialects.speaking import says
from tests.upstream import Upstream, body, status

KEY = "AIzaKey5f0c9d7b21e84a6f"
MODEL = "gemini-3.8-flash"
EARLIER = "gemini-2.5-flash"
SCHEMA = {"type": "object", "properties": {"first_name": {"type": "string"}}, "additionalProperties": False}
ADD = {"name": "add", "description": "Adds.", "parameters": SCHEMA}
NOW = {"name": "now", "strict": True}
HI = {"role": "user", "content": "Hi"}
PNG = b"\x89PNG\r\n\x1a\n"
THEIR_ADD = types.FunctionDeclaration(name="add", description="Adds.", parameters_json_schema=SCHEMA)
THEIR_NOW = types.FunctionDeclaration(name="now")
Call = dict[str, Any]


@pytest.fixture(scope="module")
def client(server: Upstream) -> Iterator[genai.Client]:
    options = types.HttpOptions(base_url=f"http://127.0.0.1:{server.port}", api_version="v1beta")
    made = genai.Client(api_key=KEY, http_options=options)
    yield made
    made.close()


def text(said: str) -> types.Part:
    return types.Part(text=said)


def user(*parts: types.Part) -> types.Content:
    return types.Content(role="user", parts=list(parts))


def model(*parts: types.Part) -> types.Content:
    return types.Content(role="model", parts=list(parts))


def called(name: str, args: Call, call_id: str | None = None, *, signed: bool = False) -> types.Part:
    call = types.FunctionCall(id=call_id, name=name, args=args)
    return types.Part(function_call=call, thought_signature=urlsafe_b64decode(UNSIGNED) if signed else None)


def replied(name: str, response: Call, call_id: str | None = None, **more: Any) -> types.Part:
    return types.Part(function_response=types.FunctionResponse(id=call_id, name=name, response=response, **more))


def image(url: str) -> Call:
    return {"type": "image_url", "image_url": {"url": url, "detail": "low"}}


def calls(*made: tuple[str, str, str]) -> list[Call]:
    return [{"id": id_, "type": "function", "function": {"name": name, "arguments": args}} for id_, name, args in made]


def offered(*tools: types.FunctionDeclaration, **calling: Any) -> Call:
    how = types.ToolConfig(function_calling_config=types.FunctionCallingConfig(**calling)) if calling else None
    return {"tools": [types.Tool(function_declarations=list(tools))], "tool_config": how}


# What the config says, what the call says, what the official client is told (its `contents` and its `config`).
# A string as a system instruction would get the role `user`, which the documentation's own requests leave out.
CASES: dict[str, tuple[Call, Call, Any, Call]] = {
    "text": ({}, {}, "Hi", {}),
    "a completion": ({}, {"messages": None}, "Hi", {}),
    "system and several turns": (
        {},
        {
            "messages": (
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "Hi", "name": "Ann"},
                {"role": "assistant", "content": "Hello.", "thinking": [{"type": "thinking", "thinking": "Hm."}]},
                {"role": "system", "content": [{"type": "text", "text": "Be brief."}]},
                {"role": "user", "content": [{"type": "text", "text": "Who"}, {"type": "text", "text": "?"}]},
            )
        },
        [user(text("Hi")), model(text("Hello.")), user(text("Who"), text("?"))],
        {"system_instruction": types.Content(parts=[text("Be kind."), text("Be brief.")])},
    ),
    "system alone": ({}, {"messages": ({"role": "system", "content": "Greet."},)}, [user(text("Greet."))], {}),
    "images": (
        {},
        {
            "messages": (
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "Same?"},
                        image("https://example.com/a.PNG?size=2"),
                        image("https://generativelanguage.googleapis.com/v1beta/files/abc"),
                        image("gs://bucket/b.jpg"),
                        image("data:image/png;base64,iVBORw0KGgo="),
                    ],
                },
            )
        },
        [
            user(
                text("Same?"),
                types.Part.from_uri(file_uri="https://example.com/a.PNG?size=2", mime_type="image/png"),
                types.Part(
                    file_data=types.FileData(file_uri="https://generativelanguage.googleapis.com/v1beta/files/abc")
                ),
                types.Part.from_uri(file_uri="gs://bucket/b.jpg"),
                types.Part.from_bytes(data=PNG, mime_type="image/png"),
            )
        ],
        {},
    ),
    "tools": ({"tools": (ADD, {"name": "now"})}, {}, "Hi", offered(THEIR_ADD, THEIR_NOW)),
    "tools if it likes": ({"tools": (ADD,)}, {"tool_choice": "auto"}, "Hi", offered(THEIR_ADD, mode="AUTO")),
    "a strict tool": ({"tools": (ADD, NOW)}, {}, "Hi", offered(THEIR_ADD, THEIR_NOW, mode="VALIDATED")),
    "a tool is required": ({"tools": (ADD,)}, {"tool_choice": "required"}, "Hi", offered(THEIR_ADD, mode="ANY")),
    "no tool": ({"tools": (ADD, NOW)}, {"tool_choice": "none"}, "Hi", offered(THEIR_ADD, THEIR_NOW, mode="NONE")),
    "one tool": (
        {"tools": (ADD, NOW)},
        {"tool_choice": {"type": "function", "function": {"name": "add"}}},
        "Hi",
        offered(THEIR_ADD, THEIR_NOW, mode="ANY", allowed_function_names=["add"]),
    ),
    "calls and their replies": (
        {},
        {
            "messages": (
                HI,
                {
                    "role": "assistant",
                    "content": "Let me see.",
                    "tool_calls": calls(("c-1", "add", '{"a":1}'), ("c-2", "now", "")),
                },
                {"role": "tool", "tool_call_id": "c-1", "content": '{"sum": 2}'},
                {"role": "tool", "tool_call_id": "c-2", "content": "noon"},
                {"role": "assistant", "content": "Two, at noon."},
                {"role": "user", "content": "And?"},
            )
        },
        [
            user(text("Hi")),
            model(text("Let me see."), called("add", {"a": 1}, "c-1", signed=True), called("now", {}, "c-2")),
            user(replied("add", {"sum": 2}, "c-1"), replied("now", {"output": "noon"}, "c-2")),
            model(text("Two, at noon.")),
            user(text("And?")),
        ],
        {},
    ),
    "calls of a model that signs none, without ids of its own": (
        {"model": EARLIER},
        {
            "messages": (
                HI,
                {"role": "assistant", "content": None, "tool_calls": calls(("call_0", "add", '{"a":1}'))},
                {"role": "tool", "tool_call_id": "call_0", "content": "[2]"},
            )
        },
        [user(text("Hi")), model(called("add", {"a": 1})), user(replied("add", {"output": "[2]"}))],
        {"top_p": 1.0},
    ),
    "a signature that the caller kept": (
        {},
        {
            "messages": (
                HI,
                {
                    "role": "assistant",
                    "content": None,
                    "thinking": [{"thoughtSignature": "c2lnbmVk"}],
                    "tool_calls": calls(("c-1", "add", "{}")),
                },
                {"role": "tool", "tool_call_id": "c-1", "content": "2"},
            )
        },
        [
            user(text("Hi")),
            model(
                types.Part(function_call=types.FunctionCall(id="c-1", name="add", args={}), thought_signature=b"signed")
            ),
            user(replied("add", {"output": "2"}, "c-1")),
        ],
        {},
    ),
    "the deprecated form of a call": (
        {},
        {
            "messages": (
                HI,
                {"role": "assistant", "content": "", "tool_call": {"name": "add", "arguments": None}},
                {"role": "tool", "name": "add", "content": "2"},
            )
        },
        [user(text("Hi")), model(called("add", {}, signed=True)), user(replied("add", {"output": "2"}))],
        {},
    ),
    "a reply with an image": (
        {},
        {
            "messages": (
                HI,
                {"role": "assistant", "content": None, "tool_calls": calls(("c-1", "look", "{}"))},
                {
                    "role": "tool",
                    "tool_call_id": "c-1",
                    "content": [{"type": "text", "text": "This."}, image("data:image/png;base64,iVBORw0KGgo=")],
                },
            )
        },
        [
            user(text("Hi")),
            model(called("look", {}, "c-1", signed=True)),
            user(
                replied(
                    "look",
                    {"output": "This."},
                    "c-1",
                    parts=[types.FunctionResponsePart.from_bytes(data=PNG, mime_type="image/png")],
                )
            ),
        ],
        {},
    ),
    "any JSON": (
        {"response_format": {"type": "json_object"}},
        {},
        "Hi",
        {"response_mime_type": "application/json"},
    ),
    "JSON of a shape": (
        {"response_format": {"type": "json_schema", "json_schema": {"name": "person", "schema": SCHEMA}}},
        {},
        "Hi",
        {"response_mime_type": "application/json", "response_json_schema": SCHEMA},
    ),
    "JSON of a bare schema": (
        {"response_format": {"type": "json_schema", "json_schema": SCHEMA}},
        {},
        "Hi",
        {"response_mime_type": "application/json", "response_json_schema": SCHEMA},
    ),
    "reasoning": ({"reasoning_effort": "low"}, {}, "Hi", {"thinking_config": {"thinking_level": "LOW"}}),
    "reasoning in tokens": ({"reasoning_effort": 512}, {}, "Hi", {"thinking_config": {"thinking_budget": 512}}),
    "reasoning of a model that counts it in tokens": (
        {"model": EARLIER, "reasoning_effort": "medium"},
        {},
        "Hi",
        {"thinking_config": {"thinking_budget": 8192}, "top_p": 1.0},
    ),
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
        {"logprobs": 2, "seed": 8, "samples": 3, "user": "u-1"},
        "Hi",
        {
            "temperature": 0.5,
            "top_p": 0.9,
            "max_output_tokens": 9,
            "stop_sequences": ["a", "b"],
            "seed": 7,
            "frequency_penalty": 0.25,
            "presence_penalty": 0.5,
            "response_logprobs": True,
            "logprobs": 2,
        },
    ),
    "parameters of their own": (
        {
            "max_tokens": 9,
            "other": {
                "generation_config": {"top_k": 20, "maxOutputTokens": 8},
                "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
                "service_tier": "flex",
            },
        },
        {},
        "Hi",
        {
            "top_k": 20,
            "max_output_tokens": 8,
            "safety_settings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
            "service_tier": "flex",
        },
    ),
    "a model with its collection": ({"model": "models/gemini-3.8-flash"}, {}, "Hi", {}),
}


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("case", CASES)
def test_the_official_client_sends_what_we_send(upstream: Upstream, client: genai.Client, case: str, streamed: bool):
    config, request, contents, theirs = CASES[case]
    made = ModelConfig(**{"model": MODEL, "provider": "google", "endpoint": Endpoint.CHAT, **config})
    upstream.answer(says(Google(), Said("Hello."), streamed=streamed))
    options = types.GenerateContentConfig(**theirs) if theirs else None
    if streamed:
        list(client.models.generate_content_stream(model=made.model, contents=contents, config=options))
    else:
        client.models.generate_content(model=made.model, contents=contents, config=options)
    sent = upstream.requests[0]
    wire = GoogleFormat()
    call = wire.prepare(GenerationRequest(made, "Hi", **{"messages": (HI,), "streamed": streamed, **request}))
    base_url = f"http://127.0.0.1:{upstream.port}/v1beta"

    theirs_sent = in_one_spelling(sent.json)
    if theirs_sent.get("generationConfig") == {}:  # which says nothing, and which we do not send
        del theirs_sent["generationConfig"]
    assert in_one_spelling(json.loads(call.body)) == theirs_sent
    assert base_url + call.path == f"http://127.0.0.1:{upstream.port}{sent.path}"
    assert wire.headers(base_url + call.path, call, Secret(KEY)) == {"x-goog-api-key": sent.headers["x-goog-api-key"]}


def in_one_spelling(value: Any) -> Any:
    """The official client mixes `thinking_level` with `thinkingConfig`: Google takes both spellings of every field."""
    match value:
        case dict():
            return {
                re.sub(r"_(.)", lambda found: found[1].upper(), name): in_one_spelling(v) for name, v in value.items()
            }
        case list():
            return [in_one_spelling(each) for each in value]
        case _:
            return value


SAID = Said(
    "Let me see, größer ☂.",
    (ToolCall("add_1", "add", '{"a": 1}'), ToolCall("add_2", "add", '{"a": 2}')),
    "tool_call",
    Usage(37, 28, 20),
)


def check(answer: types.GenerateContentResponse) -> None:
    """How an answer, or the end of a stream, is told."""
    assert answer.candidates is not None
    assert answer.candidates[0].finish_reason is types.FinishReason.STOP
    usage = answer.usage_metadata
    assert usage is not None
    counts = (usage.prompt_token_count, usage.candidates_token_count, usage.thoughts_token_count)
    assert (counts, usage.total_token_count) == ((37, 8, 20), 65)
    assert (answer.model_version, answer.response_id) == (MODEL, "mAitaLmkHPPlz7IPvtfUqQ4")


def told(answer: types.GenerateContentResponse) -> tuple[str, list[ToolCall]]:
    """The text and the calls of an answer or a piece of one."""
    parts = (answer.candidates or [types.Candidate()])[0].content or types.Content()
    found = [part.function_call for part in parts.parts or () if part.function_call]
    return (
        "".join(part.text or "" for part in parts.parts or ()),
        [ToolCall(each.id or "", each.name or "", json.dumps(each.args)) for each in found],
    )


def test_the_official_client_reads_our_plain_answer(upstream: Upstream, client: genai.Client):
    upstream.answer(says(Google(), SAID, streamed=False))
    answer = client.models.generate_content(model=MODEL, contents="Hi")
    check(answer)
    assert told(answer) == (SAID.text, list(SAID.calls))


def test_the_official_client_reads_our_stream(upstream: Upstream, client: genai.Client):
    upstream.answer(says(Google(), SAID, streamed=True))
    pieces = list(client.models.generate_content_stream(model=MODEL, contents="Hi"))
    check(pieces[-1])
    assert "".join(told(each)[0] for each in pieces) == SAID.text
    assert [call for each in pieces for call in told(each)[1]] == list(SAID.calls)


def test_the_official_client_reads_a_refused_prompt(upstream: Upstream, client: genai.Client):
    blocked = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 7}}
    upstream.answer(body(blocked))
    answer = client.models.generate_content(model=MODEL, contents="Hi")
    assert answer.prompt_feedback is not None
    assert answer.prompt_feedback.block_reason is types.BlockedReason.PROHIBITED_CONTENT
    assert not answer.candidates


@pytest.mark.parametrize("code", [400, 401, 403, 404, 429, 500, 503])
def test_the_official_client_reads_our_refusals(upstream: Upstream, client: genai.Client, code: int):
    upstream.answer(status(code, Google().refusal(code, "No.")))
    with pytest.raises(errors.APIError) as caught:
        client.models.generate_content(model=MODEL, contents="Hi")
    assert (caught.value.code, caught.value.message) == (code, "No.")


def test_the_official_client_reads_our_broken_stream(upstream: Upstream, client: genai.Client):
    said = Google().streamed(SAID)
    packet, _ = Google().broken_off("Busy.")
    upstream.answer(body(b"".join([*said.body, packet]), {"content-type": "text/event-stream"}))
    pieces = client.models.generate_content_stream(model=MODEL, contents="Hi")
    found: list[str] = []
    with pytest.raises(errors.ServerError) as caught:
        found.extend(told(each)[0] for each in pieces)
    assert "".join(found) == SAID.text
    assert (caught.value.code, caught.value.message, caught.value.status) == (503, "Busy.", "UNAVAILABLE")
