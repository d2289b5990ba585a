"""Whole chat completions by the official client."""

import time
from typing import get_args

import pytest
from openai.types.chat import ChatCompletion
from openai.types.shared import ReasoningEffort

from tests.api.openai.conftest import USER, strictly
from tests.upstream import body, completion

INPUTS = {"inputs": {"how": "kind"}}


def test_a_chat_is_that_of_what_is_deployed(door):
    door.app.upstream.answer(completion(" Two.\n"))
    project = door.chats(temperature=0.5)
    answer = door.client.chat.completions.create(model=project, messages=[USER], extra_body=INPUTS)
    (choice,) = answer.choices
    assert (choice.index, choice.finish_reason, choice.logprobs) == (0, "stop", None)
    assert (choice.message.role, choice.message.content, choice.message.tool_calls) == ("assistant", " Two.\n", None)
    assert (answer.object, answer.model, answer.system_fingerprint) == ("chat.completion", project, None)
    assert abs(answer.created - time.time()) < 60
    asked = door.asked()
    assert asked["messages"] == [{"role": "system", "content": "Be kind."}, USER]
    assert (asked["model"], asked["temperature"]) == ("gpt-4o", 0.5)


def test_its_id_is_that_of_its_log_which_is_like_any_other(door):
    project = door.chats()
    raw = door.client.chat.completions.with_raw_response.create(model=project, messages=[USER], extra_body=INPUTS)
    answer = raw.parse()
    assert raw.headers["x-everloop-log-ids"] == answer.id
    assert "x-everloop-ignored" not in raw.headers
    log = door.app.log(answer.id)
    assert (log["inputs"], log["output"]) == ({"how": "kind"}, answer.choices[0].message.content)
    assert [each["role"] for each in log["messages"]] == ["system", "user"]
    assert [each["id"] for each in door.app.logs(project)] == [answer.id]
    assert (log["environment"], log["project_id"]) == ("production", door.app.project_id(project))
    assert log["provider_request"]["messages"][1]["content"] == USER["content"]
    feedback = {"type": "rating", "value": "good", "data_id": answer.id}
    door.app.server.post("/v4/feedback", feedback).expect(200)


def test_the_answer_is_exactly_of_the_official_packages_shape(door):
    project = door.chats()
    call = {"model": project, "messages": [USER], "inputs": {"how": "kind"}, "n": 2, "logprobs": True}
    answer = door.post("chat/completions", call).expect(200)
    strictly(ChatCompletion, answer)
    assert set(answer) == {"id", "object", "created", "model", "system_fingerprint", "choices", "usage"}
    (choice, _) = answer["choices"]
    assert set(choice) == {"index", "message", "logprobs", "finish_reason"}
    assert choice["message"].keys() == {"role", "content", "refusal"}


def test_tokens_are_counted_and_those_of_reasoning_with_them(door):
    usage = {
        "prompt_tokens": 7,
        "completion_tokens": 5,
        "total_tokens": 12,
        "completion_tokens_details": {"reasoning_tokens": 3},
    }
    message = {"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}
    door.app.upstream.answer(body({"choices": [message], "usage": usage}))
    answer = door.client.chat.completions.create(model=door.chats(), messages=[USER], extra_body=INPUTS)
    assert answer.usage is not None
    assert answer.usage.model_dump(exclude_none=True) == usage
    assert answer.usage.prompt_tokens_details is None


def test_several_answers_have_a_log_each(door):
    project = door.mocks({"text": ["one", "two", "three"]})
    raw = door.client.chat.completions.with_raw_response.create(model=project, messages=[USER], n=3)
    answer = raw.parse()
    assert [(each.index, each.message.content) for each in answer.choices] == [(0, "one"), (1, "two"), (2, "three")]
    log_ids = raw.headers["x-everloop-log-ids"].split(", ")
    assert (log_ids[0], len(log_ids)) == (answer.id, 3)
    assert [door.app.log(each)["output"] for each in log_ids] == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("scripted", "told"),
    [("stop", "stop"), ("length", "length"), ("content_filter", "content_filter"), ("tool_call", "tool_calls")],
)
def test_why_it_ended_is_said_in_openais_words(door, scripted, told):
    project = door.mocks({"text": "x", "finish_reason": scripted})
    answer = door.client.chat.completions.create(model=project, messages=[USER])
    assert answer.choices[0].finish_reason == told
    assert door.app.log(answer.id)["finish_reason"] == scripted


