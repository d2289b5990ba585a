"""The call that everything else exists for, plain."""

from typing import Any

from tests.sdk.scenarios.registry import scenario, scenario_of
from tests.sdk.scenarios.stage import Stage, refused


def assert_hello(answer: Any, made: Any) -> None:
    """Whether it is a whole typed answer of the config that `Stage.registered` makes, given Ada."""
    assert type(answer).__name__ == "CompletionResponse"
    assert answer.project_id == made.project_id
    assert (answer.num_samples, answer.logprobs, answer.suffix, answer.user) == (1, None, None, None)
    assert (answer.metadata, answer.session_id) == (None, None)
    assert type(answer.usage).__name__ == "Usage"
    assert answer.usage.prompt_tokens > 0
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.generation_tokens
    (sample,) = answer.data
    assert type(sample).__name__ == "DataResponse"
    assert sample.id.startswith("data_")
    assert len(sample.id) == len("data_") + 21, sample.id
    assert (sample.index, sample.finish_reason) == (0, "stop")
    assert (sample.inputs, sample.tool_results) == ({"name": "Ada"}, [])
    assert sample.model_config_id_ == made.config.id
    assert sample.output == sample.raw_output == "[mock gpt-4o] You said: Hello Ada!"
    (response,) = answer.provider_responses
    assert response["choices"][0]["message"]["content"] == sample.raw_output


@scenario
def a_deployed_config_completes_by_project_name_and_id(stage: Stage) -> None:
    project = stage.name()
    made = stage.registered(project)
    assert_hello(stage.client.complete_deployed(project=project, inputs={"name": "Ada"}), made)
    assert_hello(stage.client.complete_deployed(project_id=made.project_id, inputs={"name": "Ada"}), made)
    assert_hello(stage.client.completions.create_deployed(project=project, inputs={"name": "Ada"}), made)


@scenario
async def a_deployed_config_completes_asynchronously(stage: Stage) -> None:
    project = stage.name()
    made = stage.registered(project)
    assert_hello(await stage.client.acomplete_deployed(project=project, inputs={"name": "Ada"}), made)
    assert_hello(await stage.client.completions.acreate_deployed(project=project, inputs={"name": "Ada"}), made)


@scenario
async def the_raw_namespace_shows_the_whole_answer(stage: Stage) -> None:
    project = stage.name()
    made = stage.registered(project)
    asked = {"project": project, "inputs": {"name": "Ada"}}
    for answer in (
        stage.client.completions.raw.create_deployed(**asked),
        await stage.client.completions.raw.acreate_deployed(**asked),
    ):
        assert answer.status == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-request-id"]
        assert answer.body["project_id"] == made.project_id
        assert set(answer.body) == {
            *("project_id", "num_samples", "logprobs", "suffix", "user", "data", "usage", "metadata"),
            *("provider_responses", "provider_request", "session_id"),
        }
        request = answer.body["provider_request"]
        assert request["messages"] == [{"role": "user", "content": "Hello Ada!"}]
        assert (request["temperature"], request["n"], "max_tokens" in request) == (1, 1, False)


@scenario_of("0.7.35")
def the_answer_shows_what_the_provider_was_asked(stage: Stage) -> None:
    project = stage.name()
    stage.registered(project)
    answer = stage.client.complete_deployed(project=project, inputs={"name": "Ada"})
    assert answer.provider_request["model"] == "gpt-4o"
    assert answer.provider_request["messages"] == [{"role": "user", "content": "Hello Ada!"}]


@scenario
def what_was_asked_is_echoed(stage: Stage) -> None:
    project = stage.name()
    made = stage.registered(project)
    metadata = {"who": "Ada", "deep": {"list": [1, 2.5, None, True]}}
    answer = stage.client.complete_deployed(
        project=project,
        inputs={"name": "Ada", "spare": [1]},
        metadata=metadata,
        user="user-1",
        source="tests",
        seed=7,
        logprobs=2,
        return_inputs=False,
    )
    assert (answer.metadata, answer.user, answer.logprobs) == (metadata, "user-1", 2)
    assert answer.data[0].inputs == {}
    tokens = answer.provider_responses[0]["choices"][0]["logprobs"]["content"]
    assert "".join(each["token"] for each in tokens) == answer.data[0].raw_output
    assert len(tokens[0]["top_logprobs"]) == 2
    log = stage.log(made.project_id, answer.data[0].id)
    assert (log.metadata, log.user, log.source) == (metadata, "user-1", "tests")
    assert log.inputs == {"name": "Ada", "spare": [1]}


