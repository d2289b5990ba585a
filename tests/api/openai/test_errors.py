"""What goes wrong becomes the official client's own errors."""

from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.api.openai.conftest import ADD, USER


def chat(door, project, **call: Any):
    return door.client.chat.completions.create(model=project, messages=call.pop("messages", [USER]), **call)


@pytest.mark.parametrize("key", ["wrong", "hl_sk_" + "x" * 40])
def test_an_unknown_key(door, key):
    for call in (
        lambda client: client.models.list(),
        lambda client: client.chat.completions.create(model="hello", messages=[USER]),
    ):
        with (
            OpenAI(api_key=key, base_url=door.client.base_url, max_retries=0) as client,
            pytest.raises(openai.AuthenticationError) as caught,
        ):
            call(client)
        assert (caught.value.code, caught.value.type) == ("invalid_api_key", "invalid_request_error")
        assert caught.value.request_id
        assert key not in caught.value.message


def test_x_api_key_goes_before_the_bearers(door):
    server = door.app.server
    headers = {"X-API-KEY": server.key, "Authorization": "Bearer wrong"}
    assert server.send("GET", "/openai/v1/models", headers=headers).status == 200
    headers = {"X-API-KEY": "wrong", "Authorization": f"Bearer {server.key}"}
    assert server.send("GET", "/openai/v1/models", headers=headers).status == 401
    assert server.send("GET", "/v4/projects", headers={"Authorization": f"Bearer {server.key}"}).status == 200


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ["nobody made this", "hello@nowhere", "hello@", "@", "a/b"])
def test_an_unknown_model_is_not_made(door, name, stream):
    with pytest.raises(openai.NotFoundError) as caught:
        chat(door, name, stream=stream)
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")
    assert "'production'" in caught.value.message
    projects = door.app.server.get("/v4/projects?size=50").expect(200)["records"]
    assert name not in [each["name"] for each in projects]
    assert "hello@nowhere" not in str(projects)


def test_a_project_without_anything_live_is_no_model(door):
    door.app.server.post("/v4/projects", {"name": "empty"}).expect(201)
    with pytest.raises(openai.NotFoundError) as caught:
        chat(door, "empty")
    assert caught.value.code == "model_not_found"


def test_a_config_of_the_other_kind_says_where_to_call_it(door):
    with pytest.raises(openai.BadRequestError, match="POST /openai/v1/completions") as caught:
        chat(door, door.completes())
    assert caught.value.param == "model"
    with pytest.raises(openai.BadRequestError, match="POST /openai/v1/chat/completions"):
        door.client.completions.create(model=door.chats(), prompt="x")


@pytest.mark.parametrize(
    ("call", "param", "code"),
    [
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"content": "x"}]}, "messages[0].role", "missing_required_parameter"),
        ({"messages": [{"role": "user"}]}, "messages[0]", "invalid_value"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0]", "invalid_value"),
        ({"messages": [{"role": "user", "content": "x", "tool_calls": [{}]}]}, "messages[0].tool_calls[0].id", None),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages[0].content[0]", None),
        ({"messages": []}, "messages", "invalid_value"),
        ({"n": 0}, "n", "invalid_value"),
        ({"n": 33}, "n", "invalid_value"),
        ({"top_logprobs": 2}, None, "invalid_value"),
        ({"top_logprobs": 21, "logprobs": True}, "top_logprobs", None),
        ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools[0].type", None),
        ({"tool_choice": "required"}, "tool_choice", "invalid_value"),
        ({"tool_choice": {"type": "allowed_tools"}}, "tool_choice.type", None),
        (
            {"tools": [ADD], "tool_choice": {"type": "function", "function": {"name": "other"}}},
            "tool_choice",
            "invalid_value",
        ),
        ({"response_format": {"type": "xml"}}, "response_format.type", None),
        ({"reasoning_effort": "very"}, "reasoning_effort", None),
        ({"metadata": {"a": 1}}, "metadata", "invalid_value"),
        ({"extra_body": {"inputs": "x"}}, "inputs", None),
        ({"extra_body": {"session_id": "s", "session_reference_id": "r"}}, "session_reference_id", "invalid_value"),
        ({"seed": 2**70}, "seed", None),
    ],
)
def test_what_is_wrong_with_a_request_is_a_bad_request_that_says_where(door, call, param, code):
    door.app.upstream.reset()
    project = door.chats(chat_template=[], endpoint="chat")
    with pytest.raises(openai.BadRequestError) as caught:
        chat(door, project, **call)
    assert (caught.value.type, caught.value.param) == ("invalid_request_error", param)
    assert caught.value.code == code or code is None
    assert door.app.upstream.requests == []
    assert door.app.logs(project) == []


def test_missing_inputs_are_named(door):
    with pytest.raises(openai.BadRequestError, match="how") as caught:
        chat(door, door.chats())
    assert (caught.value.code, caught.value.param) == ("missing_inputs", "inputs")


