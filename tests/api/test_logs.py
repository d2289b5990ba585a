import pytest

from tests.contract_v4.answers import check

CONFIG = {"provider": "openai", "model": "gpt-4o", "prompt_template": "Hi {{name}}", "temperature": 0.5}


def test_a_log_comes_back_as_it_was_sent(running_server, project_name):
    sent = {
        "project": project_name,
        "config": {"type": "model", **CONFIG},
        "inputs": {"name": "Ada", "big": 123456789012345678901234567890, "deep": [[{"a": [None]}]], "nul": "\x00"},
        "output": " Hello \u2028\U0001f600\x00 ",
        "metadata": {"trace": 1.0},
        "source": "shop",
        "reference_id": project_name,
        "session_reference_id": f"session of {project_name}",
        "environment": "production",
        "judgment": ["good", "short"],
        "created_at": "2024-05-06T07:08:09.123+02:00",
        "duration": 1.25,
        "stdout": "printed",
        "error": "no error really",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
        "output_message": {"role": "assistant", "content": "Hello"},
        "prompt_tokens": 3,
        "output_tokens": 4,
        "prompt_cost": 0.1,
        "output_cost": 0.25,
        "provider_request": {"model": "gpt-4o"},
        "provider_response": {"id": 1},
        "feedback": {"type": "rating", "value": "good", "user": "ada"},
        "provider_api_keys": {},
    }

    made = running_server.post("/v4/logs", sent).expect(200)

    check(made, "post", "/logs")
    log = running_server.get(f"/v4/logs/{made['id']}").expect(200)
    check(log, "get", "/logs/{id}")
    same = sent.keys() - {"config", "created_at", "messages", "output_message", "feedback", "provider_api_keys"}
    assert {name: log[name] for name in same} == {name: sent[name] for name in same}
    assert log["created_at"] in ("2024-05-06T05:08:09.123000Z", "2024-05-06T05:08:09.123000+00:00")
    assert log["tokens"] == 7
    assert log["config"]["temperature"] == 0.5
    assert log["config_id"] == log["config"]["id"] == log["model_config"]["config"]["id"]
    assert log["model_config"]["num_datapoints"] == 1
    (feedback,) = log["feedback"]
    assert (feedback["type"], feedback["value"], feedback["user"]) == ("rating", "good", "ada")
    assert feedback["data_id"] == log["id"]
    assert set(log["messages"][0]) == {"role", "content", "name", "tool_call_id", "tool_calls", "tool_call"}
    assert log["output_message"]["content"] == "Hello"


def test_the_least_of_a_log(running_server, register):
    made = register()

    log_id = running_server.post("/v4/logs", _least(made)).expect(200)["id"]

    log = running_server.get(f"/v4/logs/{log_id}").expect(200)
    check(log, "get", "/logs/{id}")
    assert log["inputs"] == {}
    assert (log["feedback"], log["evaluation_results"], log["metric_values"]) == ([], [], [])
    assert (log["output"], log["session_id"], log["tokens"], log["environment"]) == (None, None, None, None)
    assert log["observability_status"] == "completed"
    assert log["save"] is True


@pytest.mark.parametrize(("prompt", "output"), [(3, None), (None, 0)])
def test_a_count_of_tokens_that_was_not_told_is_not_zero(running_server, register, prompt, output):
    sent = _least(register()) | {"prompt_tokens": prompt, "output_tokens": output}

    log_id = running_server.post("/v4/logs", sent).expect(200)["id"]

    log = running_server.get(f"/v4/logs/{log_id}").expect(200)
    assert (log["prompt_tokens"], log["output_tokens"], log["tokens"]) == (prompt, output, None)


def test_several_at_once_are_answered_in_order(running_server, register):
    made = register()

    answer = running_server.post("/v4/logs", [{**_least(made), "output": str(n)} for n in range(3)]).expect(200)

    check(answer, "post", "/logs")
    outputs = [running_server.get(f"/v4/logs/{each['id']}").expect(200)["output"] for each in answer]
    assert outputs == ["0", "1", "2"]
    assert running_server.post("/v4/logs", []).expect(200) == []


