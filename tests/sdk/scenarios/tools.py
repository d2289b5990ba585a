"""Tools of the organisation: functions that configs link, and snippets that templates take in."""

from typing import Any

from tests.sdk.scenarios.registry import scenario
from tests.sdk.scenarios.stage import Stage, acollect, refused

USER = {"role": "user", "content": "What is the weather in Paris?"}
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def made(stage: Stage, kind: str, **more: Any) -> dict[str, Any]:
    """A new tool, under a name of its own."""
    body = {"kind": kind, "name": stage.name("tool").replace(" ", "_"), **more}
    tool: dict[str, Any] = stage.http("POST", "/api/tools", body)
    return tool


def linking(stage: Stage, project: str, tool: dict[str, Any]) -> Any:
    """A registered chat config that links the tool, live."""
    link = {"id": tool["id"], "source": "organization"}
    template = [{"role": "system", "content": "You know the weather."}]
    return stage.client.model_configs.register(
        project=project, model="gpt-4o", provider="mock", chat_template=template, tools=[link]
    )


def assert_called(stage: Stage, project: str, name: str) -> None:
    """Whether a call can demand the tool by this name."""
    choice = {"type": "function", "function": {"name": name}}
    sample = stage.client.chat_deployed(project=project, messages=[USER], tool_choice=choice).data[0]
    assert [each.function.name for each in sample.tool_calls] == [name]


@scenario
def a_linked_tool_is_the_organisations_of_the_moment(stage: Stage) -> None:
    project, tool = stage.name(), made(stage, "json_schema", description="The weather.", parameters=PARAMETERS)
    registered = linking(stage, project, tool)
    old, new = tool["name"], f"{tool['name']}_now"
    assert_called(stage, project, old)
    stage.http("PATCH", f"/api/tools/{tool['id']}", {"name": new})
    assert_called(stage, project, new)
    refused(422, lambda: assert_called(stage, project, old))
    assert linking(stage, project, tool).config.id == registered.config.id

    (shown,) = stage.client.model_configs.get(id=registered.config.id).tools
    assert type(shown).__name__ == "ToolResponse"
    assert (shown.id, shown.name, shown.description) == (tool["id"], new, "The weather.")
    assert (shown.source, dict(shown.parameters)["required"]) == ("organization", ["city"])


@scenario
def a_tool_that_is_not_there_cannot_be_linked(stage: Stage) -> None:
    (error,) = refused(422, lambda: linking(stage, stage.name(), {"id": "oc_nobody"}))
    assert error["loc"] == ["body", "tools"]
    assert "oc_nobody" in error["msg"]


@scenario
def a_snippet_is_taken_in_and_told(stage: Stage) -> None:
    tool = made(stage, "snippet", snippets={"greeting": "Good day"})
    project, call = stage.name(), f"{tool['name']}(greeting)"
    registered = stage.registered(project, f"{{{{ {call} }}}}, {{{{name}}}}!")
    answer = stage.client.complete_deployed(project=project, inputs={"name": "Ada"})
    (sample,) = answer.data
    assert "Good day, Ada!" in sample.output
    (ran,) = sample.tool_results
    assert type(ran).__name__ == "ToolResultResponse"
    assert (ran.id, ran.name, ran.signature, ran.result) == (tool["id"], tool["name"], call, "Good day")
    (kept,) = stage.log(registered.project_id, sample.id).tools
    assert dict(kept)["result"] == "Good day"
    detail = refused(
        422, lambda: stage.client.complete_deployed(project=project, inputs={"name": "Ada", "greeting": "farewell"})
    )
    assert "no snippet 'farewell'" in detail["message"], detail


@scenario
def a_snippet_in_a_chat_is_told_too(stage: Stage) -> None:
    tool = made(stage, "snippet", snippets={"manner": "Be kind."})
    project, template = stage.name(), [{"role": "system", "content": f'{{{{ {tool["name"]}("manner") }}}}'}]
    stage.client.model_configs.register(project=project, model="gpt-4o", provider="mock", chat_template=template)
    (sample,) = stage.client.chat_deployed(project=project, messages=[USER]).data
    assert sample.messages[0].content == "Be kind."
    assert [each.result for each in sample.tool_results] == ["Be kind."]


@scenario
async def a_stream_tells_the_snippets(stage: Stage) -> None:
    tool = made(stage, "snippet", snippets={"greeting": "Good day"})
    project = stage.name()
    stage.registered(project, f"{{{{ {tool['name']}(greeting) }}}}")
    chunks = await acollect(stage.client.complete_deployed_stream(project=project))
    told = [each["tool_results"] for each in chunks if each["tool_results"]]
    assert [[each["result"] for each in results] for results in told] == [["Good day"]]
