"""Chats, whole: what the vendor is asked, what the caller is told, what the log keeps."""

from typing import Any

import pytest

from tests.api.chat.conftest import ADD, USER
from tests.upstream import Reply, body, completion, status

KEYS = {"content", "name", "tool_call_id", "role", "tool_calls", "tool_call"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
OTHER_CALL = {"id": "call_2", "type": "function", "function": {"name": "add", "arguments": '{"a": 2}'}}


def whole(**said: Any) -> dict[str, Any]:
    return dict.fromkeys(KEYS) | said


def calling(*calls: dict[str, Any], content: str | None = None, reason: str = "tool_calls", samples: int = 1) -> Reply:
    message = {"role": "assistant", "content": content, "tool_calls": list(calls), "refusal": None}
    choices = [{"index": index, "message": message, "finish_reason": reason} for index in range(samples)]
    return body({"id": "up", "choices": choices, "usage": {"prompt_tokens": 9, "completion_tokens": 4}})


def test_the_template_comes_first_and_then_what_was_said(chats):
    project = chats.project(temperature=0.5, seed=7, max_tokens=9)
    chats.app.upstream.answer(completion(" Two.\n"))
    answer = chats.chat(project, user="u-1", metadata={"k": 1}, seed=3)

    said: list[dict[str, Any]] = [{"role": "system", "content": "You are Ada."}, USER]
    assert chats.app.upstream.requests[-1].path.endswith("/chat/completions")
    assert chats.asked() == {
        "model": "gpt-4o",
        "messages": said,
        "tools": [{"type": "function", "function": ADD}],
        "n": 1,
        "stream": False,
        "temperature": 0.5,
        "top_p": 1,
        "presence_penalty": 0,
        "frequency_penalty": 0,
        "max_tokens": 9,
        "seed": 7,
        "user": "u-1",
    }
    (sample,) = answer["data"]
    assert (sample["output"], sample["raw_output"], sample["finish_reason"]) == ("Two.", " Two.\n", "stop")
    assert sample["messages"] == [whole(**each) for each in said]
    assert sample["output_message"] == whole(role="assistant", content=" Two.\n")
    assert (sample["tool_calls"], sample["tool_call"], sample["inputs"]) == (None, None, {"who": "Ada"})
    assert (answer["tool_choice"], answer["tool_call"], answer["user"]) == (None, None, "u-1")
    assert (answer["logprobs"], answer["suffix"], answer["metadata"]) == (None, None, {"k": 1})
    assert answer["provider_request"] == chats.asked()

    log = chats.app.log(sample["id"])
    assert (log["messages"], log["output_message"]) == (sample["messages"], sample["output_message"])
    assert (log["output"], log["raw_output"], log["inputs"]) == ("Two.", " Two.\n", {"who": "Ada"})
    assert (log["config"]["endpoint"], log["environment"], log["tool_choice"]) == ("chat", "production", None)
    assert log["provider_request"] == chats.asked()


def test_inputs_are_optional_and_messages_may_be_the_templates_alone(chats):
    project = chats.project(chat_template=[{"role": "user", "content": "Hi"}])
    reply = chats.app.server.post("/v4/chat-deployed", {"project": project, "messages": []})
    (sample,) = reply.expect(200)["data"]
    assert sample["inputs"] == {}
    assert sample["messages"] == [whole(role="user", content="Hi")]


def test_a_callers_messages_are_not_templates(chats):
    answer = chats.chat(chats.project(), messages=[{"role": "user", "content": "{{who}} {{nobody}}"}])
    assert chats.asked()["messages"][-1]["content"] == "{{who}} {{nobody}}"
    assert answer["data"][0]["messages"][-1]["content"] == "{{who}} {{nobody}}"


def test_images_and_text_come_as_parts(chats):
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}}
    parts = [{"type": "text", "text": "Who is {{who}}?"}, image]
    project = chats.project(chat_template=[{"role": "user", "content": parts}])
    plain = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    sample = chats.chat(project, messages=[{"role": "user", "content": [plain]}])["data"][0]
    sent: list[dict[str, Any]] = [
        {"role": "user", "content": [{"type": "text", "text": "Who is Ada?"}, image]},
        {"role": "user", "content": [plain]},
    ]
    assert chats.asked()["messages"] == sent
    assert sample["messages"] == [whole(**each) for each in sent]