def test_several_prompts_and_tokens_are_refused(door):
    project = door.completes(provider="mock")
    for prompt in (["a", "b"], [1, 2], [[1]], []):
        with pytest.raises(openai.BadRequestError) as caught:
            door.client.completions.create(model=project, prompt=prompt)
        assert caught.value.param == "prompt"


@pytest.mark.parametrize(
    ("kind", "error", "status", "code"),
    [
        ("bad_request", openai.BadRequestError, 400, "provider_bad_request"),
        ("authentication", openai.InternalServerError, 502, "provider_authentication"),
        ("not_found", openai.InternalServerError, 502, "provider_not_found"),
        ("rate_limit", openai.RateLimitError, 429, "rate_limit_exceeded"),
        ("overloaded", openai.InternalServerError, 503, "provider_overloaded"),
        ("timeout", openai.InternalServerError, 503, "provider_timeout"),
        ("connection", openai.InternalServerError, 503, "provider_connection"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_providers_failure(door, kind, error, status, code, stream):
    project = door.mocks({"fault": {"kind": kind, "retry_after": 1.5}})
    with pytest.raises(error) as caught:
        chat(door, project, stream=stream)
    assert (caught.value.status_code, caught.value.code) == (status, code)
    assert caught.value.message.count("Mock: ") == 1
    assert caught.value.response.headers["retry-after"] == "2"
    (log,) = door.app.logs(project)
    assert log["error"]


def test_the_client_tries_again_where_that_may_help_and_only_there(door):
    for kind, calls in (("overloaded", 2), ("authentication", 1)):
        project = door.mocks({"fault": {"kind": kind, "retry_after": 0.1}})
        with pytest.raises(openai.InternalServerError):
            chat_with_a_retry(door, project)
        assert len(door.app.logs(project)) == calls


def chat_with_a_retry(door, project):
    return door.client.with_options(max_retries=1).chat.completions.create(model=project, messages=[USER])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/openai/v1/nothing", 404),
        ("POST", "/openai/v1/embeddings", 404),
        ("GET", "/openai/v1/chat/completions", 405),
        ("POST", "/openai/v1/models", 405),
        ("GET", "/openai/v1/models/" + "x" * 600, 400),
        ("GET", "/openai/v1/models/a%00b", 400),
    ],
)
def test_odd_addresses_are_answered_in_openais_shape(door, method, path, status):
    body = b"{}" if method == "POST" else None
    reply = door.app.server.send(method, path, body, door.bearer)
    assert reply.status == status
    assert set(reply.json) == {"error"}
    assert set(reply.json["error"]) == {"message", "type", "param", "code"}


def test_a_body_that_is_too_large(door):
    reply = door.app.server.send("POST", "/openai/v1/completions", b"x" * 26_000_000, door.bearer)
    assert (reply.status, reply.json["error"]["code"]) == (413, "request_too_large")


HOSTILE = [
    {"model": "\x00"},
    {"model": ["x"]},
    {"model": {}},
    {"model": "@" * 511, "messages": [USER]},
    {"model": "x" * 512, "messages": [USER]},
    {"model": "é" * 300, "messages": [USER]},
    {"messages": [None]},
    {"messages": {"role": "user"}},
    {"messages": [USER], "metadata": dict.fromkeys(map(str, range(100_000)), 1)},
    {"messages": [USER], "metadata": {"a": ["x"]}},
    {"messages": [USER], "tools": [{}] * 1001},
    {"messages": [{"role": "user", "content": [{"type": "text"}] * 1000}] * 1000},
    {"messages": [{"role": [], "content": {}}]},
    {"messages": [{"role": "assistant", "tool_calls": [{"id": 1, "type": "function", "function": None}]}]},
    {"messages": [USER], "stream_options": 7},
    {"messages": [USER], "tool_choice": []},
    {"messages": [USER], "n": 1.5},
    {"messages": [USER], "n": True},
    {"messages": [USER], "n": -(2**63)},
    {"messages": [USER], "stream": "maybe"},
    {"messages": [USER], "store": 7},
    {"messages": [USER], "logprobs": "x"},
    {"messages": [USER], "user": {"id": 1}},
    {"messages": [USER], "parent_id": "data_nobody"},
    {"messages": [USER], "prompt": {}, "logprobs": -1},
]


@pytest.mark.parametrize("place", range(len(HOSTILE)))
@pytest.mark.parametrize("path", ["chat/completions", "completions"])
def test_hostile_bodies_are_the_callers_error(door, path, place):
    project = "hello" if path == "completions" else door.mocks()
    reply = door.post(path, {"model": project, **HOSTILE[place]})
    assert 400 <= reply.status < 500, reply
    assert set(reply.json["error"]) == {"message", "type", "param", "code"}
    assert len(reply.body) < 20_000
