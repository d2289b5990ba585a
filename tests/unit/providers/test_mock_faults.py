"""The faults that the mock provider plays, as an application sees them: F3 without a vendor."""

from typing import Any

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.generation import Event, Failure, GenerationRequest, Retried, TextDelta
from everloop.domain.policy import Timeouts
from everloop.errors import FailureKind, ProviderFailure, Unprocessable
from everloop.providers.mock_fault import KINDS, Counts, Fault
from tests.unit.providers.mocking import Stage, texts

LIMITS = Timeouts(first_byte=4.0, gap=2.0, total=9.0)
SAID = {"text": "a b c d"}


def timed(**changes: Any) -> dict[str, Any]:
    return {"call": {"timeouts": LIMITS, **changes}}


async def failing(stage: Stage, script: Any, *, streamed: bool, **config: Any) -> ProviderFailure:
    with pytest.raises(ProviderFailure) as caught:
        await (stage.streamed(script, **config) if streamed else stage.plain(script, **config))
    assert caught.value.origin == "Mock"
    assert stage.metrics.calls == [("mock", caught.value.kind)]
    return caught.value


def spoken(events: list[Event]) -> str:
    return "".join(each.text for each in events if isinstance(each, TextDelta))


def told(failure: ProviderFailure) -> tuple[FailureKind, int | None, int]:
    return failure.kind, failure.upstream_code, failure.tries


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("code", "kind", "tries"),
    [
        (307, FailureKind.MALFORMED, 1),
        (400, FailureKind.BAD_REQUEST, 1),
        (401, FailureKind.AUTHENTICATION, 1),
        (408, FailureKind.TIMEOUT, 3),
        (413, FailureKind.TOO_LARGE, 1),
        (418, FailureKind.BAD_REQUEST, 1),
        (429, FailureKind.RATE_LIMIT, 3),
        (500, FailureKind.SERVER_ERROR, 3),
        (502, FailureKind.SERVER_ERROR, 3),
        (501, FailureKind.SERVER_ERROR, 1),
        (529, FailureKind.OVERLOADED, 3),
    ],
)
async def test_any_status(code: int, kind: FailureKind, tries: int, streamed: bool):
    failure = await failing(Stage(), {"fault": {"status": code}}, streamed=streamed)
    assert told(failure) == (kind, code, tries)
    assert str(code) in failure.message


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("fault", "kind", "code", "tries"),
    [
        ("refused", FailureKind.CONNECTION, None, 3),
        ("reset", FailureKind.CONNECTION, None, 3),
        ("end", FailureKind.CONNECTION, None, 3),
        ("broken_chunk", FailureKind.MALFORMED, 200, 1),
    ],
)
async def test_on_the_way(fault: str, kind: FailureKind, code: int | None, tries: int, streamed: bool):
    assert told(await failing(Stage(), {"fault": {"kind": fault}}, streamed=streamed)) == (kind, code, tries)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"kind": "reset"}, FailureKind.CONNECTION),
        ({"kind": "end"}, FailureKind.CONNECTION),
        ({"kind": "broken_chunk"}, FailureKind.MALFORMED),
        ({"kind": "connection"}, FailureKind.CONNECTION),
        ({"kind": "timeout"}, FailureKind.TIMEOUT),
    ],
)
async def test_in_the_middle(fault: dict[str, Any], kind: FailureKind):
    """What had come stands, an answer had begun, and nothing is tried again."""
    script = {**SAID, "fault": {**fault, "after_chunks": 2}}
    stage = Stage()
    events = await stage.streamed(script)
    assert spoken(events) == "a b"
    failure = events[-1]
    assert isinstance(failure, Failure)
    assert (failure.error.kind, failure.error.upstream_code) == (kind, 200)
    assert stage.metrics.calls == [("mock", kind)]
    assert told(await failing(Stage(), script, streamed=False)) == (kind, 200, 1)


async def test_an_error_event_inside_a_good_answer():
    events = await Stage().streamed({**SAID, "fault": {"status": 529, "after_chunks": 1}})
    assert spoken(events) == "a"
    failure = events[-1]
    assert isinstance(failure, Failure)
    assert (failure.error.kind, failure.error.upstream_code) == (FailureKind.OVERLOADED, 529)


async def test_as_the_very_first_event_of_a_stream_it_is_not_tried_again():
    failure = await failing(Stage(), {"fault": {"status": 503, "after_chunks": 0}}, streamed=True)
    assert told(failure) == (FailureKind.OVERLOADED, 503, 1)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("script", [{"fault": {"kind": "stall"}}, {"delay_ms": 5_000}])
async def test_no_first_byte(script: dict[str, Any], streamed: bool):
    """The first two tries end after four seconds each, the third when all time is over."""
    stage = Stage()
    failure = await failing(stage, script, streamed=streamed, **timed())
    assert told(failure) == (FailureKind.TIMEOUT, None, 3)
    assert stage.clock.slept == [4.0, 4.0, 1.0]
    assert failure.latency == 9.0


