"""Calls of experiments: who gets which config, samples of several, configs sampled for others, logs under trials."""

from typing import Any

import pytest

from tests.api.experimenting import GOOD, Stage
from tests.contract_v4.answers import check

ALL = 32  # as many samples as a call may have: that all of them draw one of two arms has a chance of 2**-31


@pytest.fixture
def stage(running_server, project_name):
    return Stage.build(running_server, project_name)


def configs(answer):
    return [each["model_config_id"] for each in answer["data"]]


def test_a_user_keeps_one_config_and_users_share_both(stage):
    stage.deploy().expect(200)
    users = [f"user {n}" for n in range(ALL)]

    first = [configs(stage.call(user=user)) for user in users]
    again = [configs(stage.call(user=user)) for user in users]

    assert again == first
    assert {config for each in first for config in each} == {stage.one, stage.two}
    assert sum(each["trials"] for each in stage.results()["arms"]) == ALL


@pytest.mark.parametrize("named", ["session_reference_id", "session_id"])
def test_without_a_user_a_session_keeps_one_config(stage, named):
    stage.deploy().expect(200)

    seen = set()
    for n in range(ALL):
        name = stage.server.post("/v4/sessions").expect(201)["id"] if named == "session_id" else f"{stage.project} {n}"
        kept = {config for _ in range(3) for config in configs(stage.call(**{named: name}))}
        assert len(kept) == 1
        seen |= kept

    assert seen == {stage.one, stage.two}


def test_the_user_counts_before_the_session(stage):
    stage.deploy().expect(200)

    for user in ("ada", "ben", "eve"):
        kept = {tuple(configs(stage.call(user=user, session_reference_id=f"{stage.project} {n}"))) for n in range(8)}
        assert len(kept) == 1


def test_a_call_of_nobody_is_a_unit_of_its_own(stage):
    stage.deploy().expect(200)

    seen = [configs(stage.call())[0] for _ in range(ALL)]

    assert set(seen) == {stage.one, stage.two}
    assert sum(each["trials"] for each in stage.results()["arms"]) == ALL


def test_weights_of_zero_get_nothing(stage):
    stage.deploy().expect(200)
    stage.change(arms=[{"config_id": stage.one, "weight": 0}]).expect(200)

    assert {configs(stage.call())[0] for _ in range(ALL)} == {stage.two}


def test_samples_of_one_call_draw_a_config_and_a_trial_each(stage):
    answer = stage.draw(num_samples=ALL, metadata={"a": 1}, user="ada").expect(200)

    check(answer, "post", "/completion-experiment")
    assert (answer["project_id"], answer["num_samples"], answer["user"]) == (stage.project_id, ALL, "ada")
    assert [each["index"] for each in answer["data"]] == list(range(ALL))
    assert set(configs(answer)) == {stage.one, stage.two}
    said = {stage.one: "one says hello", stage.two: "two says hello"}
    logs = [stage.log(each["id"]) for each in answer["data"]]
    for sample, log in zip(answer["data"], logs, strict=True):
        assert sample["output"] == log["output"] == said[sample["model_config_id"]]
        assert (log["config_id"], log["metadata"]) == (sample["model_config_id"], {"a": 1})
    assert len({log["trial_id"] for log in logs}) == ALL
    assert answer["usage"]["total_tokens"] == sum(log["tokens"] for log in logs)
    assert answer["provider_request"]["model"] in ("one", "two")
    arms = stage.results()["arms"]
    assert [each["trials"] for each in arms] == [configs(answer).count(each["config_id"]) for each in arms]
    assert stage.read()["status"] == "Initialized"  # called, but live nowhere


def test_the_draws_of_a_user_are_the_same_in_every_call(stage):
    first, again = (stage.draw(num_samples=8, user="ada").expect(200) for _ in range(2))

    assert configs(again) == configs(first)
    trials = [[stage.log(each["id"])["trial_id"] for each in answer["data"]] for answer in (first, again)]
    assert trials[0] == trials[1]
    assert sum(each["trials"] for each in stage.results()["arms"]) == 8


