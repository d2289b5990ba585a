"""Chats, plain and streamed, and calls that bring a config of their own or name one."""

from typing import Any

from tests.sdk.scenarios.registry import scenario, scenario_of
from tests.sdk.scenarios.stage import Stage, acollect, refused, stream_refused

USER = {"role": "user", "content": "What is the weather in Paris?"}
TEMPLATE = [{"role": "system", "content": "You are {{who}}."}]
TOOL = {
    "name": "get_weather",
    "description": "The weather in a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
CALLING = {"mock": {"tool_calls": [{"name": "get_weather", "arguments": {"city": "Paris"}}]}}
ARGUMENTS = '{"city":"Paris"}'
CONFIG = {"model": "gpt-4o", "provider": "mock", "chat_template": TEMPLATE}


def registered(stage: Stage, project: str, **settings: Any) -> Any:
    """A registered chat config, live."""
    return stage.client.model_configs.register(project=project, **CONFIG, **settings)


def arguments(chunks: list[dict[str, Any]], index: int = 0) -> str:
    """The arguments of a streamed call, put together."""
    pieces = [each for chunk in chunks for each in chunk["tool_calls"] or () if each["index"] == index]
    return "".join(each["function"]["arguments"] for each in pieces)


def assert_said(answer: Any, made: Any, text: str = "[mock gpt-4o] You said: What is the weather in Paris?") -> None:
    """Whether it is a whole typed answer of the config, with this text."""
    assert type(answer).__name__ == "ChatResponse"
    assert (answer.project_id, answer.num_samples, answer.session_id) == (made.project_id, 1, None)
    assert type(answer.usage).__name__ == "Usage"
    (sample,) = answer.data
    assert type(sample).__name__ == "ChatDataResponse"
    assert (sample.output, sample.raw_output, sample.finish_reason) == (text, text, "stop")
    assert (sample.inputs, sample.tool_results) == ({"who": "Ada"}, [])
    assert sample.model_config_id_ == made.config.id
    assert type(sample.output_message).__name__ in ("ChatMessage", "ChatMessageWithToolCall")
    assert (sample.output_message.role, sample.output_message.content) == ("assistant", text)
    assert [(each.role, each.content) for each in sample.messages] == [
        ("system", "You are Ada."),
        ("user", USER["content"]),
    ]


@scenario
def a_deployed_chat_answers_by_project_name_and_id(stage: Stage) -> None:
    project = stage.name()
    made = registered(stage, project)
    asked = {"messages": [USER], "inputs": {"who": "Ada"}}
    assert_said(stage.client.chat_deployed(project=project, **asked), made)
    assert_said(stage.client.chat_deployed(project_id=made.project_id, **asked), made)
    answer = stage.client.chats.create_deployed(project=project, **asked)
    assert_said(answer, made)
    log = stage.log(made.project_id, answer.data[0].id)
    assert [each.role for each in log.messages] == ["system", "user"]
    assert log.output_message.content == answer.data[0].output


@scenario
async def a_deployed_chat_answers_asynchronously(stage: Stage) -> None:
    project = stage.name()
    made = registered(stage, project)
    asked = {"project": project, "messages": [USER], "inputs": {"who": "Ada"}}
    assert_said(await stage.client.achat_deployed(**asked), made)
    assert_said(await stage.client.chats.acreate_deployed(**asked), made)


@scenario
async def the_raw_answer_of_a_chat_has_every_key(stage: Stage) -> None:
    project = stage.name()
    registered(stage, project, tools=[TOOL], other=CALLING)
    asked = {"project": project, "messages": [USER], "inputs": {"who": "Ada"}, "tool_choice": "auto"}
    for answer in (
        stage.client.chats.raw.create_deployed(**asked),
        await stage.client.chats.raw.acreate_deployed(**asked),
    ):
        assert answer.status == 200
        assert answer.body["tool_choice"] == "auto"
        (sample,) = answer.body["data"]
        assert set(sample) == {
            *("id", "index", "output", "raw_output", "inputs", "finish_reason", "model_config_id", "tool_results"),
            *("messages", "tool_call", "tool_calls", "output_message"),
        }
        for message in (*sample["messages"], sample["output_message"]):
            assert set(message) == {"content", "name", "tool_call_id", "role", "tool_calls", "tool_call"}


@scenario
def a_tool_is_called_and_its_answer_is_sent_back(stage: Stage) -> None:
    project = stage.name()
    made = registered(stage, project, tools=[TOOL], other=CALLING)
    asked = {"project": project, "inputs": {"who": "Ada"}}
    sample = stage.client.chat_deployed(**asked, messages=[USER], tool_choice="auto").data[0]
    assert (sample.output, sample.finish_reason) == ("", "tool_call")
    (call,) = sample.tool_calls
    assert (call.type, call.function.name, call.function.arguments) == ("function", "get_weather", ARGUMENTS)
    assert (sample.tool_call.name, sample.tool_call.arguments) == ("get_weather", ARGUMENTS)
    log = stage.log(made.project_id, sample.id)
    assert log.finish_reason == "tool_call"
    assert log.output_message.tool_calls[0].function.arguments == ARGUMENTS

    called = {
        "role": "assistant",
        "content": "",
        "tool_calls": [
            {"id": call.id, "type": "function", "function": {"name": "get_weather", "arguments": ARGUMENTS}}
        ],
    }
    replied = {"role": "tool", "content": "Rain.", "tool_call_id": call.id}
    answer = stage.client.chat_deployed(**asked, messages=[USER, called, replied])
    assert answer.data[0].output == "[mock gpt-4o] You said: Rain."
    assert [each.role for each in answer.data[0].messages] == ["system", "user", "assistant", "tool"]
    assert answer.data[0].tool_calls is None


@scenario
def a_tool_can_be_demanded_and_forbidden(stage: Stage) -> None:
    project = stage.name()
    registered(stage, project, tools=[TOOL], other=CALLING)
    asked = {"project": project, "messages": [USER], "inputs": {"who": "Ada"}}
    named = {"type": "function", "function": {"name": "get_weather"}}
    assert stage.client.chat_deployed(**asked, tool_choice=named).data[0].tool_calls
    assert stage.client.chat_deployed(**asked, tool_choice="none").data[0].tool_calls is None
    assert stage.client.chat_deployed(**asked, tool_call={"name": "get_weather"}).data[0].tool_calls
    detail = refused(
        422,
        lambda: stage.client.chat_deployed(
            **asked, tool_choice={"type": "function", "function": {"name": "no_such_tool"}}
        ),
    )
    assert detail[0]["loc"] == ["body", "tool_choice"]


@scenario_of("0.7.35")
def any_tool_can_be_demanded(stage: Stage) -> None:
    project = stage.name()
    registered(stage, project, tools=[TOOL])
    asked = {"project": project, "messages": [USER], "inputs": {"who": "Ada"}}
    answer = stage.client.chat_deployed(**asked, tool_choice="required")
    assert answer.tool_choice == "required"
    assert answer.data[0].tool_calls[0].function.arguments == "{}"


@scenario
async def a_chat_is_streamed(stage: Stage) -> None:
    project = stage.name()
    made = registered(stage, project, other={"mock": {"text": " one two three\n"}})
    asked = {"project": project, "messages": [USER], "inputs": {"who": "Ada"}}
    chunks = await acollect(stage.client.chat_deployed_stream(**asked))
    assert "".join(chunk["output"] for chunk in chunks) == "one two three"
    assert "".join(chunk["output_message"]["content"] for chunk in chunks) == " one two three\n"
    assert [chunk["finish_reason"] for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    (log_id,) = {chunk["id"] for chunk in chunks}
    assert stage.log(made.project_id, log_id).output == "one two three"


@scenario
async def tool_calls_are_streamed_in_pieces(stage: Stage) -> None:
    project = stage.name()
    made = registered(stage, project, tools=[TOOL], other=CALLING)
    chunks = await acollect(stage.client.chat_deployed_stream(project=project, messages=[USER], inputs={"who": "Ada"}))
    assert arguments(chunks) == ARGUMENTS
    called = [chunk["tool_calls"][0] for chunk in chunks if chunk["tool_calls"]]
    assert {each["function"]["name"] for each in called} == {"get_weather"}
    assert len({each["id"] for each in called}) == 1
    assert chunks[-1]["finish_reason"] == "tool_call"
    log = stage.log(made.project_id, chunks[-1]["id"])
    assert log.output_message.tool_calls[0].function.arguments == ARGUMENTS


@scenario
async def three_samples_of_a_chat_are_told_apart(stage: Stage) -> None:
    project = stage.name()
    made = registered(stage, project, other={"mock": {"text": ["one", "two", "three"]}})
    asked = {"project": project, "messages": [USER], "inputs": {"who": "Ada"}, "num_samples": 3}
    plain = stage.client.chat_deployed(**asked)
    assert [(each.index, each.output) for each in plain.data] == [(0, "one"), (1, "two"), (2, "three")]
    chunks = await acollect(stage.client.chat_deployed_stream(**asked))
    for index, text in enumerate(("one", "two", "three")):
        mine = [chunk for chunk in chunks if chunk["index"] == index]
        assert "".join(chunk["output"] for chunk in mine) == text
        assert mine[-1]["finish_reason"] == "stop"
        assert stage.log(made.project_id, mine[-1]["id"]).output == text


@scenario
def images_are_sent_as_parts(stage: Stage) -> None:
    project = stage.name()
    registered(stage, project)
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}}
    message = {"role": "user", "content": [{"type": "text", "text": "Look:"}, image]}
    answer = stage.client.chats.raw.create_deployed(project=project, messages=[message], inputs={"who": "Ada"})
    assert answer.body["provider_request"]["messages"][1] == message
    assert answer.body["data"][0]["messages"][1]["content"] == message["content"]
    assert answer.body["data"][0]["output"] == "[mock gpt-4o] You said: Look:"


