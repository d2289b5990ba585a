import pytest

from tests.contract_v4.answers import check


def test_a_registered_config_has_every_documented_key(running_server, register, project_name):
    answer = register()

    check(answer, "post", "/model-configs")
    assert answer["project_name"] == project_name
    assert answer["num_datapoints"] == 0
    config = answer["config"]
    assert config["type"] == "model"
    assert config["endpoint"] == "complete"
    assert (config["tools"], config["tool_configs"]) == ([], [])
    assert (config["max_tokens"], config["temperature"], config["top_p"]) == (-1, 1, 1)


def test_reading_gives_the_bare_config(running_server, register):
    config = register()["config"]

    read = running_server.get(f"/v4/model-configs/{config['id']}").expect(200)

    check(read, "get", "/model-configs/{id}")
    assert read == config


def test_the_name_stays_null_unless_it_was_given(register):
    assert register()["config"]["name"] is None
    assert register(prompt_template="x", name="First try")["config"]["name"] == "First try"


def test_the_same_parameters_are_the_same_config(running_server, register):
    first = register(temperature=1, max_tokens=-1, other={"a": 1, "b": 2})
    same = register(temperature=1.0, other={"b": 2.0, "a": 1}, name="a label", stop=None, tools=None)
    different = register(temperature=0.9, other={"a": 1, "b": 2})

    assert same["config"]["id"] == first["config"]["id"]
    assert different["config"]["id"] != first["config"]["id"]
    listed = running_server.get(f"/v4/projects/{first['project_id']}/configs").expect(200)
    check(listed, "get", "/projects/{id}/configs")
    assert [each["config"]["id"] for each in listed] == [different["config"]["id"], first["config"]["id"]]


def test_the_first_config_goes_live_and_later_ones_do_not(running_server, register):
    first = register()
    register(prompt_template="Second")

    active = running_server.get(f"/v4/projects/{first['project_id']}/active-config").expect(200)

    check(active, "get", "/projects/{id}/active-config")
    assert active["config"] == first["config"]
    assert active["environment_id"].startswith("env_")


def test_a_chat_config(register):
    template = [{"role": "system"}, {"role": "user", "content": "{{question}}", "name": None}]

    config = register(prompt_template=None, chat_template=template)["config"]

    assert config["endpoint"] == "chat"
    empty = {"name": None, "tool_call_id": None, "tool_calls": None, "tool_call": None}
    assert config["chat_template"] == [
        {"role": "system", "content": None, **empty},
        {"role": "user", "content": "{{question}}", **empty},
    ]


def test_tools_in_the_shapes_of_old_clients(running_server, register):
    tool = {
        "type": "tool",
        "name": "search",
        "description": "Finds.",
        "parameters": {"type": "object", "properties": {"q": {"type": "string", "default": None}}},
        "source": "",
        "signature": "search(q)",
        "setup_schema": None,
    }

    link = {"id": "oc_OfOldClients", "source": "organization", "name": "linked"}
    body = {"kind": "json_schema", "name": "of_old_clients", "id": link["id"]}
    running_server.post("/api/tools", body).expect(201)
    answer = register(tools=[tool, link])

    check(answer, "post", "/model-configs")
    inline, linked = answer["config"]["tools"]
    assert inline["id"].startswith("tool_")
    assert inline["parameters"] == tool["parameters"]
    assert (linked["id"], linked["name"]) == (link["id"], "of_old_clients")
    assert [each["id"] for each in answer["config"]["tool_configs"]] == [inline["id"], link["id"]]


def test_what_was_read_can_be_registered_again(running_server, register, project_name):
    first = register(
        tools=[{"name": "search", "parameters": {}}], stop=["a", "b"], chat_template=[{"role": "user", "content": "x"}]
    )
    read = running_server.get(f"/v4/model-configs/{first['config']['id']}").expect(200)

    again = running_server.post("/v4/model-configs", {**read, "project": project_name}).expect(200)

    assert again["config"]["id"] == first["config"]["id"]


@pytest.mark.parametrize(
    ("sent", "shown"), [("x", "x"), (["x"], "x"), (["x", "y"], ["x", "y"]), ([], None), (None, None)]
)
def test_stop(register, sent, shown):
    assert register(stop=sent)["config"]["stop"] == shown


def test_a_provider_that_nobody_knows_is_kept(register):
    assert register(provider="deepseek", model="r99")["config"]["provider"] == "deepseek"


def test_numbers_are_kept_exactly(running_server, register):
    other = {"big": 123456789012345678901234567890, "small": 1e-300, "float": 1.0, "text": "é\u2028\U0001f600\x00"}

    config = register(other=other, seed=2**63 - 1, temperature=0.1)["config"]

    read = running_server.get(f"/v4/model-configs/{config['id']}").expect(200)
    assert read["other"] == other
    assert (read["seed"], read["temperature"]) == (2**63 - 1, 0.1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", None),
        ("model", ""),
        ("model", 7),
        ("provider", ""),
        ("endpoint", "edit"),
        ("temperature", "inf"),
        ("temperature", 10**400),
        ("max_tokens", 2**63),
        ("seed", 1.5),
        ("stop", [1]),
        ("other", []),
        ("template_language", "mustache"),
        ("response_format", {"type": "xml"}),
        ("chat_template", [{"role": "wizard"}]),
        ("chat_template", [{}] * 1001),
        ("tools", [{"description": "no name"}]),
        ("project", "a\x00b"),
    ],
)
def test_wrong_fields_are_named(running_server, project_name, field, value):
    body = {"project": project_name, "provider": "mock", "model": "m", field: value}

    reply = running_server.post("/v4/model-configs", body)

    assert reply.expect(422)["detail"][0]["loc"][:2] == ["body", field]


def test_values_are_not_repeated_in_errors(running_server):
    reply = running_server.post("/v4/model-configs", {"model": {"secret": "canary-4711"}, "stop": ["canary", 4711]})

    assert reply.status == 422
    assert b"4711" not in reply.body


def test_no_project(running_server):
    reply = running_server.post("/v4/model-configs", {"model": "m"})

    assert reply.expect(422)["detail"][0]["loc"] == ["body", "project"]


def test_an_experiment_that_is_not_there(running_server, register, project_name):
    made = register()
    body = {"project": project_name, "provider": "mock", "model": "m", "experiment": "e"}

    reply = running_server.post("/v4/model-configs", body)

    assert "experiment named 'e'" in reply.expect(404)["detail"]["message"]
    (only,) = running_server.get(f"/v4/projects/{made['project_id']}/configs").expect(200)
    assert only["config"]["id"] == made["config"]["id"]


def test_an_experiment_makes_no_project(running_server, project_name):
    body = {"project": project_name, "provider": "mock", "model": "m", "experiment": "e"}

    assert project_name in running_server.post("/v4/model-configs", body).expect(404)["detail"]["message"]

    names = [each["name"] for each in running_server.get("/v4/projects?size=1000").expect(200)["records"]]
    assert project_name not in names


def test_an_unknown_config(running_server):
    assert running_server.get("/v4/model-configs/config_nobody").expect(404)["detail"]["code"] == 404
    assert running_server.get("/v4/model-configs/%00").expect(422)["detail"][0]["loc"][0] == "path"