def test_streamed_samples_of_several_configs(stage):
    streamed = stage.stream(num_samples=ALL, inputs={"spare": 1})

    assert streamed.status == 200
    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert {chunk["index"] for chunk in streamed.chunks} == set(range(ALL))
    said = {stage.one: "one says hello", stage.two: "two says hello"}
    trials = set()
    for index in range(ALL):
        chunks = streamed.of(index)
        (log_id,) = {chunk["id"] for chunk in chunks}
        (config,) = {chunk["model_config_id"] for chunk in chunks}
        log = stage.log(log_id)
        assert streamed.text(index=index) == said[config] == log["output"]
        assert [chunk["finish_reason"] for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
        assert log["config_id"] == config
        trials.add(log["trial_id"])
    assert len(trials) == ALL
    assert {chunk["model_config_id"] for chunk in streamed.chunks} == {stage.one, stage.two}


def test_a_config_that_fails_while_another_streams(running_server, project_name):
    scripts: dict[str, dict[str, Any]] = {
        "one": {"text": "a b c d e f", "chunk_delay_ms": 30},
        "two": {"text": "x y z", "fault": {"kind": "connection", "after_chunks": 2}},
    }
    stage = Stage.build(running_server, project_name, scripts=scripts)

    streamed = stage.stream(num_samples=ALL)

    assert streamed.status == 200
    assert [each["origin"] for each in streamed.errors] == ["Mock"]  # told once, for all samples that it ended
    logs = {log["id"]: log for log in stage.logs()}
    assert len(logs) == ALL
    for log in logs.values():
        chunks = [chunk for chunk in streamed.chunks if chunk["id"] == log["id"]]
        reasons = {chunk["finish_reason"] for chunk in chunks} - {None}
        if log["config_id"] == stage.one:
            assert (log["output"], log["error"], reasons) == ("a b c d e f", None, {"stop"})
            assert "".join(chunk["output"] for chunk in chunks) == "a b c d e f"
        else:
            assert (log["error"] is None, reasons) == (False, set())
    one, two = stage.results()["arms"]
    assert min(one["logs"], two["logs"]) > 0
    assert (one["errors"], two["errors"], one["logs"] + two["logs"]) == (0, two["logs"], ALL)


def test_a_plain_call_fails_with_one_of_its_configs_and_every_sample_has_a_log(running_server, project_name):
    stage = Stage.build(running_server, project_name, scripts={"two": {"fault": {"kind": "rate_limit"}}})

    detail = stage.draw(num_samples=ALL).expect(429)["detail"]

    assert (detail["type"], detail["origin"]) == ("rate_limit_error", "Mock")
    logs = stage.logs()
    assert len(logs) == ALL
    assert {(log["config_id"], log["error"] is None) for log in logs} == {(stage.one, True), (stage.two, False)}


@pytest.mark.parametrize("stream", [False, True])
def test_what_a_call_of_an_experiment_cannot_be(running_server, stage, project_name, stream):
    for body, status, location in (
        ({"experiment_id": None}, 422, ["body", "experiment_id"]),
        ({"num_samples": 0}, 422, ["body", "num_samples"]),
        ({"num_samples": ALL + 1}, 422, ["body", "num_samples"]),
        ({"project": f"{project_name} elsewhere"}, 422, ["body", "project"]),
        ({"project_id": "pr_nobody"}, 422, ["body", "project_id"]),
        ({"session_id": "sesh_nobody"}, 404, None),
    ):
        reply = running_server.post("/v4/completion-experiment", {"experiment_id": stage.id, "stream": stream} | body)
        detail = reply.expect(status)["detail"]
        assert location is None or detail[0]["loc"] == location
    assert stage.logs() == []


def test_the_right_project_may_be_named(stage):
    answer = stage.draw(project=stage.project, project_id=stage.project_id).expect(200)

    assert answer["project_id"] == stage.project_id


def test_an_experiment_without_arms_answers_nothing(running_server, stage):
    body = {"name": "empty", "positive_labels": []}
    empty = running_server.post(f"{stage.place}/experiments", body).expect(200)["id"]

    for reply in (
        running_server.post("/v4/completion-experiment", {"experiment_id": empty}),
        running_server.get(f"/v4/experiments/{empty}/model-config"),
    ):
        detail = reply.expect(400)["detail"]
        assert (detail["type"], "'empty'" in detail["message"]) == ("bad_request_error", True)


def test_whoever_still_asks_for_a_concluded_experiment_gets_what_took_its_place(stage):
    stage.conclude(stage.two).expect(200)

    answer = stage.draw(num_samples=8).expect(200)
    sampled = stage.sample()

    assert set(configs(answer)) == {stage.two}
    assert {stage.log(each["id"])["trial_id"] for each in answer["data"]} == {None}
    check(sampled, "get", "/experiments/{experiment_id}/model-config")
    assert (sampled["config"]["id"], sampled["trial_id"], sampled["experiment_id"]) == (stage.two, None, None)


def test_a_sampled_config_has_a_trial_that_its_log_counts_for(stage):
    sampled = stage.sample()

    check(sampled, "get", "/experiments/{experiment_id}/model-config")
    assert sampled["config"]["id"] in (stage.one, stage.two)
    assert sampled["trial_id"].startswith("trial_")
    assert (sampled["experiment_id"], sampled["project_id"]) == (stage.id, stage.project_id)
    said = GOOD | {"user": "ada"}
    body = {"project": stage.project, "trial_id": sampled["trial_id"], "output": "made elsewhere", "feedback": said}
    log_id = stage.server.post("/v4/logs", body).expect(200)["id"]
    log = stage.log(log_id)
    check(log, "get", "/logs/{id}")
    assert (log["trial_id"], log["config_id"]) == (sampled["trial_id"], sampled["config"]["id"])
    assert log["environment"] == "production"
    arm = stage.arm(sampled["config"]["id"])
    assert (arm["trials"], arm["logs"], arm["rated_units"], arm["mean"]) == (1, 1, 1, 1.0)


def test_every_sampling_is_a_draw_of_its_own(stage):
    sampled = [stage.sample() for _ in range(ALL)]

    assert {each["config"]["id"] for each in sampled} == {stage.one, stage.two}
    assert len({each["trial_id"] for each in sampled}) == ALL
    assert sum(each["trials"] for each in stage.results()["arms"]) == ALL


def test_the_active_config_of_a_live_experiment_is_sampled(running_server, stage):
    stage.deploy().expect(200)

    active = running_server.get(f"{stage.place}/active-config").expect(200)

    check(active, "get", "/projects/{id}/active-config")
    assert (active["experiment_id"], active["trial_id"][:6]) == (stage.id, "trial_")
    log = {"project_id": stage.project_id, "trial_id": active["trial_id"], "output": "x"}
    made = running_server.post("/v4/logs", log).expect(200)
    assert stage.log(made["id"])["trial_id"] == active["trial_id"]


def test_a_log_may_say_again_what_its_trial_says(stage):
    sampled = stage.sample()
    asked = {"provider": "mock", "model": sampled["config"]["model"], "prompt_template": sampled["config"]["model"]}
    for said in (
        {"config_id": sampled["config"]["id"]},
        {"config": asked | {"other": sampled["config"]["other"]}},
        {"environment": "production"},
        {"config_id": "", "config": None},
    ):
        body = {"project": stage.project, "trial_id": sampled["trial_id"], "output": "x"} | said
        made = stage.server.post("/v4/logs", body).expect(200)
        assert stage.log(made["id"])["config_id"] == sampled["config"]["id"]
    assert (stage.arm(sampled["config"]["id"])["trials"], stage.arm(sampled["config"]["id"])["logs"]) == (1, 4)


def test_an_empty_trial_is_none(stage):
    body = {"project": stage.project, "trial_id": "", "config_id": stage.one, "output": "x"}

    made = stage.server.post("/v4/logs", body).expect(200)

    assert stage.log(made["id"])["trial_id"] is None
    assert [each["logs"] for each in stage.results()["arms"]] == [0, 0]


def test_a_log_that_its_trial_contradicts_is_not_kept(running_server, stage, staging, project_name):
    foreign = Stage.build(running_server, f"{project_name} elsewhere").sample()
    sampled = stage.sample()
    trial_id = sampled["trial_id"]
    (stranger,) = {stage.one, stage.two} - {sampled["config"]["id"]}
    before = stage.everything()

    cases = [
        ({"trial_id": "trial_nobody"}, 404, "trial_nobody"),
        ({"trial_id": foreign["trial_id"]}, 404, foreign["trial_id"]),
        ({"trial_id": trial_id, "config_id": stranger}, 422, "config_id"),
        ({"trial_id": trial_id, "config_id": "config_nobody"}, 422, "config_id"),
        ({"trial_id": trial_id, "config": {"model": "another"}}, 422, "config"),
        ({"trial_id": trial_id, "environment": staging["name"]}, 422, "environment"),
    ]
    for body, status, word in cases:
        detail = running_server.post("/v4/logs", {"project": stage.project, "output": "x"} | body).expect(status)[
            "detail"
        ]
        if status == 404:
            assert (detail["type"], word in detail["message"]) == ("not_found_error", True)
        else:
            assert detail[0]["loc"] == ["body", word]
    several = [{"project": stage.project, "trial_id": trial_id}, {"project": stage.project, "trial_id": "trial_nobody"}]
    assert running_server.post("/v4/logs", several).status == 404

    assert stage.everything() == before


def test_a_trial_of_a_deleted_experiment_is_gone(running_server, stage):
    sampled = stage.sample()
    running_server.delete(f"/v4/experiments/{stage.id}").expect(204)

    reply = running_server.post("/v4/logs", {"project": stage.project, "trial_id": sampled["trial_id"], "output": "x"})

    assert sampled["trial_id"] in reply.expect(404)["detail"]["message"]


def test_a_late_log_of_a_concluded_experiment_still_counts(stage):
    sampled = stage.sample()
    stage.conclude(stage.one).expect(200)

    body = {"project": stage.project, "trial_id": sampled["trial_id"], "output": "x", "feedback": GOOD}
    stage.server.post("/v4/logs", body).expect(200)

    arm = stage.arm(sampled["config"]["id"])
    assert (arm["logs"], arm["rated_units"]) == (1, 1)
