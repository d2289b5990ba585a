"""What comes of a call: the same logs, sessions, experiments and idempotency as of a call by v4."""

from typing import Any

import openai
import pytest

from tests.api.experimenting import GOOD
from tests.api.openai.conftest import USER

REPLAYED = "idempotent-replayed"


def test_metadata_is_on_the_log_and_fills_the_template_when_there_are_no_inputs(door):
    project = door.chats()
    metadata = {"how": "kind", "order": "17"}
    answer = door.client.chat.completions.create(model=project, messages=[USER], metadata=metadata)
    log = door.app.log(answer.id)
    assert (log["metadata"], log["inputs"]) == (metadata, metadata)
    assert log["messages"][0]["content"] == "Be kind."


def test_inputs_go_before_metadata(door):
    project = door.chats()
    answer = door.client.chat.completions.create(
        model=project, messages=[USER], metadata={"how": "rude"}, extra_body={"inputs": {"how": "kind"}}
    )
    log = door.app.log(answer.id)
    assert (log["metadata"], log["inputs"]) == ({"how": "rude"}, {"how": "kind"})
    assert log["messages"][0]["content"] == "Be kind."
    with pytest.raises(openai.BadRequestError, match="how"):
        door.client.chat.completions.create(
            model=project, messages=[USER], metadata={"how": "rude"}, extra_body={"inputs": {}}
        )


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("store", "kept"), [(False, False), (True, True), (None, True)])
def test_store_false_keeps_no_text(door, store, kept, stream):
    project = door.mocks({"text": "canary of the answer"})
    made = door.client.chat.completions.with_raw_response.create(
        model=project, messages=[USER], store=store, stream=stream, metadata={"order": "17"}
    )
    made.http_response.read()
    log = door.app.log(made.headers["x-everloop-log-ids"])
    assert log["output"] == ("canary of the answer" if kept else None)
    assert bool(log["messages"]) is kept
    assert bool(log["provider_request"]) is kept
    assert log["metadata"] == {"order": "17"}
    assert log["finish_reason"] == "stop"


def test_a_conversation_is_a_session_and_calls_may_belong_under_others(door):
    project = door.mocks()
    first, second = (
        door.client.chat.completions.create(
            model=project, messages=[USER], user="ada", extra_body={"session_reference_id": "talk", "source": "test"}
        )
        for _ in range(2)
    )
    child = door.client.chat.completions.create(model=project, messages=[USER], extra_body={"parent_id": first.id})
    logs = [door.app.log(each.id) for each in (first, second, child)]
    assert len({each["session_id"] for each in logs}) == 1
    assert (logs[0]["source"], logs[0]["user"], logs[2]["parent_id"]) == ("test", "ada", first.id)
    with pytest.raises(openai.NotFoundError) as caught:
        door.client.chat.completions.create(model=project, messages=[USER], extra_body={"session_id": "sesh_nobody"})
    assert caught.value.code == "not_found"


def experiment(door):
    """Of two chat configs, live; what they answer are their names."""
    project = door.mocks({"text": "one"})
    server, project_id = door.app.server, door.app.project_id(project)
    two = {"provider": "mock", "model": "m", "endpoint": "chat", "other": {"mock": {"text": "two"}}}
    second = server.post("/v4/model-configs", {"project": project, **two}).expect(200)["config"]["id"]
    first = server.get(f"/v4/projects/{project_id}/active-config").expect(200)["config"]["id"]
    new = {"name": "which", "config_ids": [first, second], "positive_labels": [GOOD], "set_active": True}
    made = server.post(f"/v4/projects/{project_id}/experiments", new).expect(200)
    return project, made["id"], {"one": first, "two": second}


@pytest.mark.parametrize("stream", [False, True])
def test_an_experiments_arms_get_their_exposures(door, stream):
    project, experiment_id, arms = experiment(door)
    heard: dict[int, Any] = {}
    for number in range(20):
        for _ in range(2):
            answer = door.client.chat.completions.create(
                model=project, messages=[USER], user=f"user {number}", stream=stream
            )
            chunks = list(answer) if stream else [answer]
            text = (
                "".join(each.choices[0].delta.content or "" for each in chunks)
                if stream
                else answer.choices[0].message.content
            )
            assert heard.setdefault(number, text) == text, "a user keeps one arm"
            log = door.app.log(chunks[0].id)
            assert log["config"]["id"] == arms[text]
            assert log["trial_id"]
    assert set(heard.values()) == {"one", "two"}
    results = door.app.server.get(f"/api/experiments/{experiment_id}/results").expect(200)
    exposed = {each["config_id"]: each["trials"] for each in results["arms"]}
    assert exposed == {arms[name]: list(heard.values()).count(name) for name in arms}


@pytest.mark.parametrize("stream", [False, True])
def test_an_idempotency_key_makes_the_call_once(door, stream):
    project = door.mocks()
    replies = [
        door.client.chat.completions.with_raw_response.create(
            model=project,
            messages=[USER],
            stream=stream,
            n=2,
            temperature=1,
            extra_headers={"Idempotency-Key": f"door-{stream}"},
        )
        for _ in range(2)
    ]
    first, again = (each.http_response.read() for each in replies)
    assert first == again
    assert [each.headers.get(REPLAYED) for each in replies] == [None, "true"]
    for name in ("x-everloop-log-ids", "x-everloop-ignored", "content-type"):
        assert replies[0].headers[name] == replies[1].headers[name]
    assert len(door.app.logs(project)) == 2


def test_keys_have_their_refusals_in_openais_shape(door):
    project, headers = door.mocks(), {"Idempotency-Key": "door-refused"}
    call = door.client.chat.completions.create
    call(model=project, messages=[USER], extra_headers=headers)
    with pytest.raises(openai.ConflictError) as caught:
        call(model=project, messages=[USER], user="another", extra_headers=headers)
    assert (caught.value.code, caught.value.response.headers["x-should-retry"]) == ("conflict", "false")
    with pytest.raises(openai.BadRequestError) as wrong:
        call(model=project, messages=[USER], extra_headers={"Idempotency-Key": "a b"})
    assert wrong.value.param == "Idempotency-Key"
    with pytest.raises(openai.BadRequestError, match="`store: false`"):
        call(model=project, messages=[USER], store=False, extra_headers={"Idempotency-Key": "door-3"})


def test_a_providers_failure_is_replayed_as_it_was(door):
    project = door.mocks({"fault": {"kind": "rate_limit", "retry_after": 1}})
    told = []
    for _ in range(2):
        with pytest.raises(openai.RateLimitError) as caught:
            door.client.chat.completions.create(
                model=project, messages=[USER], extra_headers={"Idempotency-Key": "door-failing"}
            )
        told.append((caught.value.body, caught.value.response.headers["retry-after"]))
    assert told[0] == told[1]
    assert len(door.app.logs(project)) == 1
