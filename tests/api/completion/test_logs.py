"""What a call leaves behind: every field of its log, and what it belongs to."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.contract_v4 import answers
from tests.upstream import body, completion, status


@pytest.fixture(params=["plain", "streamed"])
def logged(request, app):
    """Makes one call either way, and gives its logs by sample."""

    def log(project, **given):
        if request.param == "plain":
            ids = [each["id"] for each in app.complete(project, **given)["data"]]
        else:
            streamed = app.stream(project, **given)
            assert streamed.status == 200, streamed.body
            ids = list(dict.fromkeys(each["id"] for each in sorted(streamed.chunks, key=lambda each: each["index"])))
        return [app.log(each) for each in ids]

    return log


def test_every_field_is_on_the_log(app, logged):
    config = app.register(model="gpt-4o", temperature=0.5)
    app.upstream.always(completion(" Hi you \n", finish_reason="length"))
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    (log,) = logged(
        config["project_name"],
        user="u-1",
        source="landing",
        source_datapoint_id="evtc_1",
        metadata={"k": {"deep": [1]}},
        session_reference_id="talk-1",
        environment="production",
        logprobs=1,
    )
    answers.check_schema(log, "LogResponse")
    assert (log["project"], log["project_id"]) == (config["project_name"], config["project_id"])
    assert (log["config_id"], log["config"]["model"], log["config"]["temperature"]) == (
        config["config"]["id"],
        "gpt-4o",
        0.5,
    )
    assert (log["inputs"], log["metadata"]) == ({"it": "hello"}, {"k": {"deep": [1]}})
    assert (log["output"], log["raw_output"], log["finish_reason"]) == ("Hi you", " Hi you \n", "length")
    assert (log["user"], log["source"], log["source_datapoint_id"]) == ("u-1", "landing", "evtc_1")
    assert (log["environment"], log["session_reference_id"], log["save"]) == ("production", "talk-1", True)
    assert (log["prompt_tokens"], log["output_tokens"], log["tokens"]) == (5, 4, 9)
    assert log["prompt_cost"] > 0
    assert log["output_cost"] > 0
    assert 0 < log["provider_latency"] <= log["duration"] < 30
    assert log["error"] is None
    (received,) = app.upstream.requests
    assert log["provider_request"] == received.json
    assert log["provider_response"]["choices"][0]["message"]["content"] == " Hi you \n"
    assert before <= datetime.fromisoformat(log["created_at"]) <= datetime.fromisoformat(log["updated_at"])
    assert datetime.fromisoformat(log["updated_at"]) <= datetime.now(UTC)


def test_without_save_texts_are_dropped_and_numbers_kept(app, logged):
    app.upstream.always(completion("Hi you"))
    given = {"save": False, "user": "u-1", "source": "s", "metadata": {"k": 1}, "session_reference_id": "talk-2"}
    (log,) = logged(app.project(), **given)
    answers.check_schema(log, "LogResponse")
    dropped = ("output", "raw_output", "provider_request", "provider_response", "messages", "output_message", "error")
    assert {key: log[key] for key in dropped} == dict.fromkeys(dropped)
    assert log["inputs"] == {}
    assert (log["save"], log["metadata"], log["user"], log["source"]) == (False, {"k": 1}, "u-1", "s")
    assert (log["output_tokens"], log["finish_reason"]) == (2, "stop")
    assert log["prompt_cost"] > 0
    assert log["config"]["model"] == "gpt-4o"
    assert log["duration"] > 0
    feedback = {"type": "rating", "value": "good", "data_id": log["id"]}
    app.server.post("/v4/feedback", feedback).expect(200)
    assert app.log(log["id"])["feedback"][0]["value"] == "good"


def test_without_save_the_answer_is_the_same(app):
    app.upstream.always(completion("Hi"))
    project = app.project()
    (kept,), (dropped,) = app.complete(project)["data"], app.complete(project, save=False)["data"]
    assert dropped | {"id": ""} == kept | {"id": ""}


def test_without_save_a_vendors_words_about_an_error_are_dropped_too(app):
    project = app.project()
    app.upstream.always(status(400, "you said: hello"))
    assert app.call(project, save=False).status == 400
    assert app.stream(project, save=False).status == 400
    logs = app.logs(project, 2)
    assert len(logs) == 2
    for log in logs:
        assert "hello" not in str({key: value for key, value in log.items() if key not in ("config", "model_config")})


def test_a_session_by_reference_is_made_once_and_by_id_found(app, logged):
    project = app.project()
    (first,) = logged(project, session_reference_id=project)
    (second,) = logged(project, session_reference_id=project)
    (third,) = logged(project, session_id=first["session_id"])
    assert first["session_id"] == second["session_id"] == third["session_id"]
    session = app.server.get(f"/v4/sessions/{first['session_id']}").expect(200)
    assert session["datapoints_count"] == 3
    assert session["reference_id"] == project


def test_a_session_made_before_is_used(app, logged):
    session_id = app.server.post("/v4/sessions").expect(201)["id"]
    (log,) = logged(app.project(), session_id=session_id)
    assert (log["session_id"], log["session_reference_id"]) == (session_id, None)


def test_a_log_with_only_a_parent_is_in_its_session(app, logged):
    project = app.project()
    (parent,) = logged(project, session_reference_id="talk-4")
    (child,) = logged(project, parent_id=parent["id"])
    assert (child["parent_id"], child["session_id"]) == (parent["id"], parent["session_id"])


def test_a_parent_by_reference(app, logged):
    project = app.project()
    made = {"project": project, "config": {"model": "m"}, "reference_id": f"{project} step 1"}
    parent = app.server.post("/v4/logs", made).expect(200)["id"]
    (child,) = logged(project, parent_reference_id=f"{project} step 1")
    assert (child["parent_id"], child["parent_reference_id"]) == (parent, f"{project} step 1")
    assert child["session_id"] is None


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"session_id": "sesh_x", "session_reference_id": "x"}, 422),
        ({"parent_id": "data_x", "parent_reference_id": "x"}, 422),
        ({"session_id": "sesh_unknown"}, 404),
        ({"parent_id": "data_unknown"}, 404),
        ({"parent_reference_id": "unknown"}, 404),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_senseless_links_are_refused_before_the_vendor_is_asked(app, given, code, stream):
    project = app.project()
    reply = app.call(project, stream=stream, **given)
    assert reply.status == code
    assert next(iter(given.values())) in str(reply.json) or code == 422
    assert app.upstream.requests == []
    assert app.logs(project) == []


def test_the_answer_names_the_session_only_when_there_is_one(app):
    project = app.project()
    assert app.complete(project)["session_id"] is None
    first = app.complete(project, session_reference_id="talk-5")
    streamed = app.stream(project, session_reference_id="talk-5")
    assert {each["session_id"] for each in streamed.events} == {first["session_id"]}


def test_each_environment_answers_with_its_own_and_the_log_says_where(app, logged):
    production = app.register()
    project = production["project_name"]
    environment = app.server.post("/api/environments", {"name": f"staging {project}"}).expect(201)
    staging = app.register(project, prompt_template="Staging {{it}}")
    assert app.call(project, environment=environment["name"]).status == 400
    deploy = {"config_id": staging["config"]["id"], "environments": [{"id": environment["id"]}]}
    app.server.patch(f"/v4/projects/{staging['project_id']}/deploy-config", deploy).expect(200)
    (there,), (here,) = logged(project, environment=environment["name"]), logged(project)
    assert (there["environment"], there["config_id"]) == (environment["name"], staging["config"]["id"])
    assert (here["environment"], here["config_id"]) == ("production", production["config"]["id"])


def test_a_deploy_is_live_for_the_next_call(app):
    first = app.register()
    second = app.register(first["project_name"], prompt_template="Second {{it}}")
    for version in (second, first, second):
        deploy = {"config_id": version["config"]["id"]}
        app.server.patch(f"/v4/projects/{first['project_id']}/deploy-config", deploy).expect(200)
        (sample,) = app.complete(first["project_name"])["data"]
        assert sample["model_config_id"] == version["config"]["id"]


def test_a_project_can_be_called_by_name_by_id_or_by_both(app):
    made = app.register()
    name, project_id = made["project_name"], made["project_id"]
    inputs = {"it": "x"}
    for given in ({"project": name}, {"project_id": project_id}, {"project": name, "project_id": project_id}):
        assert app.complete(**given, inputs=inputs)["project_id"] == project_id
    assert app.call(project="another", project_id=project_id, inputs=inputs).status == 422


def test_a_new_project_stays_though_the_call_fails(app):
    name = "made by a call that failed"
    reply = app.call(name)
    assert reply.status == 400
    assert reply.detail["type"] == "bad_request_error"
    assert name in reply.detail["message"]
    assert "production" in reply.detail["message"]
    page = app.server.get("/v4/projects?size=100&filter=made%20by%20a%20call").expect(200)
    assert [each["name"] for each in page["records"]] == [name]


GOOD = {"index": 0, "message": {"content": "a"}, "finish_reason": "stop"}


def test_one_failing_sample_fails_a_plain_call_and_the_finished_ones_are_kept(app):
    project = app.project()
    app.upstream.answer(body({"choices": [GOOD]}), status(400, "no more"))
    reply = app.call(project, num_samples=2)
    assert (reply.status, reply.detail["origin"], reply.detail["message"]) == (400, "OpenAI", "no more")
    logs = app.logs(project)
    assert sorted((log["output"], log["error"]) for log in logs if log["error"] is None) == [("a", None)]
    assert [(log["output"], log["error"]) for log in logs if log["error"]] == [(None, "no more")]
    assert len(logs) == 2
