"""Completions of prompt templates by the official client."""

import pytest
from openai.types import Completion

from tests.api.openai.conftest import strictly


def test_a_completion_is_that_of_what_is_deployed(door):
    project = door.completes(provider="mock", model="m")
    raw = door.client.completions.with_raw_response.create(
        model=project, prompt="", extra_body={"inputs": {"it": "hi"}}
    )
    answer = raw.parse()
    (choice,) = answer.choices
    assert (choice.index, choice.text, choice.finish_reason) == (0, "[mock m] You said: Say hi", "stop")
    assert (answer.object, answer.model, raw.headers["x-everloop-log-ids"]) == ("text_completion", project, answer.id)
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (2, 6, 8)
    log = door.app.log(answer.id)
    assert (log["inputs"], log["output"]) == ({"it": "hi"}, choice.text)


def test_the_answer_is_exactly_of_the_official_packages_shape(door):
    project = door.completes(provider="mock", model="gpt-3.5-turbo-instruct")
    call = {"model": project, "inputs": {"it": "hi"}, "n": 2, "logprobs": 1}
    answer = door.post("completions", call).expect(200)
    strictly(Completion, answer)
    assert set(answer) == {"id", "object", "created", "model", "system_fingerprint", "choices", "usage"}


@pytest.mark.parametrize("prompt", ["hi", ["hi"]])
def test_the_prompt_is_the_input_of_that_name(door, prompt):
    project = door.completes(provider="mock", model="m", prompt_template="Say {{prompt}}")
    answer = door.client.completions.create(model=project, prompt=prompt)
    assert answer.choices[0].text == "[mock m] You said: Say hi"
    assert door.app.log(answer.id)["inputs"] == {"prompt": "hi"}


def test_inputs_go_before_the_prompt_and_the_prompt_before_metadata(door):
    project = door.completes(provider="mock", model="m", prompt_template="{{prompt}}")
    metadata = {"metadata": {"prompt": "of metadata"}}
    for prompt, extra, told in [
        ("of its own", {"inputs": {"prompt": "of inputs"}, **metadata}, "of inputs"),
        ("of its own", metadata, "of its own"),
        (None, metadata, "of metadata"),
    ]:
        answer = door.client.completions.create(model=project, prompt=prompt, extra_body=extra)
        assert answer.choices[0].text.endswith(f"You said: {told}")


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-3.5-turbo-instruct"])
@pytest.mark.parametrize("stream", [False, True])
def test_log_probabilities_of_chat_models_and_of_completion_models_look_alike(door, model, stream):
    project = door.completes(provider="mock", model=model, other={"mock": {"text": "one two"}})
    answer = door.client.completions.create(
        model=project, prompt="", logprobs=2, stream=stream, extra_body={"inputs": {"it": "hi"}}
    )
    choices = [each.choices[0] for each in (answer if stream else [answer])]
    (told,) = [each.logprobs for each in choices if each.logprobs]
    assert (told.tokens, told.text_offset) == (["one", " two"], [0, 3])
    assert told.token_logprobs == [told.top_logprobs[0]["one"], told.top_logprobs[1][" two"]]
    assert [len(each) for each in told.top_logprobs] == [2, 2]


def test_suffix_seed_and_user_go_on_to_the_provider(door):
    project = door.completes(model="gpt-3.5-turbo-instruct")
    door.client.completions.create(
        model=project, prompt="", suffix="end", seed=7, user="ada", extra_body={"inputs": {"it": "hi"}}
    )
    asked = door.asked()
    assert (asked["suffix"], asked["seed"], asked["user"], asked["prompt"]) == ("end", 7, "ada", "Say hi")


def test_a_stream_is_the_plain_answer_in_pieces(door):
    project = door.completes(provider="mock", model="m", other={"mock": {"text": ["one two", "three"]}})
    stream = door.client.completions.create(
        model=project,
        prompt="",
        n=2,
        stream=True,
        stream_options={"include_usage": True},
        extra_body={"inputs": {"it": "hi"}},
    )
    chunks = list(stream)
    *pieces, last = chunks
    texts = ["".join(each.choices[0].text for each in pieces if each.choices[0].index == n) for n in (0, 1)]
    assert texts == ["one two", "three"]
    reasons = [each.choices[0].finish_reason for each in pieces if each.choices[0].finish_reason]
    assert reasons == ["stop", "stop"]
    assert ({each.object for each in chunks}, len({each.id for each in chunks})) == ({"text_completion"}, 1)
    assert last.choices == []
    assert last.usage is not None
    assert (last.usage.prompt_tokens, last.usage.completion_tokens) == (2, 3)
