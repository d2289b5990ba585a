from textwrap import dedent, indent

import pytest

from tests.contract_v4.answers import check

FILE = """\
---
model: gpt-4o
temperature: 0.5
max_tokens: -1
top_p: 1.0
presence_penalty: 0.0
frequency_penalty: 0.0
provider: openai
endpoint: chat
tools: [
  {
    "name": "weather",
    "description": "Tells the weather.",
    "parameters": {
      "type": "object",
      "properties": {
        "city": {
          "type": "string"
        }
      },
      "required": ["city"]
    }
  }
]
---
<system>
  Be kind.
</system>

<user>
  <text>
    What is the weather here?
  </text>
  <image url="https://example.com/a.png" detail="low"/>
</user>

<assistant>
  <tool name="weather" id="call_1">
    {"city": "Bern"}
  </tool>
</assistant>

<tool name="weather" id="call_1">
  Sunny
</tool>
"""

TOOL = {
    "name": "weather",
    "description": "Tells the weather.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Bern"}'}}
CONFIG = {
    "model": "gpt-4o",
    "temperature": 0.5,
    "endpoint": "chat",
    "chat_template": [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "What is the weather here?"}, IMAGE]},
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "name": "weather", "tool_call_id": "call_1", "content": "Sunny"},
    ],
    "tools": [TOOL],
}


def deserialize(server, text, status=200):
    return server.post("/v4/model-configs/deserialize", {"config": text}).expect(status)


def test_a_config_is_written(running_server):
    answer = running_server.post("/v4/model-configs/serialize", CONFIG).expect(200)

    check(answer, "post", "/model-configs/serialize")
    assert answer == FILE


def test_a_file_is_read(running_server):
    answer = deserialize(running_server, FILE)

    check(answer, "post", "/model-configs/deserialize")
    assert answer["id"].startswith("config_")
    assert (answer["endpoint"], answer["temperature"], answer["name"]) == ("chat", 0.5, None)
    assert [each["name"] for each in answer["tools"]] == ["weather"]
    assert answer["tools"][0]["parameters"] == TOOL["parameters"]
    assert answer["chat_template"][1]["content"][1] == IMAGE
    assert answer["chat_template"][2]["tool_calls"] == [CALL]


def test_a_registered_config_is_exported(running_server, register):
    config = register(**CONFIG, prompt_template=None, provider=None, name="First try")["config"]

    answer = running_server.post(f"/v4/model-configs/{config['id']}/export").expect(200)

    check(answer, "post", "/model-configs/{id}/export")
    assert answer == FILE.replace("---\n", '---\nname: "First try"\n', 1)


def test_every_text_is_sent_as_json_whatever_is_asked_for(running_server, register):
    config = register()["config"]

    asked = {"X-API-KEY": running_server.key, "Accept": "text/prompt"}
    reply = running_server.send("POST", f"/v4/model-configs/{config['id']}/export", headers=asked)

    assert reply.headers["content-type"] == "application/json"
    assert reply.expect(200).endswith("---\nHi {{name}}")


def test_what_was_exported_registers_as_the_same_config(running_server, register, project_name):
    first = register(**CONFIG | {"prompt_template": "unused"}, stop=["\n"], other={"a": [None]}, seed=3)["config"]
    file = running_server.post(f"/v4/model-configs/{first['id']}/export").expect(200)

    read = deserialize(running_server, file)
    again = running_server.post("/v4/model-configs", {**read, "project": project_name}).expect(200)["config"]

    assert again == first
    assert {**read, "id": first["id"]} == first


def test_reading_registers_nothing_and_always_says_the_same_id(running_server):
    first, second = deserialize(running_server, FILE), deserialize(running_server, FILE)

    assert first == second
    assert deserialize(running_server, FILE.replace("0.5", "0.6"))["id"] != first["id"]
    running_server.get(f"/v4/model-configs/{first['id']}").expect(404)


def test_a_file_that_is_indented_as_a_whole(running_server):
    assert deserialize(running_server, "\n" + indent(FILE, " " * 8) + " " * 8) == deserialize(running_server, FILE)


def test_a_file_without_an_endpoint(running_server):
    chat = deserialize(running_server, "---\nmodel: m\n---\n<user>\n  Hi\n</user>\n")
    complete = deserialize(running_server, "---\nmodel: m\n---\nHi <user>")
    neither = deserialize(running_server, "---\nmodel: m\nchat_template: [{role: user}]\n---\n\n")

    assert (chat["endpoint"], chat["prompt_template"]) == ("chat", None)
    assert (complete["endpoint"], complete["prompt_template"]) == ("complete", "Hi <user>")
    assert (neither["endpoint"], neither["chat_template"][0]["role"]) == ("chat", "user")