def test_tool_calls_are_told_in_both_forms_and_can_be_sent_back(chats):
    project = chats.project()
    chats.app.upstream.answer(calling(CALL, OTHER_CALL), completion("Three."))
    first = chats.chat(project)
    (sample,) = first["data"]
    assert (sample["output"], sample["raw_output"], sample["finish_reason"]) == ("", "", "tool_call")
    assert sample["tool_calls"] == [CALL, OTHER_CALL]
    assert sample["tool_call"] == CALL["function"]
    assert sample["output_message"] == whole(role="assistant", tool_calls=[CALL, OTHER_CALL])
    assert first["provider_responses"][0]["choices"][0]["finish_reason"] == "tool_calls"
    log = chats.app.log(sample["id"])
    assert (log["output"], log["finish_reason"]) == ("", "tool_call")
    assert log["output_message"] == sample["output_message"]

    replies = [
        {"role": "tool", "tool_call_id": "call_1", "content": "2"},
        {"role": "tool", "tool_call_id": "call_2", "content": "3", "name": "add"},
    ]
    second = chats.chat(project, messages=[USER, sample["output_message"], *replies])
    assert second["data"][0]["output"] == "Three."
    assert chats.asked()["messages"][1:] == [
        USER,
        {"role": "assistant", "content": None, "tool_calls": [CALL, OTHER_CALL]},
        *replies,
    ]


def test_text_may_come_beside_calls(chats):
    chats.app.upstream.answer(calling(CALL, content="Let me see.", reason="stop"))
    sample = chats.chat(chats.project())["data"][0]
    assert (sample["output"], sample["finish_reason"]) == ("Let me see.", "stop")
    assert sample["output_message"] == whole(role="assistant", content="Let me see.", tool_calls=[CALL])


def test_several_samples_have_calls_and_logs_of_their_own(chats):
    chats.app.upstream.answer(calling(CALL, samples=3))
    answer = chats.chat(chats.project(), num_samples=3)
    assert [each["index"] for each in answer["data"]] == [0, 1, 2]
    assert all(each["tool_calls"] == [CALL] for each in answer["data"])
    assert len({each["id"] for each in answer["data"]}) == 3
    assert chats.asked()["n"] == 3
    for each in answer["data"]:
        assert chats.app.log(each["id"])["output_message"] == each["output_message"]


NAMED = {"type": "function", "function": {"name": "add"}}


@pytest.mark.parametrize("choice", ["none", "auto", "required", NAMED])
def test_a_tool_choice_is_sent_echoed_and_kept(chats, choice):
    answer = chats.chat(chats.project(), tool_choice=choice)
    assert chats.asked()["tool_choice"] == choice
    assert (answer["tool_choice"], answer["tool_call"]) == (choice, None)
    assert chats.app.log(answer["data"][0]["id"])["tool_choice"] == choice


@pytest.mark.parametrize(("old", "new"), [("none", "none"), ("auto", "auto"), ({"name": "add"}, NAMED)])
def test_the_older_form_of_a_choice_is_understood(chats, old, new):
    answer = chats.chat(chats.project(), tool_call=old)
    assert chats.asked()["tool_choice"] == new
    assert (answer["tool_choice"], answer["tool_call"]) == (new, old)