@scenario
async def a_config_of_the_calls_own_is_registered_once(stage: Stage) -> None:
    project = stage.name()
    asked = {"project": project, "messages": [USER], "inputs": {"who": "Ada"}, "model_config": CONFIG}
    first = stage.client.chat(**asked)
    second = await stage.client.chats.acreate(**asked)
    chunks = await acollect(stage.client.chat_stream(**asked))
    ids = {first.data[0].model_config_id_, second.data[0].model_config_id_, chunks[0]["model_config_id"]}
    assert len(ids) == 1
    (known,) = stage.client.projects.list_configs(id=first.project_id)
    assert {known.config.id} == ids
    assert (
        "no active deployment"
        in refused(400, lambda: stage.client.chat_deployed(project=project, messages=[USER]))["message"]
    )


@scenario
async def a_completions_config_of_the_calls_own_is_registered_once(stage: Stage) -> None:
    project = stage.name()
    config = {"model": "gpt-4o", "provider": "mock", "prompt_template": "Hello {{name}}!"}
    asked = {"project": project, "inputs": {"name": "Ada"}, "model_config": config}
    first = stage.client.complete(**asked)
    assert first.data[0].output == "[mock gpt-4o] You said: Hello Ada!"
    second = await stage.client.completions.acreate(**asked)
    chunks = await acollect(stage.client.complete_stream(**asked))
    assert "".join(chunk["output"] for chunk in chunks) == first.data[0].output
    ids = {first.data[0].model_config_id_, second.data[0].model_config_id_, chunks[0]["model_config_id"]}
    assert len(ids) == 1
    made = stage.registered(project)
    assert {made.config.id} == ids