def test_several_at_once_are_kept_all_or_none(running_server, register):
    made = register()
    bodies = [_least(made), {**_least(made), "config_id": "config_nobody"}]

    assert running_server.post("/v4/logs", bodies).status == 404
    assert running_server.get(f"/v4/logs?project_id={made['project_id']}").expect(200)["total"] == 0


def test_an_error_in_a_list_says_which_one(running_server, register):
    made = register()

    wrong_type = running_server.post("/v4/logs", [_least(made), {**_least(made), "output": 7}]).expect(422)
    no_config = running_server.post("/v4/logs", [_least(made), {"project_id": made["project_id"]}]).expect(422)
    no_value = running_server.post("/v4/logs", {**_least(made), "feedback": [{"type": "rating"}]}).expect(422)

    assert wrong_type["detail"][0]["loc"] == ["body", 1, "output"]
    assert no_config["detail"][0]["loc"] == ["body", 1, "config"]
    assert no_value["detail"][0]["loc"] == ["body", "feedback", "value"]


def test_a_config_that_comes_with_a_log_does_not_go_live(running_server, project_name):
    made = running_server.post("/v4/logs", {"project": project_name, "config": CONFIG, "output": "x"}).expect(200)

    assert running_server.get(f"/v4/projects/{made['project_id']}/active-config").status == 400


def test_not_saved_means_no_text(running_server, register):
    made = register()
    body = {
        **_least(made),
        "save": False,
        "inputs": {"secret": "canary"},
        "output": "canary",
        "error": "canary",
        "metadata": {"kept": True},
    }

    log_id = running_server.post("/v4/logs", body).expect(200)["id"]

    reply = running_server.get(f"/v4/logs/{log_id}")
    log = reply.expect(200)
    check(log, "get", "/logs/{id}")
    assert (log["save"], log["inputs"], log["output"], log["metadata"]) == (False, {}, None, {"kept": True})
    assert b"canary" not in reply.body


def test_a_child_is_in_its_parents_session(running_server, register, project_name):
    made = register()
    parent = running_server.post(
        "/v4/logs", {**_least(made), "reference_id": project_name, "session_reference_id": project_name}
    ).expect(200)

    by_id = running_server.post("/v4/logs", {**_least(made), "parent_id": parent["id"]}).expect(200)
    by_reference = running_server.post("/v4/logs", {**_least(made), "parent_reference_id": project_name}).expect(200)

    assert by_id["session_id"] == by_reference["session_id"] == parent["session_id"]
    log = running_server.get(f"/v4/logs/{by_reference['id']}").expect(200)
    assert (log["parent_id"], log["parent_reference_id"]) == (parent["id"], project_name)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("inputs", []),
        ("output", {}),
        ("judgment", {"a": 1}),
        ("judgment", [1]),
        ("created_at", "yesterday"),
        ("created_at", 0),
        ("created_at", "1969-12-31T23:59:59Z"),
        ("created_at", "2082-01-01T00:00:00Z"),
        ("duration", "nan"),
        ("prompt_tokens", -1),
        ("prompt_tokens", 2**63),
        ("reference_id", "a\x00b"),
        ("session_id", "\x00"),
        ("messages", [{"content": "no role"}]),
        ("feedback", [{"value": "no type"}]),
        ("feedback", {"type": "x", "value": "a\x00b"}),
    ],
)
def test_wrong_fields_are_named(running_server, register, field, value):
    reply = running_server.post("/v4/logs", {**_least(register()), field: value})

    assert reply.expect(422)["detail"][0]["loc"][:2] == ["body", field]


