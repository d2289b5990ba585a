"""What reaches an OpenAI-compatible server, how often, and when its connections are closed."""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.generation import (
    Event,
    Failure,
    Finish,
    GenerationRequest,
    PreparedCall,
    Secret,
    TextDelta,
    Usage,
    UsageReport,
)
from everloop.domain.policy import Timeouts
from everloop.errors import FailureKind, ProviderFailure
from everloop.providers.retry import RetryBudget
from tests.contract.providers.conftest import KEY, Caller
from tests.upstream import STREAM_HEAD, End, Step, Upstream, body, completion, event, http, piece, raw, status, stream

Calling = Callable[..., Caller]


def streaming(caller: Caller, samples: int = 1) -> PreparedCall:
    request = GenerationRequest(ModelConfig("gpt-4o"), "hello there", samples, streamed=True)
    return caller.provider.prepare(request)


# ------------------------------------------------------------------------------------------------- what reaches it


@pytest.mark.parametrize(("model", "path"), [("gpt-4o", "/v1/chat/completions"), ("davinci-002", "/v1/completions")])
@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
async def test_the_request_on_the_wire(upstream: Upstream, caller: Caller, model: str, path: str, streamed: bool):
    request = GenerationRequest(ModelConfig(model, temperature=0.5), "größer", streamed=streamed, user="u-1")
    call = caller.provider.prepare(request)
    if streamed:
        assert [each async for each in caller.provider.stream(call, KEY)]
    else:
        await caller.provider.complete(call, KEY)
    (got,) = upstream.requests
    assert (got.method, got.path) == ("POST", path)
    assert got.body == call.body
    prompt = {"messages": [{"role": "user", "content": "größer"}]} if model == "gpt-4o" else {"prompt": "größer"}
    more = {"stream": True, "stream_options": {"include_usage": True}} if streamed else {"stream": False}
    assert got.json == {
        "model": model,
        **prompt,
        "n": 1,
        "temperature": 0.5,
        "top_p": 1,
        "presence_penalty": 0,
        "frequency_penalty": 0,
        "user": "u-1",
        **more,
    }
    assert got.headers.pop("accept-encoding") == "identity"
    assert got.headers == {
        "host": f"127.0.0.1:{upstream.port}",
        "authorization": f"Bearer {KEY.value}",
        "content-type": "application/json",
        "content-length": str(len(call.body)),
        "user-agent": "everloop",
        "accept": "*/*",
    }


async def test_no_key_no_authorization(upstream: Upstream, caller: Caller):
    assert not caller.provider.needs_key
    await caller.plain(key=None)
    assert "authorization" not in upstream.requests[0].headers


async def test_each_call_goes_with_its_own_key(upstream: Upstream, caller: Caller):
    keys = [Secret(f"sk-canary-{number:04}") for number in range(20)]
    await asyncio.gather(*(caller.plain(key=key) for key in keys))
    sent = sorted(each.headers["authorization"] for each in upstream.requests)
    assert sent == [f"Bearer {key.value}" for key in keys]


async def test_a_slash_at_the_end_of_the_base_url_is_fine(upstream: Upstream, calling: Calling):
    await calling(upstream.base_url + "/").plain()
    assert upstream.requests[0].path == "/v1/chat/completions"


async def test_cookies_are_not_kept(upstream: Upstream, caller: Caller):
    answer = {"choices": [{"message": {"content": "Hi"}}]}
    upstream.answer(body(answer, {"set-cookie": "session=1; Path=/"}))
    await caller.plain()
    await caller.plain()
    assert "cookie" not in upstream.requests[1].headers


async def test_redirects_are_not_followed(upstream: Upstream, caller: Caller):
    with Upstream() as elsewhere:
        upstream.always(raw(http(308, b"", {"location": f"{elsewhere.base_url}/chat/completions"})))
        for call in (caller.plain, caller.streamed):
            with pytest.raises(ProviderFailure) as caught:
                await call()
            assert caught.value.kind is FailureKind.MALFORMED
        assert elsewhere.requests == []
    assert len(upstream.requests) == 2


async def test_proxies_of_the_environment_are_not_used(
    upstream: Upstream, calling: Calling, monkeypatch: pytest.MonkeyPatch
):
    with Upstream() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        await calling(upstream.base_url).plain()
        assert proxy.requests == []
    assert len(upstream.requests) == 1


async def test_a_large_prompt_goes_out_whole(upstream: Upstream, calling: Calling):
    caller = calling(upstream.base_url, Timeouts(), longest_answer=2**26)
    prompt = "größer " * 1_500_000
    call = caller.provider.prepare(GenerationRequest(ModelConfig("gpt-4o"), prompt))
    upstream.answer(completion("short"))
    assert (await caller.provider.complete(call, KEY)).samples[0].text == "short"
    assert upstream.requests[0].json["messages"][0]["content"] == prompt


# ------------------------------------------------------------------------------------------------- what comes back


