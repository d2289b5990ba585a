"""Every body parameter, plain and streamed: what reached the vendor, what came back, what is on the log."""

import json

import pytest

from everloop.api.v4.completion_models import CompletionDeployedRequest
from tests.application import OPERATOR_KEY
from tests.contract_v4 import answers
from tests.upstream import body, completion, stream

CHAT = {"model": "gpt-4o", "temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0, "n": 1}
DATA = {"id", "index", "output", "raw_output", "inputs", "finish_reason", "model_config_id", "tool_results"}


@pytest.fixture(params=["plain", "streamed"])
def ask(request, app):
    """Makes one call either way, and gives what the vendor was asked; `stream` is taken out of it."""

    def asked(project, **given):
        if request.param == "plain":
            app.complete(project, **given)
        else:
            assert app.stream(project, **given).status == 200
        (received,) = app.upstream.requests
        sent = dict(received.json)
        streamed = {"stream": True, "stream_options": {"include_usage": True}}
        expected = {"stream": False} if request.param == "plain" else streamed
        assert {key: sent.pop(key) for key in expected} == expected
        return received, sent

    return asked


def test_a_chat_model_gets_the_filled_template_as_one_user_message(app, ask):
    received, sent = ask(app.project())
    assert (received.method, received.path) == ("POST", "/v1/chat/completions")
    assert sent == CHAT | {"messages": [{"role": "user", "content": "Say hello"}]}
    assert received.headers["authorization"] == f"Bearer {OPERATOR_KEY}"
    assert received.headers["content-type"] == "application/json"
    assert "x-api-key" not in received.headers


def test_a_completion_model_gets_a_prompt_and_a_suffix(app, ask):
    received, sent = ask(app.project(model="gpt-3.5-turbo-instruct"), suffix=" the end", logprobs=3)
    assert received.path == "/v1/completions"
    chat = dict(CHAT, model="gpt-3.5-turbo-instruct")
    assert sent == chat | {"prompt": "Say hello", "suffix": " the end", "logprobs": 3}


def test_every_field_of_the_config_reaches_the_vendor(app, ask):
    project = app.project(
        max_tokens=7,
        temperature=0.5,
        top_p=0.25,
        stop=["\n", "END"],
        presence_penalty=0.1,
        frequency_penalty=-0.2,
        seed=11,
        response_format={"type": "json_object"},
        other={"logit_bias": {"50256": -100}, "temperature": 0.75, "vendor_field": [1, {"a": None}]},
    )
    _, sent = ask(project, seed=12, user="user-1", logprobs=2)
    assert sent == {
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": "Say hello"}],
        "n": 1,
        "max_tokens": 7,
        "temperature": 0.75,
        "top_p": 0.25,
        "stop": ["\n", "END"],
        "presence_penalty": 0.1,
        "frequency_penalty": -0.2,
        "seed": 11,
        "response_format": {"type": "json_object"},
        "user": "user-1",
        "logprobs": True,
        "top_logprobs": 2,
        "logit_bias": {"50256": -100},
        "vendor_field": [1, {"a": None}],
    }


def test_no_limit_is_no_field_and_the_calls_seed_counts_when_the_config_has_none(app, ask):
    _, sent = ask(app.project(max_tokens=-1), seed=2**63 - 1)
    assert "max_tokens" not in sent
    assert sent["seed"] == 2**63 - 1


def test_several_samples_are_asked_for_at_once(app, ask):
    _, sent = ask(app.project(), num_samples=3)
    assert sent["n"] == 3


def test_texts_arrive_exactly(app, ask):
    text = 'é\u2028\U0001f600\x00"\\ data: {{it}} \r\n\t'
    _, sent = ask(app.project(), inputs={"it": text})
    assert sent["messages"][0]["content"] == f"Say {text}"


def test_values_that_are_no_texts_are_written_as_texts(app, ask):
    _, sent = ask(app.project(), inputs={"it": [1, 2.5, "x", None, True], "unused": {}})
    assert sent["messages"][0]["content"] == "Say [1, 2.5, 'x', None, True]"


def test_the_calls_own_key_then_the_organisations_then_the_operators(app, ask):
    project = app.project()
    app.server.put("/api/provider-keys/openai", {"key": "sk-organisation"}).expect(200)
    try:
        received, _ = ask(project)
        assert received.headers["authorization"] == "Bearer sk-organisation"
        app.upstream.reset()
        received, _ = ask(project, provider_api_keys={"openai": "sk-call", "anthropic": "sk-other"})
        assert received.headers["authorization"] == "Bearer sk-call"
    finally:
        assert app.server.delete("/api/provider-keys/openai").status == 204
    app.upstream.reset()
    received, _ = ask(project, provider_api_keys={"openai": None, "openai_azure_endpoint": "https://evil.example"})
    assert received.headers["authorization"] == f"Bearer {OPERATOR_KEY}"


def test_without_any_key_the_answer_says_where_to_put_one(running_server, register):
    project = register(provider="openai", model="gpt-4o")["project_name"]
    for streamed in (False, True):
        reply = running_server.post(
            "/v4/completion-deployed", {"project": project, "inputs": {"name": "x"}, "stream": streamed}
        )
        assert reply.status == 400
        for place in ("provider_api_keys", "/api/provider-keys", "OPENAI_API_KEY"):
            assert place in reply.detail["message"]
    assert running_server.post("/v4/projects", {"name": project}).expect(201)["data_count"] == 0


def test_the_answer_has_every_key_of_the_contract(app):
    project = app.project(model="gpt-3.5-turbo-instruct")
    app.upstream.answer(completion("\n Hi "))
    answer = app.complete(
        project, user="u", suffix="!", logprobs=1, metadata={"k": [1, None]}, session_reference_id="talk"
    )
    answers.check(answer, "post", "/completion-deployed")
    (sample,) = answer["data"]
    assert set(sample) == DATA
    (received,) = app.upstream.requests
    assert answer["provider_request"] == received.json
    assert answer["provider_responses"][0]["choices"][0]["text"] == "\n Hi "
    assert (sample["output"], sample["raw_output"], sample["finish_reason"]) == ("Hi", "\n Hi ", "stop")
    assert (sample["index"], sample["inputs"], sample["tool_results"]) == (0, {"it": "hello"}, [])
    assert answer["usage"] == {"prompt_tokens": 2, "generation_tokens": 3, "total_tokens": 5, "reasoning_tokens": None}
    echoed = ("num_samples", "logprobs", "suffix", "user", "metadata")
    assert [answer[key] for key in echoed] == [1, 1, "!", "u", {"k": [1, None]}]
    assert answer["session_id"].startswith("sesh_")


def test_what_was_not_given_is_null_and_not_absent(app):
    answer = app.complete(app.project())
    answers.check(answer, "post", "/completion-deployed")
    assert [answer[key] for key in ("logprobs", "suffix", "user", "metadata", "session_id")] == [None] * 5
    assert answer["num_samples"] == 1


def test_null_means_absent_and_unknown_keys_are_ignored(app):
    nothing = dict.fromkeys(set(CompletionDeployedRequest.model_fields) - {"project", "inputs"})
    answer = app.complete(app.project(), **nothing, projectId="pr_x", unknown={"deep": []}, provider_api_key="x")
    assert len(answer["data"]) == 1


def test_every_sample_is_one_of_the_data_with_a_log_of_its_own(app):
    app.upstream.answer(completion(["a", "b b", "c"]))
    answer = app.complete(app.project(), num_samples=3)
    assert [(each["index"], each["output"]) for each in answer["data"]] == [(0, "a"), (1, "b b"), (2, "c")]
    logs = [app.log(each["id"]) for each in answer["data"]]
    assert [log["output"] for log in logs] == ["a", "b b", "c"]
    assert len({log["id"] for log in logs}) == 3
    assert sum(log["output_tokens"] for log in logs) == answer["usage"]["generation_tokens"] == 4
    assert [log["prompt_tokens"] for log in logs] == [answer["usage"]["prompt_tokens"], 0, 0]
    assert len(answer["provider_responses"]) == 1


ONE = body({"choices": [{"index": 0, "message": {"content": "only one"}, "finish_reason": "stop"}]})


def test_a_vendor_that_ignores_n_is_asked_again_for_the_rest(app):
    app.upstream.always(ONE)
    answer = app.complete(app.project(), num_samples=3)
    assert [request.json["n"] for request in app.upstream.requests] == [3, 2, 1]
    assert [each["output"] for each in answer["data"]] == ["only one"] * 3
    assert len(answer["provider_responses"]) == 3
    assert len({each["id"] for each in answer["data"]}) == 3


@pytest.mark.parametrize("said", [False, 0, "false"])  # each can only be meant so
def test_without_return_inputs_they_stay_on_the_log_alone(app, said):
    (sample,) = app.complete(app.project(), return_inputs=said)["data"]
    assert sample["inputs"] == {}
    assert app.log(sample["id"])["inputs"] == {"it": "hello"}


def test_finish_reasons_are_v4s(app):
    project = app.project()
    for said, told in (("length", "length"), ("tool_calls", "tool_call"), ("function_call", "tool_call")):
        app.upstream.answer(completion("x", finish_reason=said), completion("x", finish_reason=said))
        (sample,) = app.complete(project)["data"]
        assert sample["finish_reason"] == told
        assert app.log(sample["id"])["finish_reason"] == told
        assert app.stream(project).chunks[-1]["finish_reason"] == told


def test_numbers_come_back_and_are_kept_exactly(app):
    text = '{"it": 18446744073709551617, "n": -9223372036854775809, "f": 0.1, "e": 1e300, "long": %s}' % ("9" * 4000)
    raw = b'{"project": %s, "inputs": %s, "metadata": %s}' % (
        json.dumps(app.project()).encode(),
        text.encode(),
        text.encode(),
    )
    answer = json.loads(app.server.post("/v4/completion-deployed", raw).body)
    log = app.log(answer["data"][0]["id"])
    expected = json.loads(text)
    assert answer["data"][0]["inputs"] == answer["metadata"] == log["inputs"] == log["metadata"] == expected
    assert app.upstream.requests[0].json["messages"][0]["content"] == "Say 18446744073709551617"


def test_usage_is_estimated_when_the_vendor_is_silent(app):
    app.upstream.always(completion("x" * 40, usage=False))
    project = app.project()
    plain, streamed = app.complete(project), app.stream(project)
    expected = {"prompt_tokens": 3, "generation_tokens": 10, "total_tokens": 13, "reasoning_tokens": None}
    assert plain["usage"] == streamed.events[-1]["usage"] == expected
    assert app.log(plain["data"][0]["id"])["tokens"] == 13


def test_reasoning_is_told(app):
    usage = {"prompt_tokens": 5, "completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 6}}
    app.upstream.answer(
        body({"choices": [{"index": i, "message": {"content": "x"}, "finish_reason": "stop"} for i in range(2)],
              "usage": usage})
    )  # fmt: skip
    answer = app.complete(app.project(), num_samples=2)
    assert answer["usage"] == {"prompt_tokens": 5, "generation_tokens": 9, "total_tokens": 14, "reasoning_tokens": 6}


@pytest.mark.parametrize("counts", [(10**30, 1), (2**63, 2**63), (-5, -1)])
def test_a_count_that_cannot_be_true_is_not_believed(app, counts):
    usage = {"prompt_tokens": counts[0], "completion_tokens": counts[1]}
    choice = {"index": 0, "finish_reason": "stop"}
    app.upstream.answer(body({"choices": [choice | {"message": {"content": "x"}}], "usage": usage}))
    app.upstream.answer(stream({"choices": [choice | {"delta": {"content": "x"}}]}, {"choices": [], "usage": usage}))
    project = app.project()
    estimated = {"prompt_tokens": 3, "generation_tokens": 1, "total_tokens": 4, "reasoning_tokens": None}
    assert app.complete(project)["usage"] == app.stream(project).events[-1]["usage"] == estimated
    assert [log["tokens"] for log in app.logs(project)] == [4, 4]
