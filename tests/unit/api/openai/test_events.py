import json
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from everloop.api.openai.chat_models import ChatCompletionRequest
from everloop.api.openai.completion_models import TextCompletionRequest
from everloop.api.openai.events import frames
from everloop.api.openai.whole import whole
from everloop.api.openai.wire import CHAT, TEXT
from everloop.domain.generation import ToolCall, Usage
from everloop.domain.ids import ConfigId, LogId, Prefix, ProjectId, time_ordered
from everloop.errors import FailureKind, NotFound, ProviderFailure
from everloop.services.answer import Answer, AnsweredSample, StreamedAnswer
from everloop.services.sample import Chunk, ToolCallPiece

MOMENT = 1_700_000_000
BROKEN = ProviderFailure(FailureKind.CONNECTION, "gone", origin="Vendor")


def log_id(sample: int) -> LogId:
    return LogId(time_ordered(Prefix.LOG, MOMENT * 1000, sample))


def request(**more: Any) -> ChatCompletionRequest:
    return ChatCompletionRequest.model_validate({"model": "m", "messages": [], **more})


def streamed(chunks: Sequence[Chunk | Exception], samples: int = 1) -> StreamedAnswer:
    async def come() -> AsyncGenerator[Chunk, None]:
        for chunk in chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    log_ids = [log_id(sample) for sample in range(samples)]
    return StreamedAnswer(ProjectId("pr_1"), None, log_ids, [ConfigId("config_1")] * samples, come())


async def told(chunks, wire: Any = CHAT, samples: int = 1, asked: Any = None) -> list[str]:
    body = b"".join([frame async for frame in frames(streamed(chunks, samples), asked or request(), wire)])
    return [line.removeprefix("data: ") for line in body.decode("ascii").split("\n\n") if line]


def text(said: str, sample: int = 0) -> Chunk:
    return Chunk(log_id(sample), sample, said, said)


def end(sample: int = 0, reason: str | None = "stop", usage: Usage | None = None) -> Chunk:
    return Chunk(log_id(sample), sample, finish_reason=reason, usage=usage or Usage(1, 2))


def call(place: int, arguments: str, sample: int = 0) -> Chunk:
    piece = ToolCallPiece(place, ToolCall(f"call_{place}", "f", arguments))
    return Chunk(log_id(sample), sample, tool_call=piece)