@pytest.mark.parametrize(
    ("file", "line", "part"),
    [
        ("model: m", 1, "begins with a header"),
        ("---\nmodel: m\n", 1, "does not end"),
        ("---\n---\n", 1, "`model`: Field required"),
        ("---\nmodel: m\ntemprature: 1\n---\n", 3, "no `temprature`"),
        ("---\nmodel: m\nid: config_1\n---\n", 3, "no `id`"),
        ("---\nmodel: m\n\ntemperature: hot\n---\n", 4, "`temperature`"),
        ("---\nmodel: 4\n---\n", 2, "`model`"),
        ("---\nmodel: m\nendpoint: edit\n---\n", 3, "`endpoint`"),
        ("---\nmodel: m\nendpoint: [chat]\n---\n", 3, "`endpoint`"),
        ("---\nmodel: m\ntools:\n- name: a\n- description: b\n---\n", 5, "`tools.1`"),
        ("---\nmodel: m\ntools:\n- name: a\n  parameters:\n    - b\n---\n", 5, "`tools.0.parameters`"),
        ("---\nmodel: m\nstop: [a, 1]\n---\n", 3, "`stop.1`"),
        ("---\nmodel: m\nresponse_format: {type: xml}\n---\n", 3, "`response_format.type`"),
        ("---\nmodel: m\ntype: tool\n---\n", 3, "only says what made a log"),
        ("---\nmodel: m\n---\n\n<user name='\0'/>", 5, "`chat_template.0.name`"),
        ("---\nmodel: m\n---\n<user>\n  Hi\n", 4, "<user> is not closed"),
        ("---\nmodel: m\nendpoint: chat\n---\n\nHi\n", 6, "<user>"),
        ("---\nmodel: m\nprompt_template: a\n---\n\nb\n", 6, "`prompt_template` already"),
        ("---\nmodel: m\nchat_template: []\n---\n<user/>\n", 5, "`chat_template` already"),
        ("---\nmodel: m\na: !!python/object/apply:os.system [x]\n---\n", 3, "tags"),
        ("---\nmodel: m\nother: [*a]\n---\n", 3, "aliases"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_by_its_line(running_server, file, line, part):
    (issue,) = deserialize(running_server, file, 422)["detail"]

    assert issue["loc"] == ["body", "config"]
    assert issue["msg"].startswith(f"Line {line}: "), issue["msg"]
    assert part in issue["msg"]


def test_everything_wrong_in_the_header_is_told_at_once(running_server):
    file = dedent("""\
        ---
        model: m
        temperature: hot
        seed: 1.5
        ---
        """)

    issues = deserialize(running_server, file, 422)["detail"]

    assert [each["msg"].split(":")[0] for each in issues] == ["Line 3", "Line 4"]


@pytest.mark.parametrize(
    "text",
    [
        "---\nmodel: m\nendpoint: chat\n---\n" + "<user>\n" * 100_000,
        "---\nmodel: m\nendpoint: chat\n---\n<user>\n" + "  <text>\n" * 100_000 + "</user>",
        "---\nmodel: m\nendpoint: chat\n---\n<user>\n" + "  \\" + "\\" * 100_000 + "<x\n</user>",
        "---\nmodel: m\nendpoint: chat\n---\n<user" + " " * 1_000_000,
        "---\nmodel: m\nendpoint: chat\n---\n<user" + ' name="a"' * 100_000,
        "---\nmodel: m\nother: " + '{"a":' * 100_000,
        "---\nmodel: m\nother: [" + "1," * 200_000 + "]\n---\n",
        "---\na: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n---\n",
        "---\n" * 100_000,
        " " * 1_000_000 + "---\n---\n",
        "---\nmodel: m\n---\n" + "\\" * 1_000_000,
        '---\nmodel: m\nother: "' + "\\" * 1_000_001 + '"\n---\n',
        "---\nmodel: m\nendpoint: chat\n---\n" + "<user/>\n" * 2_000,
    ],
)
def test_a_hostile_file_is_read_or_refused(running_server, text):
    reply = running_server.post("/v4/model-configs/deserialize", {"config": text})

    assert reply.status in (200, 422), reply.body[:1000]


@pytest.mark.parametrize("body", [{}, {"config": None}, {"config": 1}, {"config": {"model": "m"}}, [], "x"])
def test_what_is_no_file_at_all(running_server, body):
    detail = running_server.post("/v4/model-configs/deserialize", body).expect(422)["detail"]

    assert detail[0]["loc"][0] == "body"


@pytest.mark.parametrize("change", [{"model": None}, {"endpoint": "edit"}, {"chat_template": [{"role": "wizard"}]}])
def test_what_cannot_be_registered_cannot_be_written(running_server, change):
    detail = running_server.post("/v4/model-configs/serialize", CONFIG | change).expect(422)["detail"]

    assert detail[0]["loc"][:2] == ["body", *change]


def test_an_unknown_config_is_not_exported(running_server, other_organisation, register):
    config = register()["config"]

    assert (
        "no model config" in running_server.post("/v4/model-configs/config_x/export").expect(404)["detail"]["message"]
    )
    other_organisation.post(f"/v4/model-configs/{config['id']}/export").expect(404)