def test_the_older_form_of_calls_is_understood(chats):
    project = chats.project()
    said = [
        USER,
        {"role": "assistant", "tool_call": {"name": "add", "arguments": "{}"}},
        {"role": "tool", "name": "add", "content": "2"},
    ]
    message = {"role": "assistant", "content": None, "function_call": {"name": "add", "arguments": '{"a": 1}'}}
    chats.app.upstream.answer(body({"choices": [{"index": 0, "message": message, "finish_reason": "function_call"}]}))
    sample = chats.chat(project, messages=said)["data"][0]
    assert chats.asked()["messages"][2:] == [
        {"role": "assistant", "content": None, "function_call": {"name": "add", "arguments": "{}"}},
        {"role": "function", "name": "add", "content": "2"},
    ]
    assert (sample["finish_reason"], sample["tool_call"]) == ("tool_call", {"name": "add", "arguments": '{"a": 1}'})
    assert [each["function"] for each in sample["tool_calls"]] == [sample["tool_call"]]


def test_a_calls_own_wishes_go_before_the_configs(chats):
    schema = {"type": "json_schema", "json_schema": {"name": "sum", "schema": {"type": "object"}, "strict": True}}
    made = chats.register(response_format={"type": "json_object"}, reasoning_effort="low")
    chats.chat(made["project_name"])
    assert (chats.asked()["response_format"], chats.asked()["reasoning_effort"]) == ({"type": "json_object"}, "low")
    answer = chats.chat(made["project_name"], response_format=schema, reasoning_effort="high")
    assert (chats.asked()["response_format"], chats.asked()["reasoning_effort"]) == (schema, "high")
    log = chats.app.log(answer["data"][0]["id"])
    assert (log["config"]["id"], log["config"]["reasoning_effort"]) == (made["config"]["id"], "low")


def test_without_save_nothing_that_was_said_is_kept(chats):
    chats.app.upstream.answer(calling(CALL))
    sample = chats.chat(chats.project(), save=False, tool_choice="auto", metadata={"k": 1})["data"][0]
    assert sample["tool_calls"] == [CALL]
    assert sample["messages"]
    log = chats.app.log(sample["id"])
    for key in ("messages", "output", "raw_output", "output_message", "tool_choice", "provider_request"):
        assert log[key] is None, key
    assert (log["metadata"], log["finish_reason"], log["output_tokens"]) == ({"k": 1}, "tool_call", 4)


def test_a_failed_chat_is_kept_with_what_was_asked(chats):
    project = chats.project()
    chats.app.upstream.answer(status(400, "bad thing"))
    assert chats.call(project).status == 400
    (log,) = chats.app.logs(project, at_least=1)
    assert [each["content"] for each in log["messages"]] == ["You are Ada.", USER["content"]]
    assert (log["output_message"], log["output"], log["error"]) == (None, None, "bad thing")


def test_an_experiment_of_chats_answers_both_ways(chats):
    first = chats.register(chat_template=[{"role": "system", "content": "A"}])
    second = chats.register(first["project_name"], chat_template=[{"role": "system", "content": "B"}])
    server, project_id = chats.app.server, first["project_id"]
    ids = [first["config"]["id"], second["config"]["id"]]
    made = server.post(
        f"/v4/projects/{project_id}/experiments",
        {"name": "x", "positive_labels": [{"type": "rating", "value": "good"}], "config_ids": ids, "set_active": True},
    ).expect(200)
    drawn = {chats.chat(first["project_name"], user="ada")["data"][0]["model_config_id"] for _ in range(5)}
    assert len(drawn) == 1
    assert drawn < set(ids)
    answer = chats.send("chat-experiment", {"experiment_id": made["id"], "num_samples": 12}).expect(200)
    told = {each["model_config_id"]: each["messages"][0]["content"] for each in answer["data"]}
    assert [each["index"] for each in answer["data"]] == list(range(12))
    assert told == dict(zip(ids, ("A", "B"), strict=True))
    log = chats.app.log(answer["data"][0]["id"])
    assert log["trial_id"].startswith("trial_")