async def test_the_raw_answer_is_kept_as_it_came(upstream: Upstream, caller: Caller):
    answer = b'{ "choices": [{"text": "Hi", "index": 0, "odd": 1.50}],\n "usage": {"prompt_tokens": 1} }'
    upstream.answer(raw(http(200, answer)))
    assert (await caller.plain()).response == answer


async def test_any_good_status_is_good(upstream: Upstream, caller: Caller):
    upstream.answer(raw(http(201, b'{"choices": [{"text": "Hi"}]}')))
    assert (await caller.plain()).samples[0].text == "Hi"


async def test_logprobs_and_reasoning_tokens_of_a_stream(upstream: Upstream, caller: Caller):
    def said(text: str, reason: str | None = None) -> dict[str, object]:
        logprobs = {"content": [{"token": text, "logprob": -0.5}]} if text else None
        choice = {"index": 0, "delta": {"content": text}, "logprobs": logprobs, "finish_reason": reason}
        return {"id": "x", "model": "m", "choices": [choice]}

    count = {"prompt_tokens": 4, "completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 7}}
    upstream.answer(stream(said("a"), said("b"), said("", "stop"), {"choices": [], "usage": count}))
    events = await caller.streamed()
    finish = next(each for each in events if isinstance(each, Finish))
    choice = json.loads(finish.response)["choices"][0]
    assert [token["token"] for token in choice["logprobs"]["content"]] == ["a", "b"]
    assert events[-1] == UsageReport(Usage(4, 9, 7))


async def test_events_come_as_they_are_said(upstream: Upstream, caller: Caller):
    """The first word is here while the vendor is still silent about the second."""
    upstream.answer(raw(STREAM_HEAD, piece(event({"choices": [{"delta": {"content": "one"}}]})), End.STALL))
    events = caller.provider.stream(streaming(caller), KEY)
    assert await anext(events) == TextDelta(0, "one")
    assert not upstream.requests[0].hung_up.is_set()
    await events.aclose()


# ------------------------------------------------------------------------------------------------- how often


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504, 529])
@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
async def test_a_try_later_may_succeed(upstream: Upstream, caller: Caller, code: int, streamed: bool):
    upstream.answer(status(code), raw(End.CLOSE), completion("at last"))
    if streamed:
        assert "".join(each.text for each in await caller.streamed() if isinstance(each, TextDelta)) == "at last"
    else:
        generation = await caller.plain()
        assert (generation.samples[0].text, generation.attempts) == ("at last", 3)
    assert len(upstream.requests) == 3
    assert len({each.body for each in upstream.requests}) == 1
    assert caller.metrics.calls == [("openai", "ok")]


async def test_the_vendors_wish_is_honoured(upstream: Upstream, caller: Caller):
    upstream.answer(status(429, headers={"Retry-After": "2"}), status(503), completion())
    await caller.plain()
    assert caller.waited == [2, 0]


async def test_no_wait_beyond_the_deadline(upstream: Upstream, caller: Caller):
    upstream.answer(status(429, headers={"Retry-After": "5"}))
    with pytest.raises(ProviderFailure) as caught:
        await caller.plain()
    assert caught.value.retry_after == 5
    assert caller.waited == []


async def test_tries_share_one_deadline(upstream: Upstream, calling: Calling):
    caller = calling(upstream.base_url, Timeouts(connect=5, first_byte=0.4, gap=5, total=0.6))
    upstream.always(raw(End.STALL))
    started = time.monotonic()
    with pytest.raises(ProviderFailure):
        await caller.plain()
    assert 0.55 < time.monotonic() - started < 5
    assert len(upstream.requests) == 2


async def test_nothing_is_tried_again_after_a_byte_has_reached_the_caller(upstream: Upstream, caller: Caller):
    begun = piece(event({"choices": [{"delta": {"content": "one"}}]}))
    upstream.always(raw(STREAM_HEAD, begun, 0.05, End.RESET))
    events = await caller.streamed()
    assert [type(each) for each in events] == [TextDelta, Failure]
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
async def test_an_outage_makes_at_most_a_fifth_more_load(upstream: Upstream, calling: Calling, streamed: bool):
    caller = calling(upstream.base_url, budget=RetryBudget())
    upstream.always(status(503))
    calls = [caller.streamed() if streamed else caller.plain() for _ in range(100)]
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(end, ProviderFailure) for end in ends)
    assert 100 < len(upstream.requests) <= 120


# ------------------------------------------------------------------------------------------------- connections


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
async def test_a_connection_is_used_again(upstream: Upstream, caller: Caller, streamed: bool):
    before = upstream.accepted
    for _ in range(20):
        await (caller.streamed() if streamed else caller.plain())
    assert upstream.accepted - before == 1


async def test_a_refused_call_gives_its_connection_back(upstream: Upstream, caller: Caller):
    before = upstream.accepted
    upstream.always(status(400))
    for call in (caller.plain, caller.streamed, caller.plain):
        with pytest.raises(ProviderFailure):
            await call()
    assert upstream.accepted - before == 1


