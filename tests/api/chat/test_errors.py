"""What is wrong with a chat is said before anybody is asked, and leaves nothing behind."""

import json
from typing import Any

import pytest

from tests.api.chat.conftest import USER, Chatting
from tests.upstream import status

CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
ASSISTANT = {"role": "assistant", "content": None, "tool_calls": [CALL]}
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}


def only(*messages: Any) -> dict[str, Any]:
    return {"messages": list(messages)}


WRONG_FIELDS: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "no messages": ({"messages": None}, ["messages"]),
    "messages as text": ({"messages": "Hi"}, ["messages"]),
    "one message": ({"messages": USER}, ["messages"]),
    "a message as text": (only("Hi"), ["messages", 0]),
    "too many messages": (only(*[USER] * 1001), ["messages"]),
    "no role": (only({"content": "Hi"}), ["messages", 0, "role"]),
    "an unknown role": (only(USER, {"role": "developer", "content": "Hi"}), ["messages", 1, "role"]),
    "a number as content": (only({"role": "user", "content": 1}), ["messages", 0, "content"]),
    "an object as content": (only({"role": "user", "content": {"text": "x"}}), ["messages", 0, "content"]),
    "a user without content": (only({"role": "user", "content": None}), ["messages", 0, "content"]),
    "text as a part": (only({"role": "user", "content": ["x"]}), ["messages", 0, "content", 0]),
    "an unknown part": (
        only({"role": "user", "content": [IMAGE, {"type": "audio"}]}),
        ["messages", 0, "content", 1],
    ),
    "a part without text": (
        only({"role": "user", "content": [{"type": "text"}]}),
        ["messages", 0, "content", 0, "text", "text"],
    ),
    "an image without an address": (
        only({"role": "user", "content": [{"type": "image_url", "image_url": {}}]}),
        ["messages", 0, "content", 0, "image_url", "image_url", "url"],
    ),
    "a tool without a call": (
        only(USER, ASSISTANT, {"role": "tool", "content": "2"}),
        ["messages", 2, "tool_call_id"],
    ),
    "a tool with an empty call": (
        only(USER, ASSISTANT, {"role": "tool", "content": "2", "tool_call_id": ""}),
        ["messages", 2, "tool_call_id"],
    ),
    "a named tool without a call": (
        only(USER, ASSISTANT, {"role": "tool", "content": "2", "name": "add"}),
        ["messages", 2, "tool_call_id"],
    ),
    "a user who calls tools": (only({**USER, "tool_calls": [CALL]}), ["messages", 0, "tool_calls"]),
    "a call without an id": (
        only(USER, {"role": "assistant", "tool_calls": [{"type": "function", "function": {"name": "add"}}]}),
        ["messages", 1, "tool_calls", 0, "id"],
    ),
    "arguments as an object": (
        only(USER, {"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "f", "arguments": {}}}]}),
        ["messages", 1, "tool_calls", 0, "function", "arguments"],
    ),
    "NUL in a name": (only({**USER, "name": "a\x00"}), ["messages", 0, "name"]),
    "an unknown choice": ({"tool_choice": "perhaps"}, ["tool_choice"]),
    "a choice without a name": (
        {"tool_choice": {"type": "function", "function": {}}},
        ["tool_choice", "function", "name"],
    ),
    "an old choice that never was": ({"tool_call": "required"}, ["tool_call"]),
    "two choices": ({"tool_choice": "auto", "tool_call": "auto"}, ["tool_call"]),
    "a tool that is not there": (
        {"tool_choice": {"type": "function", "function": {"name": "subtract"}}},
        ["tool_choice"],
    ),
    "an old choice of what is not there": ({"tool_call": {"name": "subtract"}}, ["tool_choice"]),
    "an unknown format": ({"response_format": {"type": "xml"}}, ["response_format", "type"]),
    "an unknown effort": ({"reasoning_effort": "enormous"}, ["reasoning_effort"]),
}


@pytest.fixture(scope="module")
def live(shared):
    return Chatting(shared).project()


@pytest.mark.parametrize("what", WRONG_FIELDS)
def test_wrong_fields_are_named(chats, live, what):
    given, location = WRONG_FIELDS[what]
    for stream in (False, True):
        reply = chats.call(live, stream=stream, **given)
        assert reply.status == 422, reply
        assert reply.detail[0]["loc"][: len(location) + 1] == ["body", *location], reply.detail
        assert set(reply.detail[0]) == {"loc", "msg", "type"}
    assert chats.app.upstream.requests == []
    assert chats.app.logs(live) == []


def test_all_wrong_messages_are_named_at_once(chats, live):
    said = only({"role": "user"}, ASSISTANT, {"role": "tool"}, {"role": "system", "tool_call": {"name": "f"}})
    reply = chats.call(live, **said)
    assert [each["loc"][2:] for each in reply.detail] == [[0, "content"], [2, "tool_call_id"], [3, "tool_call"]]


@pytest.mark.parametrize("stream", [False, True])
def test_missing_inputs_are_named_all_at_once(chats, stream):
    template = [
        {"role": "system", "content": "{{b}}"},
        {"role": "user", "content": [{"type": "text", "text": "{{a}}"}]},
    ]
    project = chats.project(chat_template=template)
    reply = chats.call(project, stream=stream, inputs={"b": None})
    assert (reply.status, reply.detail["type"]) == (422, "unprocessable_entity_error")
    assert "a, b" in reply.detail["message"]
    assert chats.app.logs(project) == []
    assert chats.app.upstream.requests == []


def test_a_chat_has_at_least_one_message(chats):
    reply = chats.call(chats.project(chat_template=None, endpoint="chat"), messages=[])
    assert reply.detail[0]["loc"] == ["body", "messages"]
    assert reply.status == 422


@pytest.mark.parametrize("stream", [False, True])
def test_a_completions_config_cannot_chat(chats, stream):
    project = chats.project(prompt_template="Hi", chat_template=None, tools=None)
    reply = chats.call(project, stream=stream)
    assert (reply.status, reply.detail["type"]) == (400, "bad_request_error")
    assert "complete config" in reply.detail["message"]


def test_nothing_deployed_is_said_so(chats):
    reply = chats.call(chats.name())
    assert (reply.status, reply.detail["type"]) == (400, "bad_request_error")
    assert chats.call(None, project_id="pr_unknown").status == 404
    assert chats.call(None).detail[0]["loc"] == ["body", "project"]


def test_a_chat_needs_a_chat_model(chats):
    reply = chats.call(chats.project(model="davinci-002", tools=None))
    assert reply.status == 422
    assert "completion model" in reply.detail["message"]


def test_the_vendor_says_what_it_dislikes(chats):
    chats.app.upstream.answer(status(400, "tool_call_ids did not have response messages: c1"))
    reply = chats.call(chats.project(), messages=[USER, ASSISTANT])
    assert (reply.status, reply.detail["origin"]) == (400, "OpenAI")
    assert "c1" in reply.detail["message"]


def nested(depth: int) -> Any:
    return "bottom" if not depth else [nested(depth - 1)]


HOSTILE: dict[str, bytes] = {
    "a lone surrogate": rb'"\ud800"',
    "a lone surrogate in a part": rb'[{"type": "text", "text": "\udc00"}]',
    "deep content": b"[" * 100_000 + b"]" * 100_000,
    "a million parts": b"[" + b"{}," * 1_000_000 + b"{}]",
    "a number that is none": b"NaN",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_content_is_the_callers_error(chats, live, what):
    text = b'{"project": %s, "messages": [{"role": "user", "content": %s}]}'
    for route in ("chat-deployed", "chat"):
        reply = chats.app.server.post(f"/v4/{route}", text % (json.dumps(live).encode(), HOSTILE[what]))
        assert reply.status == 422
        assert len(reply.body) < 50_000
    assert chats.app.upstream.requests == []


def test_odd_content_is_kept_as_it_was(chats):
    project = chats.project()
    arguments = json.dumps({"deep": nested(100), "big": 2**80, "nul": "\x00"})
    call = {**CALL, "function": {"name": "add", "arguments": arguments}}
    said: list[dict[str, Any]] = [
        {"role": "user", "content": "\x00 \u2028 \U0010ffff data: "},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": None, "tool_call_id": "c1"},
    ]
    sample = chats.chat(project, messages=said)["data"][0]
    sent = chats.asked()["messages"][1:]
    assert sent == [said[0], said[1], {"role": "tool", "content": "", "tool_call_id": "c1"}]
    assert sample["messages"][1]["content"] == said[0]["content"]
    assert chats.app.log(sample["id"])["messages"] == sample["messages"]


def test_a_long_chat_is_no_trouble(chats):
    said = [{"role": "user", "content": "x" * 20_000}] * 200
    sample = chats.chat(chats.project(), messages=said)["data"][0]
    assert len(chats.app.log(sample["id"])["messages"]) == 201