@pytest.mark.parametrize(
    "script",
    [
        {**SAID, "fault": {"kind": "stall", "after_chunks": 2}},
        {**SAID, "chunk_delay_ms": [2_500], "delay_ms": 10},
    ],
)
async def test_a_stall_in_the_middle(script: dict[str, Any]):
    stage = Stage()
    events = await stage.streamed(script, **timed())
    failure = events[-1]
    assert isinstance(failure, Failure)
    assert (failure.error.kind, failure.error.upstream_code) == (FailureKind.TIMEOUT, 200)
    assert spoken(events) in ("a", "a b")
    assert stage.clock.slept[-1] == pytest.approx(2.0)


async def test_a_slow_drip_is_no_stall_but_has_an_end():
    stage = Stage()
    assert spoken(await stage.streamed({**SAID, "chunk_delay_ms": 1_900}, **timed())) == "a b c d"
    events = await Stage().streamed({"text": "a b c d e f g", "chunk_delay_ms": 1_900}, **timed())
    assert spoken(events) == "a b c d e"  # 7.6 s; the next would come after 9
    assert isinstance(events[-1], Failure)


async def test_a_stall_of_one_sample_ends_when_nothing_else_comes():
    stage = Stage()
    script = {**SAID, "fault": {"kind": "stall", "sample": 1, "after_chunks": 1}}
    events = await stage.streamed(script, **timed(samples=2))
    assert [(each.sample, each.error.kind) for each in events if isinstance(each, Failure)] == [(None, "timeout")]
    assert stage.clock.slept == [2.0]


async def test_without_limits_of_its_own_a_call_has_the_usual_ones():
    stage = Stage()
    await failing(stage, {"fault": {"kind": "stall"}}, streamed=False)
    assert stage.clock.slept == [60.0, 60.0, 60.0]


async def test_the_first_tries_fail_and_then_none():
    stage = Stage()
    script = {"text": "a", "fault": {"kind": "overloaded", "first": 4, "name": "warming up"}}
    failure = await failing(stage, script, streamed=False)
    assert failure.tries == 3
    generation = await stage.plain(script)
    assert (texts(generation), generation.attempts) == (["a"], 2)
    assert (await stage.plain(script)).attempts == 1
    other = {"text": "a", "fault": {"kind": "overloaded", "first": 2, "name": "another"}}
    assert [each for each in await stage.streamed(other) if isinstance(each, Retried)] == [Retried(2)]
    assert spoken(await stage.streamed(other)) == "a"


async def test_what_is_not_tried_again_fails_the_first_calls():
    stage = Stage()
    script = {"text": "a b", "fault": {"kind": "reset", "after_chunks": 1, "first": 1, "name": "once"}}
    assert isinstance((await stage.streamed(script))[-1], Failure)
    assert texts(await stage.plain(script)) == ["a b"]


def test_of_very_many_names_the_oldest_begin_anew():
    counts, fault = Counts(), Fault(kind="reset", first=1, name="mine")
    assert [counts.happens(fault), counts.happens(fault)] == [True, False]
    for number in range(10_000):
        counts.happens(Fault(kind="reset", first=1, name=f"{number}"))
    assert counts.happens(fault)


async def test_a_long_wait_that_is_asked_for_is_not_waited_for():
    assert (await failing(Stage(), {"fault": {"status": 429, "retry_after": 61}}, streamed=False)).tries == 1
    assert (await failing(Stage(), {"fault": {"status": 429, "retry_after": 2}}, streamed=False)).tries == 3


async def test_retries_do_not_depend_on_the_calls_before():
    stage = Stage()
    for _ in range(30):
        with pytest.raises(ProviderFailure) as caught:
            await stage.plain({"fault": {"status": 503}})
        assert caught.value.tries == 3


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset", "status": 500},
        {"after_chunks": 1},
        {"status": 200},
        {"status": 600},
        {"status": "500"},
        {"kind": "refused", "after_chunks": 1},
        {"kind": "reset", "first": 1},
        {"kind": "reset", "name": "x"},
        {"kind": "reset", "first": 0, "name": "x"},
        {"kind": "reset", "first": 1, "name": ""},
        {"kind": "reset", "first": 1, "name": "x" * 101},
    ],
)
def test_a_fault_that_makes_no_sense(fault: dict[str, Any]):
    request = GenerationRequest(ModelConfig("m", "mock", other={"mock": {"fault": fault}}), "x")
    with pytest.raises(Unprocessable, match="`mock` in `other`"):
        Stage().provider.prepare(request)


def test_every_word_of_failures_is_one_of_faults():
    assert {each.value for each in FailureKind} < set(KINDS)
