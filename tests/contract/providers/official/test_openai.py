"""OpenAI's own package at chat and legacy completions, and at Azure: it makes the requests that ours must equal, and
reads what our fakes say.
"""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from everloop.domain.capabilities import ALL
from everloop.domain.config import Endpoint, ModelConfig
from everloop.domain.generation import GenerationRequest, Secret, ToolCall, Usage
from everloop.providers.openai.azure import AzureFormat
from everloop.providers.openai.compatible import CompatibleFormat
from everloop.providers.openai.format import OpenAiFormat
from tests.contract.providers.dialects.dialect import Said
from tests.contract.providers.dialects.openai import OpenAi
from tests.contract.providers.dialects.speaking import says
from tests.upstream import Upstream, completion, status

KEY = "sk-key-5f0c9d7b21e84a6f"
MODEL = "gpt-4o"
INSTRUCT = "gpt-3.5-turbo-instruct"
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
ADD = {"name": "add", "description": "Adds.", "parameters": SCHEMA}
THEIR_ADD = {"type": "function", "function": ADD}
HI = {"role": "user", "content": "Hi"}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "it", "schema": SCHEMA, "strict": True}}
# v4 always says these, and how many samples; the client says what it is told.
ALWAYS = {"temperature": 1.0, "top_p": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "n": 1}
Call = dict[str, Any]


@pytest.fixture
def client(upstream: Upstream) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=KEY, base_url=upstream.base_url, max_retries=0) as client:
        yield client


@pytest.fixture
def azure(upstream: Upstream) -> Iterator[openai.OpenAI]:
    """The package's class for Azure, which speaks the API before v1: another path, but the same body and header."""
    with openai.AzureOpenAI(
        api_key=KEY, azure_endpoint=upstream.base_url, api_version="2024-10-21", max_retries=0
    ) as client:
        yield client


# What the config says, what the call says, and what the official client is told for the same.
CASES: dict[str, tuple[Call, Call, Call]] = {
    "text": ({}, {}, {}),
    "a completion": ({}, {"messages": None}, {}),
    "system and several turns": (
        {},
        {"messages": ({"role": "system", "content": "Be kind."}, HI, {"role": "assistant", "content": "Hello."}, HI)},
        {"messages": [{"role": "system", "content": "Be kind."}, HI, {"role": "assistant", "content": "Hello."}, HI]},
    ),
    "a developer, and a name": (
        {},
        {"messages": ({"role": "developer", "content": "Be kind."}, {**HI, "name": "Ann"})},
        {"messages": [{"role": "developer", "content": "Be kind."}, {**HI, "name": "Ann"}]},
    ),
    "images": (
        {},
        {"messages": ({"role": "user", "content": [{"type": "text", "text": "What?"}, PICTURE]},)},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "What?"}, PICTURE]}]},
    ),
    "tools": ({"tools": (ADD,)}, {}, {"tools": [THEIR_ADD]}),
    "a tool that must be called": (
        {"tools": (ADD,)},
        {"tool_choice": {"type": "function", "function": {"name": "add"}}},
        {"tools": [THEIR_ADD], "tool_choice": {"type": "function", "function": {"name": "add"}}},
    ),
    "any tool": (
        {"tools": (ADD,)},
        {"tool_choice": "required"},
        {"tools": [THEIR_ADD], "tool_choice": "required"},
    ),
    "a tool's reply": (
        {"tools": (ADD,)},
        {
            "messages": (
                HI,
                {"role": "assistant", "content": None, "tool_calls": [CALL]},
                {"role": "tool", "tool_call_id": "call_1", "content": "2"},
            )
        },
        {
            "messages": [
                HI,
                {"role": "assistant", "content": None, "tool_calls": [CALL]},
                {"role": "tool", "tool_call_id": "call_1", "content": "2"},
            ],
            "tools": [THEIR_ADD],
        },
    ),
    "JSON": ({"response_format": {"type": "json_object"}}, {}, {"response_format": {"type": "json_object"}}),
    "JSON by a schema": ({"response_format": FORMAT}, {}, {"response_format": FORMAT}),
    "parameters": (
        {"max_tokens": 100, "stop": (".", "!"), "temperature": 0.2, "top_p": 0.9, "seed": 7, "presence_penalty": 0.5},
        {"samples": 2, "user": "ada", "logprobs": 3},
        {
            "max_tokens": 100, "stop": [".", "!"], "temperature": 0.2, "top_p": 0.9, "seed": 7, "presence_penalty": 0.5,
            "n": 2, "user": "ada", "logprobs": True, "top_logprobs": 3,
        },
    ),
    "parameters of their own": (
        {"other": {"service_tier": "flex", "parallel_tool_calls": False}},
        {},
        {"service_tier": "flex", "parallel_tool_calls": False},
    ),
}  # fmt: skip


def request_of(config: Call, call: Call, model: str = MODEL, *, streamed: bool = False) -> GenerationRequest:
    made = ModelConfig(model, endpoint=Endpoint.CHAT, **config)
    return GenerationRequest(made, "Hi", **{"messages": (HI,), "streamed": streamed, **call})


def sent_by(client: openai.OpenAI, upstream: Upstream, asked: Call, *, streamed: bool) -> Any:
    upstream.answer(says(OpenAi(), Said("Hello."), streamed=streamed))
    how = {"stream": True, "stream_options": {"include_usage": True}} if streamed else {"stream": False}
    found = client.chat.completions.create(**{"model": MODEL, "messages": [HI], **asked, **how})
    if streamed:
        list(found)
    return upstream.requests[-1]


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("case", CASES)
def test_the_official_client_sends_what_we_send(upstream: Upstream, client: openai.OpenAI, case: str, streamed: bool):
    config, call, theirs = CASES[case]
    sent = sent_by(client, upstream, ALWAYS | theirs, streamed=streamed)
    made = OpenAiFormat().prepare(request_of(config, call, streamed=streamed))

    assert json.loads(made.body) == sent.json
    assert upstream.base_url + made.path == f"http://127.0.0.1:{upstream.port}{sent.path}"
    assert OpenAiFormat().headers("", made, Secret(KEY)) == {"Authorization": sent.headers["authorization"]}


