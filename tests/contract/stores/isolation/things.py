"""The things that two organisations both have, under the same ids, and the kinds of cases that are made of them."""

from collections.abc import Awaitable, Callable
from typing import Any

from everloop.domain.idempotency import KeptAnswer, KeyedCall
from everloop.domain.ids import (
    ConfigId,
    DatapointId,
    DatasetId,
    EnvironmentId,
    ExperimentId,
    LimitId,
    LogId,
    PriceId,
    ProjectId,
    SessionId,
    ToolId,
    TrialId,
)
from everloop.domain.outcome import PositiveLabel
from everloop.domain.page import Page
from everloop.domain.scope import Scope
from everloop.domain.value import value
from everloop.storage.opening import Storage

PROJECT, CONFIG, LOG, SESSION = ProjectId("pr_1"), ConfigId("config_1"), LogId("data_1"), SessionId("sesh_1")
GONE, STAGING = ProjectId("pr_gone"), EnvironmentId("env_s")
DATASET, DATAPOINT = DatasetId("evts_1"), DatapointId("evtc_1")
EXPERIMENT, TRIAL = ExperimentId("exp_1"), TrialId("trial_1")
TOOL = ToolId("oc_1")
LIMIT, PRICE = LimitId("lim_1"), PriceId("price_1")
KEYED, PENDING = KeyedCall("op", "key-1", b"body"), KeyedCall("op", "key-2", b"body")
NOTHING: Page[Any] = Page((), 0)
BEGAN = 100


def a_config(now: int) -> str:
    """What is registered at that time: the same id for both organisations, whose steps of the beginning alternate."""
    return f"config_{now // 2}"


# What the beginning of a life registers is there for every experiment.
ARMS_OF_ALL = (a_config(BEGAN + 4), a_config(BEGAN + 6))
MOODS = (PositiveLabel("mood", "v0"), PositiveLabel("mood", "v1"))


@value
class Pick:
    """What one step of an organisation's life takes: ids come from a small pool, the same for all organisations."""

    one: int
    two: int
    now: int

    @property
    def project(self) -> ProjectId:
        return ProjectId(f"pr_{self.one}")

    @property
    def environment(self) -> EnvironmentId:
        return EnvironmentId(f"env_{self.two}")

    @property
    def log(self) -> LogId:
        return LogId(f"data_{self.two}")


Probe = Callable[[Storage, Scope], Awaitable[object]]
# Reads, with what a stranger must get for the owner's ids.
Seeing = dict[str, tuple[Probe, object]]
# Writes to the owner's things, with what a stranger must get: an error, or the answer for a thing that is not there.
Touching = dict[str, tuple[Probe, object]]
# Writes that make a thing: the stranger's has the very ids and names of the owner's, and neither notices the other.
Making = dict[str, Probe]
# What an organisation may do in its life.
Steps = dict[str, Callable[[Storage, Scope, Pick], Awaitable[object]]]


async def make_keyed_calls(storage: Storage, scope: Scope, answer: KeptAnswer) -> None:
    """One that is answered, and one that is not yet."""
    for number, call in enumerate((KEYED, PENDING), 1):
        await storage.idempotency.claim(scope, call, f"claim_{number}", 1, 99)
    await storage.idempotency.keep(scope, KEYED, "claim_1", answer, 99)
