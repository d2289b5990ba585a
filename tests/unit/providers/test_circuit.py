"""When a circuit opens, what it says, and how it closes again."""

import asyncio

import pytest

from everloop.errors import FailureKind, ProviderFailure
from everloop.providers.circuit import Circuit, CircuitPolicy
from everloop.providers.retry import AttemptFailed, Retrier, RetryBudget
from tests.unit.providers.fakes import StillClock

TROUBLE = [FailureKind.OVERLOADED, FailureKind.SERVER_ERROR, FailureKind.TIMEOUT, FailureKind.CONNECTION]
OTHERS = [each for each in FailureKind if each not in TROUBLE]


def failure(kind: FailureKind = FailureKind.SERVER_ERROR, after: float | None = None) -> ProviderFailure:
    return ProviderFailure(kind, "no", origin="OpenAI", retry_after=after)


def fail(circuit: Circuit, times: int = 1, kind: FailureKind = FailureKind.SERVER_ERROR, **options: bool) -> None:
    for _ in range(times):
        with circuit.turn(**options) as turn:
            turn.failed(failure(kind))


def succeed(circuit: Circuit, times: int = 1) -> None:
    for _ in range(times):
        with circuit.turn() as turn:
            turn.answered()


def refusal(circuit: Circuit) -> ProviderFailure:
    with pytest.raises(ProviderFailure) as caught:
        circuit.turn()
    return caught.value


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def circuit(clock: StillClock) -> Circuit:
    return Circuit("OpenAI", clock)


@pytest.mark.parametrize("kind", TROUBLE)
def test_five_failures_in_a_row_open_it(circuit: Circuit, clock: StillClock, kind: FailureKind):
    fail(circuit, 4, kind)
    assert not circuit.is_open
    fail(circuit, 1, kind)
    assert circuit.is_open
    clock.seconds += 1.5
    refused = refusal(circuit)
    assert (refused.kind, refused.origin, refused.upstream_code) == (FailureKind.OVERLOADED, "OpenAI", None)
    assert (refused.retry_after, refused.tries, refused.latency) == (3.5, 0, None)
    assert refused.message == (
        "OpenAI has failed several times in a row and is not called at the moment: the next call goes out in 4 s."
    )


def test_calls_that_meet_one_bad_moment_together_are_tried_again(circuit: Circuit):
    """Eight samples of one call, say: a server that is well a moment later is not left alone."""
    turns = [circuit.turn() for _ in range(8)]
    for each in turns:
        each.failed(failure())
    assert not circuit.is_open
    assert all(each.may_retry for each in turns)
    turns[0].failed(failure())
    assert circuit.is_open


def test_those_that_met_it_together_and_others_later_open_it(circuit: Circuit):
    for each in [circuit.turn() for _ in range(4)]:
        each.failed(failure())
    succeed(circuit)
    for each in [circuit.turn() for _ in range(4)]:
        each.failed(failure())
    assert not circuit.is_open
    fail(circuit)
    assert circuit.is_open


@pytest.mark.parametrize("kind", OTHERS)
def test_what_one_caller_is_guilty_of_does_not_open_it(circuit: Circuit, kind: FailureKind):
    """A bad key, a bad request, a rate limit: they are somebody's own, and the server answers."""
    fail(circuit, 50, kind)
    assert not circuit.is_open
    fail(circuit, 4)
    fail(circuit, 1, kind)
    fail(circuit, 4)
    assert not circuit.is_open


def test_timeouts_of_the_impatient_say_nothing(circuit: Circuit):
    fail(circuit, 50, FailureKind.TIMEOUT, patient=False)
    assert not circuit.is_open
    fail(circuit, 5, FailureKind.CONNECTION, patient=False)
    assert circuit.is_open


def test_a_success_begins_the_row_anew(circuit: Circuit):
    for _ in range(10):
        fail(circuit, 4)
        succeed(circuit)
    assert not circuit.is_open


def test_a_row_among_many_successes_does_not_open_it(circuit: Circuit, clock: StillClock):
    fail(circuit)
    succeed(circuit, 20)
    fail(circuit, 18)
    assert not circuit.is_open, "19 of 39 are less than half"
    fail(circuit)
    assert circuit.is_open


def test_what_is_older_than_the_window_does_not_count(circuit: Circuit, clock: StillClock):
    fail(circuit)
    succeed(circuit, 1000)
    clock.seconds += 10.1
    fail(circuit, 5)
    assert circuit.is_open