def test_what_a_log_refers_to_must_be_there(running_server, register):
    least = _least(register())

    cases: list[tuple[dict[str, str | None], int]] = [
        ({"session_id": "sesh_nobody"}, 404),
        ({"parent_id": "data_nobody"}, 404),
        ({"parent_reference_id": "nobody"}, 404),
        ({"environment": "nowhere"}, 404),
        ({"config_id": "config_nobody"}, 404),
        ({"project_id": "pr_nobody"}, 404),
        ({"config_id": None, "trial_id": "trial_1"}, 404),
        ({"config_id": None}, 422),
        ({"project_id": None}, 422),
        ({"project": "disagrees"}, 422),
        ({"session_id": "a", "session_reference_id": "b"}, 422),
        ({"parent_id": "a", "parent_reference_id": "b"}, 422),
    ]
    for changes, status in cases:
        assert running_server.post("/v4/logs", {**least, **changes}).status == status, changes


def test_pages_are_newest_first_and_end_empty(running_server, register):
    made = register()
    ids = [running_server.post("/v4/logs", {**_least(made), "output": str(n)}).expect(200)["id"] for n in range(5)]
    seen = []
    for page in range(3):
        answer = running_server.get(f"/v4/logs?project_id={made['project_id']}&page={page}&size=2").expect(200)
        check(answer, "get", "/logs")
        assert (answer["page"], answer["size"], answer["total"]) == (page, 2, 5)
        seen += [each["id"] for each in answer["records"]]

    assert seen == ids[::-1]
    past = running_server.get(f"/v4/logs?project_id={made['project_id']}&page=3&size=2").expect(200)
    assert past == {"records": [], "page": 3, "size": 2, "total": 5}
    assert running_server.get(f"/v4/logs?project_id={made['project_id']}").expect(200)["size"] == 50


def test_a_list_needs_a_project(running_server):
    assert running_server.get("/v4/logs").expect(422)["detail"][0]["loc"] == ["query", "project_id"]
    assert running_server.get("/v4/logs?project_id=pr_nobody").status == 404


def test_an_unknown_log(running_server):
    assert running_server.get("/v4/logs/data_nobody").expect(404)["detail"]["code"] == 404


def test_the_log_of_a_completion(running_server, register, project_name):
    made = register()
    body = {"project": project_name, "inputs": {"name": "Ada"}, "user": "u1", "metadata": {"a": 1}}
    answer = running_server.post("/v4/completion-deployed", body).expect(200)

    log = running_server.get(f"/v4/logs/{answer['data'][0]['id']}").expect(200)

    check(log, "get", "/logs/{id}")
    assert log["config_id"] == made["config"]["id"]
    assert log["output"] == answer["data"][0]["output"]
    assert log["inputs"] == {"name": "Ada"}
    assert (log["user"], log["metadata"], log["environment"]) == ("u1", {"a": 1}, "production")
    assert log["tokens"] == answer["usage"]["total_tokens"]
    assert log["provider_request"] == answer["provider_request"]


def _least(made):
    return {"project_id": made["project_id"], "config_id": made["config"]["id"]}


def test_a_page_of_large_logs_is_refused_and_each_is_read(running_server, project_name):
    # An output is kept twice, as it came and as it was processed: two such logs are over 64 MiB.
    sent = {"project": project_name, "config": {"type": "model", **CONFIG}, "output": "x" * 17_000_000}
    first = running_server.post("/v4/logs", sent).expect(200)
    second = running_server.post("/v4/logs", {**sent, "project": None, "project_id": first["project_id"]}).expect(200)

    def page(query):
        return running_server.get(f"/v4/logs?project_id={first['project_id']}&{query}")

    detail = page("size=2").expect(413)["detail"]
    assert (detail["code"], detail["type"], detail["origin"]) == (413, "request_too_large_error", "Everloop")
    assert "ask for fewer with a smaller `size`" in detail["message"]
    assert running_server.post(f"/v4/projects/{first['project_id']}/export").status == 413
    for number, made in enumerate((second, first)):
        records = page(f"size=1&page={number}").expect(200)["records"]
        assert [(each["id"], len(each["output"])) for each in records] == [(made["id"], 17_000_000)]