@pytest.mark.parametrize("case", CASES)
def test_others_get_what_the_client_says_when_it_is_told_no_defaults(
    upstream: Upstream, client: openai.OpenAI, case: str
):
    config, call, theirs = CASES[case]
    sent = sent_by(client, upstream, {"temperature": 1.0, "top_p": 1.0, **theirs}, streamed=False)
    made = CompatibleFormat(ALL, frozenset()).prepare(request_of(config, call))
    assert json.loads(made.body) == sent.json


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
def test_at_azure_the_official_client_sends_what_we_send(upstream: Upstream, azure: openai.OpenAI, streamed: bool):
    sent = sent_by(azure, upstream, {**ALWAYS, "model": "my-deployment"}, streamed=streamed)
    made = AzureFormat().prepare(request_of({}, {}, "my-deployment", streamed=streamed))
    assert json.loads(made.body) == sent.json
    assert AzureFormat().headers("", made, Secret(KEY)) == {"api-key": sent.headers["api-key"]}


def test_at_azures_v1_the_official_client_calls_where_we_call(upstream: Upstream):
    """Microsoft's guide takes the package's plain class for the v1 API, which knows the key as a bearer, too."""
    base_url = f"{upstream.base_url}/openai/v1"
    with openai.OpenAI(api_key=KEY, base_url=base_url, max_retries=0) as client:
        sent = sent_by(client, upstream, {**ALWAYS, "model": "my-deployment"}, streamed=False)
    made = AzureFormat().prepare(request_of({}, {}, "my-deployment"))
    assert base_url + made.path == f"http://127.0.0.1:{upstream.port}{sent.path}"
    assert json.loads(made.body) == sent.json


def test_a_reasoning_model_gets_what_the_client_says(upstream: Upstream, client: openai.OpenAI):
    theirs = {"model": "o4-mini", "n": 1, "reasoning_effort": "high", "max_completion_tokens": 100}
    sent = sent_by(client, upstream, theirs, streamed=False)
    made = OpenAiFormat().prepare(request_of({"reasoning_effort": "high", "max_tokens": 100}, {}, "o4-mini"))
    assert json.loads(made.body) == sent.json


def test_a_legacy_completion(upstream: Upstream, client: openai.OpenAI):
    upstream.answer(completion("Hello."))
    asked: Call = {"model": INSTRUCT, "prompt": "Hi", "suffix": "end", "logprobs": 2, "max_tokens": 5, "seed": 7}
    client.completions.create(**{**asked, **ALWAYS, "stop": ["."], "stream": False})
    config = {"max_tokens": 5, "stop": (".",), "seed": 7}
    call = {"messages": None, "suffix": "end", "logprobs": 2}
    made = OpenAiFormat().prepare(request_of(config, call, INSTRUCT))
    (sent,) = upstream.requests
    assert json.loads(made.body) == sent.json
    assert sent.path.endswith(made.path)


SAID = Said(
    "Let me see, größer ☂.",
    (ToolCall("add_1", "add", '{"a": 1}'), ToolCall("add_2", "add", '{"a": 2}')),
    "tool_call",
    Usage(37, 28, 12),
)


def usage_of(usage: Any) -> Usage:
    return Usage(usage.prompt_tokens, usage.completion_tokens, usage.completion_tokens_details.reasoning_tokens)


def test_the_official_client_reads_our_plain_answer(upstream: Upstream, client: openai.OpenAI):
    upstream.answer(says(OpenAi(), SAID, streamed=False))
    answer = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hi"}])
    (choice,) = answer.choices
    assert (choice.message.content, choice.finish_reason) == (SAID.text, "tool_calls")
    calls = choice.message.tool_calls or []
    read = [ToolCall(each.id, each.function.name, each.function.arguments) for each in calls if each.type == "function"]
    assert tuple(read) == SAID.calls
    assert usage_of(answer.usage) == SAID.usage


def test_the_official_client_reads_our_stream(upstream: Upstream, client: openai.OpenAI):
    """Its accumulator puts the pieces together."""
    upstream.answer(says(OpenAi(), SAID, streamed=True))
    options: Any = {"include_usage": True}
    with client.chat.completions.stream(
        model=MODEL, messages=[{"role": "user", "content": "Hi"}], stream_options=options
    ) as stream:
        for _ in stream:
            pass
        answer = stream.get_final_completion()
    (choice,) = answer.choices
    assert (choice.message.content, choice.finish_reason) == (SAID.text, "tool_calls")
    calls = choice.message.tool_calls or []
    assert tuple(ToolCall(each.id, each.function.name, each.function.arguments) for each in calls) == SAID.calls
    assert usage_of(answer.usage) == SAID.usage


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
@pytest.mark.parametrize("at", ["client", "azure"])
def test_the_official_client_reads_our_refusals(
    request: pytest.FixtureRequest, upstream: Upstream, at: str, code: int, error: type[openai.APIStatusError]
):
    client: openai.OpenAI = request.getfixturevalue(at)
    upstream.answer(status(code, OpenAi().refusal(code, "No.")))
    with pytest.raises(error) as caught:
        client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hi"}])
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["message"] == "No."
