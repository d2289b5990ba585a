"""What users say becomes the results of an experiment: at once, whatever they take back, and after its end too."""

import pytest

from tests.api.experimenting import GOOD, Stage
from tests.contract_v4.answers import check

ENOUGH = 20  # users in the smaller arm for a verdict when all of an arm agree


@pytest.fixture
def stage(running_server, project_name):
    return Stage.build(running_server, project_name, live=True)


def met(stage, users, **body):
    """Calls as so many users: the log of each, by arm."""
    logs: dict[str, list[str]] = {stage.one: [], stage.two: []}
    for n in range(users):
        (sample,) = stage.call(user=f"user {n}", **body)["data"]
        logs[sample["model_config_id"]].append(sample["id"])
    return logs


def met_by_enough(stage):
    """The same with at least `ENOUGH` users in each arm, however the dice fall."""
    logs = met(stage, 50)
    for n in range(50, 1000):
        if min(map(len, logs.values())) >= ENOUGH:
            break
        (sample,) = stage.call(user=f"user {n}")["data"]
        logs[sample["model_config_id"]].append(sample["id"])
    return logs


def said(arm):
    return arm["trials"], arm["rated_units"], arm["mean"]


def test_before_the_first_call_there_is_nothing_to_tell(stage):
    results = stage.results()

    assert (results["environment"], results["environments"], results["control"]) == (None, [], stage.one)
    assert [each["config_id"] for each in results["arms"]] == [stage.one, stage.two]
    counted = ("trials", "rated_units", "logs", "errors", "prompt_tokens", "output_tokens", "cost", "priced_logs")
    unknown = ("mean", "error_rate", "mean_cost", "latency_p50", "latency_p95")
    nothing = dict.fromkeys(counted, 0) | dict.fromkeys(unknown)
    known = {"config_id": stage.one, "active": True, "interval": {"low": 0.0, "high": 1.0}}
    assert results["arms"][0] == nothing | known
    untold = {"difference": None, "interval": {"low": -1.0, "high": 1.0}, "verdict": "no telling yet"}
    assert results["comparisons"] == [{"config_id": stage.two, **untold}]
    timeline = stage.server.get(f"/api/experiments/{stage.id}/timeline").expect(200)
    assert timeline == {"environment": None, "control": stage.one, "points": []}


def test_an_experiment_without_arms_has_no_results(running_server, stage):
    body = {"name": "empty", "positive_labels": []}
    empty = running_server.post(f"{stage.place}/experiments", body).expect(200)["id"]

    results = running_server.get(f"/api/experiments/{empty}/results").expect(200)

    nothing = dict.fromkeys(("environment", "control", "correction"))
    assert results == nothing | {"environments": [], "arms": [], "comparisons": []}
    assert running_server.get(f"/api/experiments/{empty}").expect(200)["arms"] == []


def test_calls_ratings_a_verdict_and_the_end(stage):
    logs = met_by_enough(stage)
    for log_id in logs[stage.one]:
        stage.rate(log_id, "good")
    for log_id in logs[stage.two]:
        stage.rate(log_id, "bad")

    results = stage.results()
    one, two = results["arms"]
    for arm, mean in ((one, 1.0), (two, 0.0)):
        count = len(logs[arm["config_id"]])
        assert said(arm) == (count, count, mean)
        assert (arm["logs"], arm["errors"], arm["error_rate"]) == (count, 0, 0.0)
        assert arm["interval"]["low"] <= mean <= arm["interval"]["high"]
        assert (arm["prompt_tokens"], arm["output_tokens"]) == (count, 3 * count)  # words, to `mock`
        assert 0 < arm["latency_p50"] <= arm["latency_p95"]
    (comparison,) = results["comparisons"]
    assert (comparison["config_id"], comparison["difference"]) == (stage.two, -1.0)
    assert comparison["verdict"] == "worse"
    assert -1.0 <= comparison["interval"]["low"] <= comparison["interval"]["high"] < 0
    assert "One comparison" in results["correction"]
    assert results["environment"]["name"] == "production"
    assert results["environments"] == [results["environment"] | {"trials": one["trials"] + two["trials"]}]

    assert stage.conclude(stage.one).expect(200)["winner"] == stage.one
    assert stage.call(user="user 0")["data"][0]["model_config_id"] == stage.one
    assert {stage.call()["data"][0]["model_config_id"] for _ in range(8)} == {stage.one}
    assert stage.results() == results  # readable for ever, and calls of the winner are no trials


