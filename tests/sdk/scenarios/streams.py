"""The same call, streamed as this version of the client reads streams."""

import json
from typing import Any

from tests.sdk.scenarios.registry import scenario, scenario_of_plain_calls, scenario_with_vendor
from tests.sdk.scenarios.stage import Stage, acollect, stream_refused

TEXTS = {
    "words": "Once upon a time there was a stream.",
    "other scripts": "Grüße, 世界! 😀 👩\u200d👩\u200d👧 e\u0301",
    "the separator of old clients": 'data: {"a": 1} and data: data:  data:\u00a0x data: ',
    "line ends": "one\ntwo\r\nthree\rfour\u2028five\u2029six\x85seven\n\nevent: error\ndata: no\n\n",
    "white space around": "  \n\t two words \n ",
    "a long line": "😀" * 60_000 + "\\\"'" * 20_000,
    "many words": "word " * 3000,
    "nothing": "",
}


@scenario
async def a_stream_adds_up_to_the_plain_answer(stage: Stage) -> None:
    for what, text in TEXTS.items():
        project = stage.name()
        made = stage.saying(project, text)
        plain = stage.client.complete_deployed(project=project).data[0]
        assert plain.raw_output == text, what
        chunks = await acollect(stage.client.complete_deployed_stream(project=project))
        assert "".join(chunk["output"] for chunk in chunks) == plain.output == text.strip(), what
        (log_id,) = {chunk["id"] for chunk in chunks}
        assert log_id != plain.id
        assert {chunk["index"] for chunk in chunks} == {0}, what
        assert {chunk["model_config_id"] for chunk in chunks} == {made.config.id}, what
        assert {chunk["project_id"] for chunk in chunks} == {made.project_id}, what
        assert [chunk["finish_reason"] for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"], what
        log = stage.log(made.project_id, log_id)
        assert (log.output, log.raw_output) == (plain.output, text), what


@scenario_with_vendor
async def a_piece_may_hold_the_separator_of_old_clients(stage: Stage) -> None:
    # 0.7.0 takes a line apart at every `data: ` and drops it when the rest is no JSON. The mock speaks word by word, so
    # it never says this in one piece.
    project = stage.name()
    stage.registered(project, "Repeat: {{text}}", provider="openai")
    for text in (TEXTS["the separator of old clients"].strip(), "data: ", "say data: {}", "Ü data: " * 2000 + "end"):
        asked = {"project": project, "inputs": {"text": text}, "provider_api_keys": {"openai": "sk-0123456789"}}
        plain = stage.client.complete_deployed(**asked).data[0]
        chunks = await acollect(stage.client.complete_deployed_stream(**asked))
        assert "".join(chunk["output"] for chunk in chunks) == plain.output == text.strip(), text
        assert chunks[-1]["finish_reason"] == "stop", text


@scenario
async def a_stream_comes_in_pieces(stage: Stage) -> None:
    project = stage.name()
    stage.saying(project, "one two three", chunk_delay_ms=20)
    for stream in (
        stage.client.complete_deployed_stream(project=project),
        stage.client.complete_deployed_stream(project=project, inputs={"spare": "é"}, user="user-1", metadata={"a": 1}),
    ):
        spoken = [chunk["output"] for chunk in await acollect(stream) if chunk["output"]]
        assert spoken == ["one", " two", " three"]


@scenario
async def two_samples_are_streamed_side_by_side(stage: Stage) -> None:
    project = stage.name()
    made = stage.saying(project, ["slow as a snail", "fast as a hare"], chunk_delay_ms=[150, 1])
    chunks = await acollect(stage.client.complete_deployed_stream(project=project, num_samples=2))
    told: dict[int, list[dict[str, Any]]] = {0: [], 1: []}
    for chunk in chunks:
        told[chunk["index"]].append(chunk)
    for index, output in enumerate(["slow as a snail", "fast as a hare"]):
        of_sample = told[index]
        assert "".join(chunk["output"] for chunk in of_sample) == output
        assert [chunk["finish_reason"] for chunk in of_sample] == [None] * (len(of_sample) - 1) + ["stop"]
        (log_id,) = {chunk["id"] for chunk in of_sample}
        assert stage.log(made.project_id, log_id).output == output
    assert told[0][0]["id"] != told[1][0]["id"]
    ended = [chunk["index"] for chunk in chunks if chunk["finish_reason"]]
    assert ended == [1, 0], "the fast sample ends first"


@scenario_of_plain_calls
def a_synchronous_stream_is_raw_text(stage: Stage) -> None:
    project = stage.name()
    stage.saying(project, "data: Grüße\n\nzwei")
    answer = stage.client.completions.raw.create_deployed(project=project, stream=True)
    assert answer.headers["content-type"].startswith("text/event-stream")
    typed = stage.client.complete_deployed(project=project, stream=True)
    for text in (answer.body, typed):
        assert isinstance(text, str)
        assert text.isascii()
        lines = [line for line in text.split("\n") if line]
        assert all(line.startswith("data: {") and line.endswith("}") for line in lines)
        said = [json.loads(line.removeprefix("data: "))["data"][0]["output"] for line in lines]
        assert "".join(said) == "data: Grüße\n\nzwei"


@scenario
async def a_failure_before_the_first_word_is_an_ordinary_error(stage: Stage) -> None:
    project = stage.name()
    made = stage.saying(project, "never", fault={"kind": "rate_limit", "retry_after": 2})
    detail = await stream_refused(429, stage.client.complete_deployed_stream(project=project))
    assert (detail["type"], detail["code"], detail["origin"]) == ("rate_limit_error", 429, "Mock")
    (log,) = stage.client.logs.list(project_id=made.project_id).records
    assert log.error == detail["message"]
    detail = await stream_refused(400, stage.client.complete_deployed_stream(project=stage.name()))
    assert "no active deployment" in detail["message"]
    detail = await stream_refused(422, stage.client.complete_deployed_stream())
    assert isinstance(detail, list)


@scenario
async def a_failure_after_words_ends_the_stream_and_stays_on_the_log(stage: Stage) -> None:
    project = stage.name()
    made = stage.saying(project, "one two three", fault={"kind": "connection", "after_chunks": 2})
    chunks = await acollect(stage.client.complete_deployed_stream(project=project))
    assert "".join(chunk["output"] for chunk in chunks) == "one two"
    assert {chunk["finish_reason"] for chunk in chunks} == {None}
    log = stage.log(made.project_id, chunks[0]["id"])
    assert log.output == "one two"
    assert log.error


@scenario
async def a_stream_belongs_to_a_session(stage: Stage) -> None:
    project = stage.name()
    made = stage.saying(project, "hello")
    stream = stage.client.complete_deployed_stream(project=project, session_reference_id=stage.name("talk"))
    chunks = await acollect(stream)
    session_id = stage.log(made.project_id, chunks[0]["id"]).session_id
    assert stage.client.sessions.get(id=session_id).datapoints_count == 1
