"""What the store of calls under a key shows of another organisation: nothing."""

from everloop.domain.idempotency import KeptAnswer
from tests.contract.stores.isolation.things import KEYED, PENDING, Making, Seeing, Touching

SEEING_NOTHING: Seeing = {
    "IdempotencyStore.holding": (lambda s, who: s.idempotency.holding(who, KEYED), None),
    "IdempotencyStore.answer": (lambda s, who: s.idempotency.answer(who, KEYED), None),
}

TOUCHING_NOTHING: Touching = {
    "IdempotencyStore.keep": (
        lambda s, who: s.idempotency.keep(who, PENDING, "claim_2", KeptAnswer(b"stranger's", None), 99),
        False,
    ),
    "IdempotencyStore.release": (lambda s, who: s.idempotency.release(who, PENDING, "claim_2"), None),
}

MAKING_OWN: Making = {
    "IdempotencyStore.claim": lambda s, who: s.idempotency.claim(who, PENDING, "claim_2", 1, 99),
}

OF_NO_ORGANISATION = {
    "IdempotencyStore.renew",
    "IdempotencyStore.sweep",
}