def test_the_verdict_is_about_the_control(stage):
    logs = met_by_enough(stage)
    for config_id, value in ((stage.one, "good"), (stage.two, "bad")):
        for log_id in logs[config_id]:
            stage.rate(log_id, value)

    stage.change(control=stage.two).expect(200)

    (comparison,) = stage.results()["comparisons"]
    assert (comparison["config_id"], comparison["difference"], comparison["verdict"]) == (stage.one, 1.0, "better")


def test_feedback_counts_as_it_is_now(stage):
    sample = stage.call(user="ada")["data"][0]
    arm = sample["model_config_id"]
    assert said(stage.arm(arm)) == (1, 0, None)

    stage.rate(sample["id"], "good")
    assert said(stage.arm(arm)) == (1, 1, 1.0)
    stage.rate(sample["id"], "bad")  # a select type keeps one value: the newest
    assert said(stage.arm(arm)) == (1, 1, 0.0)
    stage.rate(sample["id"], "good")
    assert said(stage.arm(arm)) == (1, 1, 1.0)
    stage.rate(sample["id"], None, unset=True)
    assert said(stage.arm(arm)) == (1, 0, None)
    stage.rate(sample["id"], None, unset=True)
    assert said(stage.arm(arm)) == (1, 0, None)


def test_feedback_of_another_type_says_nothing(stage):
    sample = stage.call(user="ada")["data"][0]

    for type_, value in (("comment", "good"), ("action", "good"), ("correction", "good")):
        stage.server.post("/v4/feedback", {"type": type_, "value": value, "data_id": sample["id"]}).expect(200)

    assert said(stage.arm(sample["model_config_id"])) == (1, 0, None)


def test_a_user_is_one_voice_however_many_logs_are_rated(stage):
    samples = [stage.call(user="ada")["data"][0] for _ in range(4)]
    (arm,) = {each["model_config_id"] for each in samples}

    for sample, value in zip(samples, ["good", "good", "good", "bad"], strict=True):
        stage.rate(sample["id"], value)

    assert said(stage.arm(arm)) == (1, 1, 0.75)
    assert stage.arm(arm)["logs"] == 4


def test_other_labels_judge_the_past_anew(stage):
    samples = [stage.call(user="ada")["data"][0] for _ in range(2)]
    arm = samples[0]["model_config_id"]
    stage.rate(samples[0]["id"], "bad")
    said_of = {"type": "action", "value": "copied", "data_id": samples[1]["id"]}
    stage.server.post("/v4/feedback", said_of).expect(200)
    assert said(stage.arm(arm)) == (1, 1, 0.0)

    stage.change(positive_labels=[{"type": "action", "value": "copied"}]).expect(200)
    assert said(stage.arm(arm)) == (1, 1, 1.0)
    stage.change_v4(positive_labels=[{"type": "rating", "value": "bad"}, {"type": "action", "value": "copied"}]).expect(
        200
    )
    assert said(stage.arm(arm)) == (1, 1, 1.0)
    stage.change(positive_labels=[]).expect(200)
    assert said(stage.arm(arm)) == (1, 0, None)
    stage.change(positive_labels=[GOOD]).expect(200)
    assert said(stage.arm(arm)) == (1, 1, 0.0)


def test_v4_shows_mean_spread_and_trials(stage):
    logs = met(stage, 6)
    for log_ids in logs.values():
        for log_id in log_ids:
            stage.rate(log_id, "good")

    (shown,) = stage.server.get(f"{stage.place}/experiments").expect(200)

    check([shown], "get", "/projects/{project_id}/experiments")
    for config in shown["configs"]:
        met_by = len(logs[config["id"]])
        assert config["trials_count"] == met_by
        assert config["mean"] == (1.0 if met_by else None)
        assert (config["spread"] is not None) == (met_by > 0)
        assert not met_by or 0 < config["spread"] < 1


def test_results_of_environments_are_kept_apart(stage, staging):
    stage.deploy(staging["id"]).expect(200)
    here = stage.call(user="ada")["data"][0]
    there = [stage.call(user=name, environment=staging["name"])["data"][0] for name in ("ada", "ben")]
    stage.rate(here["id"], "good")
    stage.rate(there[0]["id"], "bad")

    name = staging["name"].replace(" ", "%20")
    production, other, busiest = (
        stage.results("?environment=production"),
        stage.results(f"?environment={name}"),
        stage.results(),
    )

    assert busiest == other
    assert (production["environment"]["name"], other["environment"]["id"]) == ("production", staging["id"])
    assert {each["name"]: each["trials"] for each in other["environments"]} == {"production": 1, staging["name"]: 2}
    assert production["environments"] == other["environments"]
    assert sum(each["trials"] for each in production["arms"]) == 1
    assert [each["mean"] for each in production["arms"] if each["rated_units"]] == [1.0]
    assert [each["mean"] for each in other["arms"] if each["rated_units"]] == [0.0]
    assert here["model_config_id"] == there[0]["model_config_id"]  # a user has one arm, wherever the call is made
    detail = stage.server.get(f"/api/experiments/{stage.id}/results?environment=nowhere").expect(404)["detail"]
    assert "'production'" in detail["message"]