@scenario
def several_samples_have_a_log_each(stage: Stage) -> None:
    project = stage.name()
    made = stage.saying(project, ["one", "two", "three"])
    answer = stage.client.complete_deployed(project=project, num_samples=3)
    assert answer.num_samples == 3
    assert [each.index for each in answer.data] == [0, 1, 2]
    assert [each.output for each in answer.data] == ["one", "two", "three"]
    assert len({each.id for each in answer.data}) == 3
    for sample in answer.data:
        assert stage.log(made.project_id, sample.id).output == sample.output


@scenario
def the_output_is_stripped_and_the_raw_one_is_not(stage: Stage) -> None:
    project = stage.name()
    stage.saying(project, "\n  Grüße 😀, \u2028 data: 1 \t ")
    sample = stage.client.complete_deployed(project=project).data[0]
    assert sample.output == "Grüße 😀, \u2028 data: 1"
    assert sample.raw_output == "\n  Grüße 😀, \u2028 data: 1 \t "


@scenario
def a_cut_answer_says_so(stage: Stage) -> None:
    project = stage.name()
    stage.registered(project, max_tokens=2, stop="!")
    sample = stage.client.complete_deployed(project=project, inputs={"name": "Ada"}).data[0]
    assert (sample.output, sample.finish_reason) == ("[mock gpt-4o]", "length")


@scenario
def what_the_client_turns_into_text_fills_the_template(stage: Stage) -> None:
    project = stage.name()
    stage.registered(project, "{{ whole }}/{{half}}/{{yes}}/{{text}}")
    asked = {"whole": 3, "half": 0.5, "yes": True, "text": "{{whole}}"}
    output = stage.client.complete_deployed(project=project, inputs=asked).data[0].output
    assert "You said: 3/0.5/" in output
    assert output.endswith("/{{whole}}"), output


@scenario_of("0.7.35")
def an_unsaved_call_keeps_no_text(stage: Stage) -> None:
    project = stage.name()
    made = stage.registered(project)
    answer = stage.client.complete_deployed(project=project, inputs={"name": "Ada"}, save=False, metadata={"kept": 1})
    assert answer.data[0].output == "[mock gpt-4o] You said: Hello Ada!"
    log = stage.log(made.project_id, answer.data[0].id)
    assert (log.save, log.inputs, log.output, log.raw_output) == (False, {}, None, None)
    assert (log.provider_request, log.provider_response) == (None, None)
    assert (log.metadata, log.config.id, log.finish_reason) == ({"kept": 1}, made.config.id, "stop")
    assert log.output_tokens == answer.usage.generation_tokens
    given = stage.client.feedback(type="rating", value="good", data_id=log.id)
    assert given.id.startswith("ann_")


@scenario
def nested_inputs_are_reached_in_both_languages(stage: Stage) -> None:
    inputs = {"order": {"lines": [{"name": "tea"}, {"name": "milk"}]}}
    plain, jinja = stage.name(), stage.name()
    stage.registered(plain, "{{ order.lines[1].name }}")
    template = "{% for each in order.lines %}{{ loop.index }}. {{ each.name }}\n{% endfor %}"
    config = {"model": "gpt-4o", "provider": "mock", "prompt_template": template, "template_language": "jinja"}
    stage.http("POST", "/v4/model-configs", {"project": jinja, **config})  # no client has a word for the language
    for project, said in ((plain, "milk"), (jinja, "1. tea\n2. milk")):
        (sample,) = stage.client.complete_deployed(project=project, inputs=inputs).data
        assert sample.output == f"[mock gpt-4o] You said: {said}"
        assert dict(sample.inputs)["order"]["lines"][0]["name"] == "tea"
    error = refused(422, lambda: stage.client.complete_deployed(project=plain, inputs={"order": {"lines": []}}))
    assert "order.lines[1].name" in error["message"]
    error = refused(422, lambda: stage.client.complete_deployed(project=jinja, inputs={}))
    assert "order" in error["message"]
