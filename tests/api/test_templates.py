"""What templates can say, from a config to the answer and the log."""

import json

import pytest

SAID = "[mock m] You said: "
CHAT = [
    {"role": "system", "content": "{% if who %}Be kind to {{ who }}.{% endif %}"},
    {"role": "user", "content": [{"type": "text", "text": "{% for each in all %}{{ each.name }} {% endfor %}"}]},
]


@pytest.fixture
def ask(running_server, project_name):
    """A completion by a config of its own."""

    def asked(template, inputs=None, **config):
        body = {"provider": "mock", "model": "m", "prompt_template": template} | config
        return running_server.post(
            "/v4/completion", {"project": project_name, "model_config": body, "inputs": inputs or {}}
        )

    return asked


@pytest.fixture
def snippets(running_server):
    """A tool with snippets, whose name is given."""
    body = {"kind": "snippet", "name": "persona", "snippets": {"kind": "Be kind to {{who}}.", "two words": "Be brief."}}
    made = running_server.post("/api/tools", body).expect(201)
    yield made
    running_server.delete(f"/api/tools/{made['id']}").expect(204)


def outputs(reply):
    return [each["output"] for each in reply.expect(200)["data"]]


@pytest.mark.parametrize("language", ["default", "jinja"])
def test_dotted_and_indexed_names(ask, language):
    inputs = {"a": {"b": [{"c": "x"}, 2]}, "d": "y"}
    reply = ask("{{ a.b[0].c }} {{ a.b[1] }} {{ d }}", inputs, template_language=language)
    assert outputs(reply) == [f"{SAID}x 2 y"]


@pytest.mark.parametrize("language", ["default", "jinja"])
def test_missing_inputs_are_told_at_once(ask, language):
    detail = ask("{{ z }} {{ a }} {{ d.e }} {{ given }}", {"given": 1, "d": {}}, template_language=language)
    assert (detail.status, detail.detail["type"]) == (422, "unprocessable_entity_error")
    assert "Missing input variables: a, d.e, z." in detail.detail["message"]


def test_conditions_and_loops(ask):
    template = "{% for each in all if each.on %}{{ loop.index }}. {{ each.name|upper }}\n{% endfor %}"
    inputs = {"all": [{"name": "a", "on": True}, {"name": "b", "on": False}, {"name": "c", "on": True}]}
    assert outputs(ask(template, inputs, template_language="jinja")) == [f"{SAID}1. A\n2. C"]
    # In v4's own language all that is text.
    assert outputs(ask("{% if a %}{{a}}{% endif %}", {"a": 1})) == [f"{SAID}{{% if a %}}1{{% endif %}}"]


def test_inserted_text_is_not_looked_at_again(ask):
    for language in ("default", "jinja"):
        reply = ask("{{ a }}", {"a": "{{ b }}{% x %}{{ f(b) }}", "b": "no"}, template_language=language)
        assert outputs(reply) == [f"{SAID}{{{{ b }}}}{{% x %}}{{{{ f(b) }}}}"]


@pytest.mark.parametrize("language", ["default", "jinja"])
@pytest.mark.parametrize("streamed", [False, True])
def test_tools_of_templates_are_told_in_answers_and_logs(running_server, ask, snippets, language, streamed):
    template = '{{ persona("kind") }} {{ persona("two words") }} {{ persona("kind") }}'
    config = {"provider": "mock", "model": "m", "prompt_template": template, "template_language": language}
    body = {"project": f"tools {language} {streamed}", "model_config": config, "num_samples": 2, "stream": streamed}
    reply = running_server.post("/v4/completion", body)
    told = [
        {"id": snippets["id"], "name": "persona", "signature": f'persona("{key}")', "result": text}
        for key, text in snippets["snippets"].items()
    ]
    if streamed:
        events = [json.loads(line[6:]) for line in reply.body.split(b"\n") if line.startswith(b"data: ")]
        data = [event["data"][0] for event in events]
        # Once a sample: its last event has them.
        assert all(each["tool_results"] == ([] if each["finish_reason"] is None else told) for each in data)
        ids = {each["id"] for each in data}
    else:
        data = reply.expect(200)["data"]
        assert [each["tool_results"] for each in data] == [told, told]
        assert data[0]["output"] == f"{SAID}Be kind to {{{{who}}}}. Be brief. Be kind to {{{{who}}}}."
        ids = {each["id"] for each in data}
    assert len(ids) == 2
    for each in ids:
        assert running_server.get(f"/v4/logs/{each}").expect(200)["tools"] == told


def test_a_log_that_keeps_nothing_keeps_no_results(running_server, project_name, snippets):
    config = {"provider": "mock", "model": "m", "prompt_template": '{{ persona("kind") }}'}
    body = {"project": project_name, "model_config": config, "save": False}
    (data,) = running_server.post("/v4/completion", body).expect(200)["data"]
    assert data["tool_results"] != []
    assert running_server.get(f"/v4/logs/{data['id']}").expect(200)["tools"] == []


