"""Snippets: texts of the organisation that templates take in, told in answers and logs as v4 tells tools that ran."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from tests.application import Application
from tests.contract_v4 import answers

Make = Callable[..., dict[str, Any]]
_numbers = count(1)


@pytest.fixture
def snippets(app: Application) -> Make:
    """Makes a tool of these texts, under a name of its own."""

    def make(**texts: str) -> dict[str, Any]:
        body = {"kind": "snippet", "name": f"snippet_{next(_numbers)}", "snippets": texts}
        made: dict[str, Any] = app.server.post("/api/tools", body).expect(201)
        return made

    return make


def prompt(app: Application) -> Any:
    return app.upstream.requests[-1].json["messages"][0]["content"]


def result(tool: dict[str, Any], argument: str, text: str) -> dict[str, str]:
    return {"id": tool["id"], "name": tool["name"], "signature": f"{tool['name']}({argument})", "result": text}


def test_the_text_is_sent_and_told_in_the_answer_and_the_log(app, snippets):
    tool = snippets(tone="Be kind to {{name}}.", rule="Never lie.")
    name = tool["name"]
    project = app.project(prompt_template=f'{{{{ {name}(tone) }}}} {{{{{name}("rule")}}}} {{{{it}}}}')

    answer = app.complete(project, num_samples=2, inputs={"it": "Go.", "name": "Ada"})

    assert prompt(app) == "Be kind to {{name}}. Never lie. Go."
    answers.check(answer, "POST", "/completion-deployed")
    ran = [result(tool, "tone", "Be kind to {{name}}."), result(tool, '"rule"', "Never lie.")]
    for sample in answer["data"]:
        assert sample["tool_results"] == ran
        assert app.log(sample["id"])["tools"] == ran


def test_a_stream_tells_them_too(app, snippets):
    tool = snippets(tone="Be kind.")
    project = app.project(prompt_template=f"{{{{ {tool['name']}(tone) }}}}")
    chunks = app.stream(project).chunks
    told = [each["tool_results"] for each in chunks if each["tool_results"]]
    assert told == [[result(tool, "tone", "Be kind.")]]
    assert app.log(chunks[0]["id"])["tools"] == told[0]


def test_a_call_without_tools_has_none(app):
    (sample,) = app.complete(app.project())["data"]
    assert sample["tool_results"] == []
    assert app.log(sample["id"])["tools"] == []


def test_save_false_keeps_no_text(app, snippets):
    tool = snippets(tone="Be kind.")
    project = app.project(prompt_template=f"{{{{ {tool['name']}(tone) }}}}")
    (sample,) = app.complete(project, save=False)["data"]
    assert sample["tool_results"] == [result(tool, "tone", "Be kind.")]
    assert app.log(sample["id"])["tools"] == []


def test_an_input_chooses_the_snippet(app, snippets):
    tool = snippets(kind="Be kind.", brief="Be brief.")
    project = app.project(prompt_template=f"{{{{ {tool['name']}(tone) }}}}")
    for tone, text in (("kind", "Be kind."), ("brief", "Be brief.")):
        app.complete(project, inputs={"tone": tone})
        assert prompt(app) == text


def test_an_edit_is_live_at_once_and_old_logs_stay(app, snippets):
    tool = snippets(tone="Be kind.")
    project = app.project(prompt_template=f"{{{{ {tool['name']}(tone) }}}}")
    (before,) = app.complete(project)["data"]
    app.server.patch(f"/api/tools/{tool['id']}", {"snippets": {"tone": "Be brief."}}).expect(200)
    (after,) = app.complete(project)["data"]
    assert prompt(app) == "Be brief."
    assert before["model_config_id"] == after["model_config_id"]
    assert [app.log(each["id"])["tools"][0]["result"] for each in (before, after)] == ["Be kind.", "Be brief."]


@pytest.mark.parametrize(
    ("call", "inputs", "words"),
    [
        ('NAME("nothing")', {}, ["no snippet 'nothing'", "tone"]),
        ("NAME(tone)", {"tone": "nothing"}, ["no snippet 'nothing'", "tone"]),
        ("NAME(nothing)", {}, ["no snippet 'nothing'", "tone", "name of an input"]),
        ('NAME("tone", "tone")', {}, ["one argument"]),
        ('OTHER("tone")', {}, ["OTHER", "NAME"]),
    ],
)
def test_a_call_that_finds_nothing_is_a_clear_422_and_asks_nobody(app, snippets, call, inputs, words):
    name = snippets(tone="Be kind.")["name"]
    project = app.project(prompt_template="{{ " + call.replace("NAME", name) + " }}")
    for stream in (False, True):
        reply = app.call(project, inputs=inputs, stream=stream)
        assert (reply.status, reply.detail["type"]) == (422, "unprocessable_entity_error")
        for each in words:
            assert each.replace("NAME", name) in reply.detail["message"]
    assert app.upstream.requests == []
    assert app.logs(project) == []


def test_a_function_is_no_tool_for_templates(app, snippets):
    name = f"function_{next(_numbers)}"
    app.server.post("/api/tools", {"kind": "json_schema", "name": name}).expect(201)
    reply = app.call(app.project(prompt_template=f'{{{{ {name}("x") }}}}'))
    assert reply.status == 422
    assert name in reply.detail["message"]


def test_snippets_in_use_are_kept(app, snippets):
    tool = snippets(tone="Be kind.")
    made = app.register(prompt_template=f"{{{{ {tool['name']}(tone) }}}}")
    place = f"/api/tools/{tool['id']}"
    for reply in (app.server.delete(place), app.server.patch(place, {"name": "elsewhere"})):
        assert (reply.status, reply.detail["type"]) == (409, "conflict_error")
        assert made["project_name"] in reply.detail["message"]
    app.server.delete(f"/v4/projects/{made['project_id']}/active-config").expect(200)
    app.server.delete(place).expect(204)


def test_jinja_has_snippets_too(app, snippets):
    tool = snippets(tone="Be kind.")
    template = f'{{% for each in names %}}{{{{ {tool["name"]}("tone") }}}} {{{{ each }}}}. {{% endfor %}}'
    project = app.project(prompt_template=template, template_language="jinja")
    (sample,) = app.complete(project, inputs={"names": ["Ada", "Bob"]})["data"]
    assert prompt(app) == "Be kind. Ada. Be kind. Bob. "
    assert [(each["id"], each["result"]) for each in sample["tool_results"]] == [(tool["id"], "Be kind.")]
    reply = app.server.delete(f"/api/tools/{tool['id']}")
    assert reply.status == 409