def test_messages_of_all_roles_and_parts(door):
    image = {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}}
    called = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "system", "content": [{"type": "text", "text": "Be kind."}]},
        {"role": "user", "name": "Ada", "content": [{"type": "text", "text": "What is this?"}, image]},
        {"role": "assistant", "content": None, "tool_calls": [called]},
        {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "2"}]},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
        {"role": "assistant", "content": None, "refusal": "No, no."},
        {"role": "assistant", "content": ""},
    ]
    project = door.chats(chat_template=[], endpoint="chat")
    answer = door.client.chat.completions.create(model=project, messages=messages)
    asked = door.asked()["messages"]
    assert asked[0] == {"role": "system", "content": "Be brief."}
    assert asked[2] == messages[2]
    assert (asked[3]["tool_calls"], asked[4]["tool_call_id"]) == ([called], "call_1")
    assert asked[5]["content"] == [{"type": "text", "text": "No."}]
    assert (asked[6]["content"], asked[7]["content"]) == ("No, no.", "")
    assert len(door.app.log(answer.id)["messages"]) == len(messages)


def test_an_answer_can_be_sent_back_as_the_client_has_it(door):
    project = door.mocks({"tool_calls": [{"name": "add", "arguments": {"a": 1}}]})
    first = door.client.chat.completions.create(model=project, messages=[USER], tools=[])
    message = first.choices[0].message
    assert message.tool_calls
    result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "2"}
    second = door.client.chat.completions.create(model=project, messages=[USER, message, result])
    assert second.choices[0].message.content == "[mock m] You said: 2"
    roles = [each["role"] for each in door.app.log(second.id)["messages"]]
    assert roles == ["user", "assistant", "tool"]


def test_what_a_call_says_of_its_own_answer_goes_before_the_config(door):
    project = door.chats(response_format={"type": "json_object"}, reasoning_effort="low", seed=None, model="o3")
    schema = {"name": "s", "schema": {"type": "object", "properties": {"a": {"enum": [None]}}}, "strict": True}
    door.client.chat.completions.create(
        model=project,
        messages=[USER],
        extra_body=INPUTS,
        response_format={"type": "json_schema", "json_schema": schema},
        reasoning_effort="high",
        seed=7,
        user="ada",
    )
    asked = door.asked()
    assert asked["response_format"] == {"type": "json_schema", "json_schema": schema}
    assert (asked["reasoning_effort"], asked["seed"], asked["user"]) == ("high", 7, "ada")
    door.client.chat.completions.create(
        model=project, messages=[USER], extra_body=INPUTS, response_format={"type": "text"}, safety_identifier="bob"
    )
    asked = door.asked()
    assert (asked["response_format"], asked["user"]) == ({"type": "json_object"}, "bob")


def test_every_reasoning_effort_that_the_official_package_knows(door):
    project = door.chats(model="gpt-5")
    words = get_args(get_args(ReasoningEffort)[0])
    for word in words:
        door.client.chat.completions.create(model=project, messages=[USER], extra_body=INPUTS, reasoning_effort=word)
        assert door.asked()["reasoning_effort"] == word
    assert {"none", "minimal", "high"} < {*words}


def test_log_probabilities(door):
    project = door.mocks({"text": "one two"})
    answer = door.client.chat.completions.create(
        model=project, messages=[USER], logprobs=True, top_logprobs=2, n=2, stream=False
    )
    for choice in answer.choices:
        assert choice.logprobs is not None
        assert choice.logprobs.content is not None
        assert "".join(each.token for each in choice.logprobs.content) == choice.message.content
        assert {len(each.top_logprobs) for each in choice.logprobs.content} == {2}
        assert all(each.logprob < 0 for each in choice.logprobs.content)
    without = door.client.chat.completions.create(model=project, messages=[USER])
    assert without.choices[0].logprobs is None


async def test_the_asynchronous_client(door, asynchronous):
    project = door.mocks({"text": "Two."})
    answer = await asynchronous.chat.completions.create(model=project, messages=[USER])
    assert answer.choices[0].message.content == "Two."
    stream = await asynchronous.chat.completions.create(model=project, messages=[USER], stream=True)
    pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
    assert "".join(pieces) == "Two."