@pytest.mark.parametrize("language", ["default", "jinja"])
def test_a_tool_that_is_not_there(ask, snippets, language):
    reply = ask('{{ google("x") }}', template_language=language)
    assert (reply.status, reply.detail["type"]) == (422, "unprocessable_entity_error")
    assert "google" in reply.detail["message"]
    if language == "default":
        assert "persona" in reply.detail["message"]
    reply = ask('{{ persona("none") }}', template_language=language)
    assert reply.status == 422
    assert "kind, two words" in reply.detail["message"]


def test_a_chat_renders_each_message(running_server, project_name):
    config = {"provider": "mock", "model": "m", "chat_template": CHAT, "template_language": "jinja"}
    running_server.post("/v4/model-configs", config | {"project": project_name}).expect(200)
    inputs = {"who": "Ada", "all": [{"name": "x"}, {"name": "y"}]}
    messages = [{"role": "user", "content": "{{ who }}"}]
    body = {"project": project_name, "inputs": inputs, "messages": messages}
    (data,) = running_server.post("/v4/chat-deployed", body).expect(200)["data"]
    assert [each["content"] for each in data["messages"]] == [
        "Be kind to Ada.",
        [{"type": "text", "text": "x y "}],
        "{{ who }}",
    ]
    reply = running_server.post("/v4/chat-deployed", {"project": project_name, "messages": messages})
    assert reply.status == 422
    assert "all, who" in reply.detail["message"]


def test_an_experiment_between_the_languages(running_server, register, project_name):
    ids = [
        register(prompt_template=template, template_language=language)["config"]["id"]
        for template, language in (("{{ a.b }}", "default"), ("{% if a %}{{ a.b }}{% endif %}", "jinja"))
    ]
    project_id = register()["project_id"]
    body = {"name": "languages", "positive_labels": [], "config_ids": ids}
    made = running_server.post(f"/v4/projects/{project_id}/experiments", body).expect(200)
    call = {"project": project_name, "experiment_id": made["id"], "num_samples": 8, "inputs": {"a": {"b": "x"}}}
    said = outputs(running_server.post("/v4/completion-experiment", call))
    assert [each.partition("] ")[2] for each in said] == ["You said: x"] * 8


def test_a_config_says_its_language_and_another_language_is_another_config(running_server, register, project_name):
    plain = register(prompt_template="{{ a }}")["config"]
    same = register(prompt_template="{{ a }}", template_language="default")["config"]
    jinja = register(prompt_template="{{ a }}", template_language="jinja")["config"]
    assert (plain["template_language"], jinja["template_language"]) == ("default", "jinja")
    assert plain["id"] == same["id"] != jinja["id"]
    assert running_server.get(f"/v4/model-configs/{jinja['id']}").expect(200) == jinja


def test_a_prompt_file_keeps_the_language(running_server, register):
    config = register(prompt_template="{% if a %}{{ a }}{% endif %}", template_language="jinja")["config"]
    text = running_server.post(f"/v4/model-configs/{config['id']}/export").expect(200)
    assert "template_language: jinja\n" in text
    read = running_server.post("/v4/model-configs/deserialize", {"config": text}).expect(200)
    assert read["template_language"] == "jinja"


@pytest.mark.parametrize(
    ("config", "where", "said"),
    [
        ({"prompt_template": "a\n\n{% for x in %}"}, ["prompt_template"], "The template, line 3: syntax error"),
        ({"prompt_template": None, "chat_template": [*CHAT, {"role": "user", "content": "{{"}]},
         ["chat_template", 2, "content"], "Template 3 of the 3 of the config, line 1: syntax error"),
        ({"prompt_template": "{{ " + "-" * 100_000 + "1 }}"}, ["prompt_template"], "nested too deeply"),
    ],
)  # fmt: skip
def test_a_template_that_is_wrong_is_not_registered(running_server, project_name, config, where, said):
    body = {"project": project_name, "provider": "mock", "model": "m", "template_language": "jinja"} | config
    (issue,) = running_server.post("/v4/model-configs", body).expect(422)["detail"]
    assert issue["loc"] == ["body", *where]
    assert said in issue["msg"]
    page = running_server.get("/v4/projects?size=100").expect(200)
    assert project_name not in [each["name"] for each in page["records"]]


def test_a_template_that_fails_leaves_no_config_and_no_log(running_server, ask, project_name):
    reply = ask("{{ 1 / a }}", {"a": 0}, template_language="jinja")
    assert reply.status == 422
    assert "line 1: invalid operation: unable to calculate 1 / 0" in reply.detail["message"]
    ask("{{ a }}", {"a": 1}).expect(200)
    project_id = running_server.post("/v4/projects", {"name": project_name}).expect(201)["id"]
    assert len(running_server.get(f"/v4/projects/{project_id}/configs").expect(200)) == 1
    assert running_server.get(f"/v4/logs?project_id={project_id}").expect(200)["total"] == 1