async def test_an_answer_without_a_word_has_a_role_and_an_end():
    first, last, done = await told([end()])
    assert json.loads(first)["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert json.loads(last)["choices"][0] == {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}
    assert (json.loads(last)["id"], json.loads(last)["created"], done) == (log_id(0), MOMENT, "[DONE]")


async def test_a_completions_events_have_text_and_no_roles():
    asked = TextCompletionRequest.model_validate({"model": "m"})
    first, last, _ = await told([text("Hi"), end(reason="tool_call")], TEXT, asked=asked)
    assert json.loads(first)["choices"] == [{"index": 0, "text": "Hi", "logprobs": None, "finish_reason": None}]
    assert json.loads(last)["choices"] == [{"index": 0, "text": "", "logprobs": None, "finish_reason": "stop"}]


async def test_all_answers_begin_in_their_order_with_the_first_piece_of_any():
    events = await told([text("b", 1), end(1), end(2), call(0, "{}"), end(0)], samples=3)
    choices = [json.loads(each)["choices"][0] for each in events[:-1]]
    assert [(each["index"], each["delta"]) for each in choices[:6]] == [
        (0, {"role": "assistant"}),
        (1, {"role": "assistant", "content": ""}),
        (2, {"role": "assistant"}),
        (1, {"content": "b"}),
        (1, {}),
        (2, {"content": ""}),
    ]
    assert [list(each["delta"]) for each in choices[6:]] == [["tool_calls"], []]


@pytest.mark.parametrize("reason", [None, "eos", "stop"])
async def test_a_reason_that_clients_do_not_know_is_a_stop(reason):
    *_, last, _ = await told([text("x"), end(reason=reason)])
    assert json.loads(last)["choices"][0]["finish_reason"] == "stop"


async def test_the_usage_is_that_of_all_answers():
    asked = request(stream_options={"include_usage": True})
    chunks = [end(0, usage=Usage(5, 1, 1)), end(1, usage=Usage(0, 2, 2))]
    *_, last, _ = await told(chunks, samples=2, asked=asked)
    assert json.loads(last)["choices"] == []
    assert json.loads(last)["usage"] == {
        "prompt_tokens": 5,
        "completion_tokens": 3,
        "total_tokens": 8,
        "completion_tokens_details": {"reasoning_tokens": 3},
    }


async def test_what_goes_wrong_before_the_first_piece_is_raised():
    with pytest.raises(NotFound):
        await told([NotFound("x")])
    both = [Chunk(log_id(sample), sample, error=BROKEN) for sample in (0, 1)]
    with pytest.raises(ProviderFailure):
        await told(both, samples=2)


async def test_an_error_comes_when_the_others_have_ended_and_then_no_usage():
    asked = request(stream_options={"include_usage": True})
    chunks = [text("a"), Chunk(log_id(0), 0, error=BROKEN), text("b", 1), end(1)]
    *events, error, done = await told(chunks, samples=2, asked=asked)
    assert json.loads(error)["error"]["code"] == "provider_connection"
    assert json.loads(events[-1])["choices"][0]["finish_reason"] == "stop"
    assert done == "[DONE]"


CALLS = st.lists(st.lists(st.text(max_size=20), min_size=1, max_size=4), max_size=3)
SAMPLES = st.lists(st.tuples(st.lists(st.text(min_size=1), max_size=5), CALLS), min_size=1, max_size=3)


@given(SAMPLES, st.randoms(use_true_random=False))
async def test_what_the_official_client_puts_together_is_the_plain_answer(samples, order):
    """However the pieces of several answers mix."""
    streams = [
        [
            *(text(each, sample) for each in said),
            *(call(place, each, sample) for place, pieces in enumerate(calls) for each in pieces),
            end(sample, "tool_call" if calls else "stop", Usage(3, sample)),
        ]
        for sample, (said, calls) in enumerate(samples)
    ]
    chunks = []
    while any(streams):
        chunks.append(order.choice([each for each in streams if each]).pop(0))

    asked = request(stream_options={"include_usage": True}, n=len(samples))
    events = await told(chunks, samples=len(samples), asked=asked)
    state: ChatCompletionStreamState = ChatCompletionStreamState()
    for event in events[:-1]:
        state.handle_chunk(ChatCompletionChunk.model_validate_json(event))
    together = ChatCompletion.model_validate(state.get_final_completion().model_dump())

    plain = ChatCompletion.model_validate_json(whole(_answer(samples), asked, CHAT))
    assert (together.id, together.created, together.usage) == (plain.id, plain.created, plain.usage)
    for one, other in zip(together.choices, plain.choices, strict=True):
        assert (one.index, one.finish_reason) == (other.index, other.finish_reason)
        assert one.message.content == other.message.content
        assert _calls(one) == _calls(other)


def _answer(samples) -> Answer:
    answered = tuple(
        AnsweredSample(
            log_id(sample),
            sample,
            ConfigId("config_1"),
            "".join(said).strip(),
            "".join(said),
            "tool_call" if calls else "stop",
            tuple(ToolCall(f"call_{place}", "f", "".join(each)) for place, each in enumerate(calls)),
        )
        for sample, (said, calls) in enumerate(samples)
    )
    usage = Usage(3 * len(samples), sum(range(len(samples))))
    return Answer(ProjectId("pr_1"), None, answered, usage, b"{}", ())


def _calls(choice: Any) -> list[tuple[str, str, str]]:
    return [(each.id, each.function.name, each.function.arguments) for each in choice.message.tool_calls or ()]
