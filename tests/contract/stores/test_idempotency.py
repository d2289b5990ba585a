"""A key is one owner's until its time is over; its answer stays for as long as it is kept, in one organisation."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from everloop.domain.idempotency import Claim, KeptAnswer, KeyedCall
from everloop.domain.scope import Scope
from everloop.storage.opening import Storage

NOW = 1_700_000_000_000
CALL = KeyedCall("Completions_createDeployed", "key-1", b"\x00\xff body")
ANSWER = KeptAnswer(b'{"status":200}', b"\x00\xff\x1a answer")


def of(owner: str = "claim_1", until: int = NOW + 10, fingerprint: bytes = CALL.fingerprint) -> Claim:
    return Claim(fingerprint, owner, until, answered=False)


async def test_who_comes_first_has_the_key(storage: Storage, scope: Scope):
    store = storage.idempotency
    assert await store.holding(scope, CALL) is None
    assert await store.claim(scope, CALL, "claim_1", NOW, NOW + 10) == of()
    assert await store.claim(scope, CALL, "claim_2", NOW + 9, NOW + 99) == of()
    assert await store.holding(scope, CALL) == of()
    assert await store.answer(scope, CALL) is None


async def test_of_many_at_once_one_has_the_key(
    open_named: Callable[[str], Awaitable[Storage]], storage: Storage, scope: Scope
):
    stores = [storage.idempotency, (await open_named("main")).idempotency]
    claims = await asyncio.gather(
        *(stores[number % 2].claim(scope, CALL, f"claim_{number}", NOW, NOW + 10) for number in range(20))
    )
    assert len({claim.owner for claim in claims}) == 1


async def test_a_claim_that_is_over_goes_to_the_next(storage: Storage, scope: Scope):
    store = storage.idempotency
    await store.claim(scope, CALL, "claim_1", NOW, NOW + 10)
    assert await store.claim(scope, CALL, "claim_2", NOW + 10, NOW + 20) == of("claim_2", NOW + 20)
    assert not await store.keep(scope, CALL, "claim_1", ANSWER, NOW + 99)
    await store.release(scope, CALL, "claim_1")
    assert await store.holding(scope, CALL) == of("claim_2", NOW + 20)


@pytest.mark.parametrize("answer", [ANSWER, KeptAnswer(b"{}", b""), KeptAnswer(b"{}", None)])
async def test_an_answer_stays_until_its_time_is_over(storage: Storage, scope: Scope, answer: KeptAnswer):
    store = storage.idempotency
    await store.claim(scope, CALL, "claim_1", NOW, NOW + 10)
    assert await store.keep(scope, CALL, "claim_1", answer, NOW + 1_000)
    kept = Claim(CALL.fingerprint, "claim_1", NOW + 1_000, answered=True)
    assert await store.claim(scope, CALL, "claim_2", NOW + 999, NOW + 2_000) == kept
    assert await store.answer(scope, CALL) == answer
    assert not await store.keep(scope, CALL, "claim_1", KeptAnswer(b"another", b""), NOW + 9_999)
    await store.release(scope, CALL, "claim_1")
    await store.renew(["claim_1"], NOW + 9_999)
    assert await store.holding(scope, CALL) == kept
    assert await store.claim(scope, CALL, "claim_2", NOW + 1_000, NOW + 2_000) == of("claim_2", NOW + 2_000)
    assert await store.answer(scope, CALL) is None


async def test_an_owner_keeps_late_what_nobody_else_took(storage: Storage, scope: Scope):
    """The answer comes after the claim's time."""
    store = storage.idempotency
    await store.claim(scope, CALL, "claim_1", NOW, NOW + 1)
    assert await store.keep(scope, CALL, "claim_1", ANSWER, NOW + 1_000)


async def test_what_holds_a_key_has_the_first_body(storage: Storage, scope: Scope):
    store = storage.idempotency
    await store.claim(scope, CALL, "claim_1", NOW, NOW + 10)
    await store.keep(scope, CALL, "claim_1", ANSWER, NOW + 1_000)
    another = KeyedCall(CALL.operation, CALL.key, b"another")
    claim = await store.claim(scope, another, "claim_2", NOW, NOW + 10)
    assert (claim.fingerprint, claim.answered) == (CALL.fingerprint, True)
    assert await store.answer(scope, another) is None


async def test_a_released_key_is_free(storage: Storage, scope: Scope):
    store = storage.idempotency
    await store.claim(scope, CALL, "claim_1", NOW, NOW + 10)
    await store.release(scope, CALL, "claim_1")
    assert await store.holding(scope, CALL) is None
    assert await store.claim(scope, CALL, "claim_2", NOW, NOW + 10) == of("claim_2")


@pytest.mark.parametrize(
    "another",
    [
        KeyedCall("Completions_createExperiment", CALL.key, CALL.fingerprint),
        KeyedCall(CALL.operation, "KEY-1", CALL.fingerprint),
        KeyedCall(CALL.operation, "key-1 ", CALL.fingerprint),
    ],
)
async def test_operations_and_keys_are_apart(storage: Storage, scope: Scope, another: KeyedCall):
    store = storage.idempotency
    await store.claim(scope, CALL, "claim_1", NOW, NOW + 10)
    assert await store.claim(scope, another, "claim_2", NOW, NOW + 10) == of("claim_2")


async def test_organisations_are_apart(storage: Storage, scope: Scope, other: Scope):
    store = storage.idempotency
    await store.claim(scope, CALL, "claim_1", NOW, NOW + 10)
    await store.keep(scope, CALL, "claim_1", ANSWER, NOW + 1_000)
    assert await store.holding(other, CALL) is None
    assert await store.answer(other, CALL) is None
    assert not await store.keep(other, CALL, "claim_1", ANSWER, NOW + 1_000)
    assert await store.claim(other, CALL, "claim_1", NOW, NOW + 10) == of()
    await store.release(other, CALL, "claim_1")
    assert await store.answer(scope, CALL) == ANSWER


async def test_only_the_claims_of_the_named_are_renewed(storage: Storage, scope: Scope, other: Scope):
    store = storage.idempotency
    calls = {name: KeyedCall("op", name, b"") for name in "abc"}
    for name, call in calls.items():
        await store.claim(scope, call, f"claim_{name}", NOW, NOW + 10)
    await store.claim(other, CALL, "claim_other", NOW, NOW + 10)
    await store.renew(["claim_a", "claim_c", "claim_other", "claim_gone"], NOW + 50)
    ends = {name: claim.until for name, call in calls.items() if (claim := await store.holding(scope, call))}
    assert ends == {"a": NOW + 50, "b": NOW + 10, "c": NOW + 50}
    assert await store.holding(other, CALL) == of("claim_other", NOW + 50)


async def test_what_is_over_is_swept_a_few_at_a_time(storage: Storage, scope: Scope, other: Scope):
    store = storage.idempotency
    for number in range(7):
        whose, call = (scope, other)[number % 2], KeyedCall("op", f"key-{number}", b"")
        await store.claim(whose, call, "claim_1", NOW, NOW + 10)
        await store.keep(whose, call, "claim_1", ANSWER, NOW + 100 + number)
    assert await store.sweep(NOW + 99, 3) == 0
    assert [await store.sweep(NOW + 104, 3) for _ in range(3)] == [3, 2, 0]
    left = [await store.holding((scope, other)[n % 2], KeyedCall("op", f"key-{n}", b"")) for n in range(7)]
    assert [claim is not None for claim in left] == [False] * 5 + [True] * 2