def test_exactly_one_probe_at_a_time(circuit: Circuit, clock: StillClock):
    fail(circuit, 5)
    clock.seconds += 5
    with circuit.turn() as probe:
        waiting = refusal(circuit)
        assert (waiting.retry_after, waiting.kind) == (1.0, FailureKind.OVERLOADED)
        assert "a call is out to see whether it is well again" in waiting.message
        assert not probe.may_retry
        probe.answered()
        assert not circuit.is_open
        circuit.turn()
    succeed(circuit)
    fail(circuit, 4)
    assert not circuit.is_open, "the row began anew"


def test_a_probe_that_fails_opens_it_for_twice_as_long(circuit: Circuit, clock: StillClock):
    fail(circuit, 5)
    pauses = []
    for _ in range(6):
        wait = refusal(circuit).retry_after
        assert wait is not None
        pauses.append(wait)
        clock.seconds += wait
        fail(circuit)
    assert pauses == [5, 10, 20, 40, 60, 60]
    clock.seconds += 60
    succeed(circuit)
    fail(circuit, 5)
    assert refusal(circuit).retry_after == 5


def test_a_probe_that_learned_nothing_leaves_it_to_the_next(circuit: Circuit, clock: StillClock):
    fail(circuit, 5)
    clock.seconds += 5
    with pytest.raises(asyncio.CancelledError), circuit.turn():
        raise asyncio.CancelledError
    assert circuit.is_open
    with pytest.raises(ProviderFailure), circuit.turn():
        raise failure(FailureKind.MALFORMED)
    assert not circuit.is_open


def test_a_stream_that_breaks_after_its_probe_closed_the_circuit_is_one_failure(circuit: Circuit, clock: StillClock):
    fail(circuit, 5)
    clock.seconds += 5
    with circuit.turn() as probe:
        probe.answered()
        probe.failed(failure(FailureKind.CONNECTION))
    assert not circuit.is_open


def test_calls_that_were_out_when_it_opened_decide_nothing(circuit: Circuit, clock: StillClock):
    with circuit.turn() as late, circuit.turn() as later:
        fail(circuit, 5)
        late.answered()
        assert circuit.is_open
        clock.seconds += 4
        later.failed(failure())
    assert refusal(circuit).retry_after == 1


def test_a_server_that_asks_for_more_gets_it(circuit: Circuit, clock: StillClock):
    with circuit.turn() as turn:
        for _ in range(5):
            turn.failed(failure(FailureKind.OVERLOADED, after=30))
    assert refusal(circuit).retry_after == 30
    other = Circuit("OpenAI", clock, CircuitPolicy(row=2))
    with other.turn() as turn:
        for _ in range(2):
            turn.failed(failure(FailureKind.OVERLOADED, after=1e9))
    assert refusal(other).retry_after == 60


async def test_an_outage_makes_no_extra_load(clock: StillClock):
    """Calls come at a steady rate, and each try fails: budget and circuit together let next to nothing out."""
    circuit = Circuit("OpenAI", clock)
    retrier = Retrier(clock, budget=RetryBudget(), sleep=clock.sleep, fraction=lambda: 0.0)
    tries = calls = refused = 0

    async def attempt(_: float) -> None:
        nonlocal tries
        tries += 1
        raise AttemptFailed(failure(FailureKind.CONNECTION), retryable=True)

    for _ in range(600):
        calls += 1
        clock.seconds += 0.1
        try:
            with circuit.turn() as turn:
                await retrier.run(attempt, 600, turn)
        except ProviderFailure as failed:
            refused += failed.tries == 0
    assert tries + refused >= calls == 600
    assert tries <= 10, "five to open it, and one probe after each pause"
    assert refused >= 590


async def test_without_a_circuit_the_budget_is_enough(clock: StillClock):
    retrier = Retrier(clock, sleep=clock.sleep, fraction=lambda: 0.0)
    tries = 0

    async def attempt(_: float) -> None:
        nonlocal tries
        tries += 1
        raise AttemptFailed(failure(), retryable=True)

    for _ in range(50):
        with pytest.raises(ProviderFailure):
            await retrier.run(attempt, 600)
    assert tries <= 50 * 1.2


async def test_a_circuit_that_opens_ends_the_retries(circuit: Circuit, clock: StillClock):
    retrier = Retrier(clock, budget=RetryBudget(1000), sleep=clock.sleep, fraction=lambda: 1.0)
    tries = 0

    async def attempt(_: float) -> None:
        nonlocal tries
        tries += 1
        fail(circuit, 5)
        raise AttemptFailed(failure(), retryable=True)

    with pytest.raises(ProviderFailure) as caught, circuit.turn() as turn:
        await retrier.run(attempt, 600, turn)
    assert (tries, caught.value.tries, caught.value.message) == (1, 1, "no")