async def test_a_vendor_that_does_not_end_after_its_terminator_is_not_waited_for(upstream: Upstream, caller: Caller):
    said = {"choices": [{"delta": {"content": "one"}, "finish_reason": "stop"}]}
    upstream.answer(raw(STREAM_HEAD, piece(event(said)), piece(event(b"[DONE]")), End.STALL))
    started = time.monotonic()
    events = await caller.streamed()
    assert [type(each) for each in events] == [TextDelta, Finish]
    assert time.monotonic() - started < caller.timeouts.gap
    assert await asyncio.to_thread(upstream.requests[0].hung_up.wait, 5)


async def _begun(caller: Caller) -> None:
    events = caller.provider.stream(streaming(caller), KEY)
    await anext(events)
    await events.aclose()


async def _cancelled_in_the_middle(caller: Caller) -> None:
    async def read() -> list[Event]:
        return [each async for each in caller.provider.stream(streaming(caller), KEY)]

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(read(), 0.1)


async def _cancelled_before_an_answer(caller: Caller) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(caller.plain(), 0.1)


@pytest.mark.parametrize("leave", [_begun, _cancelled_in_the_middle, _cancelled_before_an_answer])
async def test_who_leaves_hangs_up(upstream: Upstream, caller: Caller, leave: Callable[[Caller], Awaitable[None]]):
    """The vendor sees it within a second: it would go on generating, and charging, for nobody."""
    plain = leave is _cancelled_before_an_answer
    begun = (STREAM_HEAD, piece(event({"choices": [{"delta": {"content": "one"}}]})))
    upstream.always(raw(End.STALL) if plain else raw(*begun, End.STALL))
    await leave(caller)
    left = time.monotonic()
    assert await asyncio.to_thread(upstream.requests[0].hung_up.wait, 5)
    assert time.monotonic() - left < 1
    assert [outcome for _, outcome in caller.metrics.calls] == ["cancelled"]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors where Linux lists them")
async def test_leaving_leaks_nothing(upstream: Upstream, caller: Caller):
    upstream.always(raw(STREAM_HEAD, piece(event({"choices": [{"delta": {"content": "one"}}]})), End.STALL))
    await _begun(caller)
    assert await asyncio.to_thread(upstream.idle)
    tasks, descriptors = len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(10):
        await asyncio.gather(*(_begun(caller) for _ in range(10)))
    assert await asyncio.to_thread(upstream.idle)
    assert len(asyncio.all_tasks()) == tasks
    assert len(upstream.requests) == 101
    deadline = time.monotonic() + 5
    while len(os.listdir("/proc/self/fd")) > descriptors:  # noqa: PTH208
        assert time.monotonic() < deadline, "descriptors are left over"
        await asyncio.sleep(0.01)  # the other side of each connection is closed by another thread


# ------------------------------------------------------------------------------------------------- time limits


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize(
    ("timeouts", "steps", "words", "least"),
    [
        (Timeouts(5, 0.3, 5, 5), [End.STALL], "did not begin to answer within 0.3 s", 0.3),
        (Timeouts(5, 5, 0.3, 5), [STREAM_HEAD, piece(b": hi\n\n"), End.STALL], "fell silent for 0.3 s", 0.3),
        (Timeouts(5, 0.2, 0.5, 5), [STREAM_HEAD, End.STALL], "fell silent for 0.5 s", 0.5),
        (Timeouts(5, 5, 5, 0.3), [End.STALL], "did not complete its answer within 0.3 s", 0.3),
        (Timeouts(5, 5, 5, 0.3), [STREAM_HEAD, End.STALL], "did not complete its answer within 0.3 s", 0.3),
        (Timeouts(5, 0.2, 0.2, 0.5), [STREAM_HEAD, *[piece(b": hi\n"), 0.1] * 50], "within 0.5 s", 0.5),
    ],
    ids=["first byte", "gap", "gap longer than first byte", "total", "total with a head", "total of a drip"],
)
async def test_each_limit_ends_the_call(
    upstream: Upstream,
    calling: Calling,
    timeouts: Timeouts,
    steps: list[Step],
    words: str,
    least: float,
    streamed: bool,
):
    caller = calling(upstream.base_url, timeouts, budget=RetryBudget(capacity=0))
    upstream.always(raw(*steps))
    started = time.monotonic()
    with pytest.raises(ProviderFailure) as caught:
        await (caller.streamed() if streamed else caller.plain())
    took = time.monotonic() - started
    assert caught.value.kind is FailureKind.TIMEOUT
    assert words in caught.value.message
    assert least * 0.9 <= took < least + 2  # generous: the machine may be busy
    assert await asyncio.to_thread(upstream.requests[0].hung_up.wait, 5)


def test_the_limits_are_these():
    assert Timeouts() == Timeouts(connect=5, first_byte=60, gap=60, total=600)