@scenario
async def a_config_is_called_by_its_id(stage: Stage) -> None:
    project, client = stage.name(), stage.client
    made = registered(stage, project)
    complete = stage.registered(stage.name())
    asked = {"messages": [USER], "inputs": {"who": "Ada"}}
    assert_said(client.chat_model_config(project=project, model_config_id=made.config.id, **asked), made)
    assert_said(await client.chats.acreate_model_config(model_config_id=made.config.id, **asked), made)
    chunks = await acollect(client.chat_model_config_stream(model_config_id=made.config.id, **asked))
    assert chunks[-1]["model_config_id"] == made.config.id
    greeted = client.complete_model_configuration(model_config_id=complete.config.id, inputs={"name": "Ada"})
    assert greeted.data[0].output == "[mock gpt-4o] You said: Hello Ada!"
    for call in (
        lambda: client.chat_model_config(model_config_id=complete.config.id, **asked),
        lambda: client.complete_model_configuration(model_config_id=made.config.id),
    ):
        assert "cannot answer" in refused(400, call)["message"]
    assert (
        "config_unknown"
        in refused(404, lambda: client.chat_model_config(model_config_id="config_unknown", **asked))["message"]
    )


@scenario_of("0.7.0")
def each_sample_of_a_chat_draws_its_own_config(stage: Stage) -> None:
    project = stage.name()
    made = [registered(stage, project, temperature=each) for each in (0.1, 0.2)]
    ids = [each.config.id for each in made]
    experiment = stage.client.experiments.create(
        project_id=made[0].project_id,
        name="e",
        positive_labels=[{"type": "rating", "value": "good"}],
        config_ids=ids,
    )
    answer = stage.client.chat_experiment(
        experiment_id=experiment.id, messages=[USER], inputs={"who": "Ada"}, num_samples=16
    )
    assert {each.model_config_id_ for each in answer.data} == set(ids)


@scenario
async def wrong_chats_are_refused(stage: Stage) -> None:
    project = stage.name()
    registered(stage, project)
    asked = {"project": project, "inputs": {"who": "Ada"}}
    detail = refused(
        422, lambda: stage.client.chat_deployed(**asked, messages=[USER, {"role": "tool", "content": "x"}])
    )
    assert detail[0]["loc"] == ["body", "messages", 1, "tool_call_id"]
    detail = await stream_refused(422, stage.client.chat_deployed_stream(project=project, messages=[USER]))
    assert "who" in detail["message"]
    stage.client.chat_deployed(**asked, messages=[{"role": "system"}, USER])