def test_an_environment_without_results_has_zeros(stage, staging):
    stage.call(user="ada")

    there = stage.results(f"?environment={staging['name'].replace(' ', '%20')}")

    assert [said(each) for each in there["arms"]] == [(0, 0, None)] * 2


def test_a_failing_arm_shows_its_errors(running_server, project_name):
    fails = {"fault": {"kind": "server_error"}}
    stage = Stage.build(running_server, project_name, scripts={"one": fails, "two": fails}, live=True)
    for n in range(3):
        reply = running_server.post("/v4/completion-deployed", {"project": project_name, "user": f"user {n}"})
        assert reply.status == 503

    arms = stage.results()["arms"]

    assert sum(each["trials"] for each in arms) == sum(each["errors"] for each in arms) == 3
    assert {each["error_rate"] for each in arms} <= {None, 1.0}
    assert {each["latency_p50"] for each in arms} == {None}


def test_cost_and_tokens_of_logs_that_were_made_elsewhere(stage):
    for cost in (0.5, 0.25, None):
        sampled = stage.sample()
        log = {"project": stage.project, "trial_id": sampled["trial_id"], "prompt_tokens": 7, "output_tokens": 5}
        stage.server.post("/v4/logs", log | {"prompt_cost": cost, "output_cost": cost, "duration": 2}).expect(200)

    arms = stage.results()["arms"]

    assert sum(each["cost"] for each in arms) == pytest.approx(1.5)
    assert sum(each["priced_logs"] for each in arms) == 2
    assert sum(each["prompt_tokens"] for each in arms) == 21
    assert sum(each["output_tokens"] for each in arms) == 15
    for each in arms:
        assert each["mean_cost"] == (pytest.approx(each["cost"] / each["priced_logs"]) if each["priced_logs"] else None)
        assert each["latency_p95"] is None or each["latency_p95"] == pytest.approx(2, rel=0.01)


def test_a_third_arm_makes_two_comparisons(stage):
    stage.change(arms=[{"config_id": stage.config()}]).expect(200)

    results = stage.results()

    assert len(results["comparisons"]) == 2
    assert "Bonferroni" in results["correction"]


def test_a_paused_arm_keeps_its_results(stage):
    sample = stage.call(user="ada")["data"][0]
    arm = sample["model_config_id"]
    stage.rate(sample["id"], "good")

    stage.change(arms=[{"config_id": arm, "active": False}]).expect(200)

    assert said(stage.arm(arm)) == (1, 1, 1.0)
    assert stage.arm(arm)["active"] is False
    assert stage.call(user="ada")["data"][0]["model_config_id"] != arm
    assert sum(each["trials"] for each in stage.results()["arms"]) == 2  # ada has met both now


def test_the_timeline_ends_with_what_is_known_now(stage):
    logs = met(stage, 8)
    for log_ids in logs.values():
        for log_id in log_ids:
            stage.rate(log_id, "good")

    place = f"/api/experiments/{stage.id}/timeline"
    whole = stage.server.get(place).expect(200)
    last = stage.server.get(f"{place}?points=1&environment=production").expect(200)

    results = stage.results()
    assert (whole["environment"], whole["control"]) == (results["environment"], stage.one)
    assert [each["at"] for each in whole["points"]] == sorted(each["at"] for each in whole["points"])
    assert last["points"] == whole["points"][-1:]
    (point,) = last["points"]
    assert point["comparisons"] == results["comparisons"]
    now = [
        {"config_id": arm["config_id"], "units": arm["rated_units"], "mean": arm["mean"], "interval": arm["interval"]}
        for arm in results["arms"]
    ]
    assert point["arms"] == now


@pytest.mark.parametrize("query", ["points=0", "points=1001", "points=x", "environment=%00"])
def test_a_timeline_that_cannot_be(stage, query):
    (issue,) = stage.server.get(f"/api/experiments/{stage.id}/timeline?{query}").expect(422)["detail"]

    assert issue["loc"] == ["query", query.split("=")[0]]
