"""A SQLite database in which every table has rows, written by the stores; and the rows of any database, to compare."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, select

from everloop.domain.deployment import ExperimentTarget
from everloop.domain.feedback import FeedbackClass, FeedbackType
from everloop.domain.generation import Usage
from everloop.domain.idempotency import KeptAnswer, KeyedCall
from everloop.domain.ids import LogId, ProjectId
from everloop.domain.limit import Measure, Period, Spent
from everloop.domain.log import LogBody
from everloop.domain.scope import Scope
from everloop.ports.limits import Account
from everloop.storage.migrating import migrate
from everloop.storage.moving.plan import STAYS
from everloop.storage.opening import Storage, open_storage
from everloop.storage.postgres.migrating import in_transaction
from everloop.storage.tables import metadata
from tests.contract.stores.samples import (
    StillClock,
    Tally,
    a_deployment,
    a_function,
    a_limit,
    a_log,
    a_log_id,
    a_piece,
    a_price,
    a_project,
    a_provider_key,
    a_session,
    a_snippet_tool,
    a_target,
    a_trial,
    a_version,
    an_api_key,
    an_environment,
    an_experiment,
    an_exposed_log,
    an_organisation,
    of_key,
    of_project,
)

Rows = dict[str, list[str]]

HOSTILE = "nul \x00, substitute \x1a, \x1a0, 🦜 and 'quotes\""
MONTHS = (
    1_700_000_000_000,
    1_704_067_199_999,
    1_704_067_200_000,
)  # 2023-11, the ends of 2023-12 and of the month after
PROJECT = ProjectId("pr_1")


def at(*date: int) -> int:
    """Unix milliseconds."""
    return int(datetime(*date, tzinfo=UTC).timestamp()) * 1000  # type: ignore[arg-type, misc]


async def fill(url: str, organisations: str = "ab", logs: int = 30) -> None:
    """Makes the database, and in each organisation something of every kind."""
    migrate(url)
    storage = await open_storage(url, StillClock(), Tally())
    try:
        for name in organisations:
            await storage.organisations.create(an_organisation(name), an_environment("env_a"))
            scope = Scope(an_organisation(name).id, "key_a")
            await _configure(storage, scope)
            await _call(storage, scope, logs)
            await _rate(storage, scope)
        await storage.health.ready()
    finally:
        await storage.close()


async def _configure(storage: Storage, scope: Scope) -> None:
    owner = scope.organisation_id
    await storage.environments.create(scope, an_environment("env_s", "staging", is_default=False))
    await storage.tools.create(scope, a_function(description=HOSTILE))
    await storage.tools.create(scope, a_snippet_tool(texts={"hostile": HOSTILE}))
    await storage.projects.create(scope, a_project("pr_gone", a_project().name))
    await storage.projects.delete(scope, ProjectId("pr_gone"), 12)
    await storage.projects.create(scope, a_project())
    for config in ("config_1", "config_2"):
        await storage.configs.register(scope, replace(a_version(config), description=HOSTILE), None)
    await storage.experiments.create(
        scope, an_experiment(), [a_deployment("dep_1", ExperimentTarget(an_experiment().id))]
    )
    await storage.deployments.deploy(scope, [a_deployment("dep_2", a_target(), environment="env_s")])
    await storage.deployments.deploy(scope, [a_deployment("dep_3", a_target("config_2"), environment="env_s")])
    for key in ("key_1", "key_2"):
        await storage.keys.add_api_key(scope, an_api_key(key, organisation=owner))
    await storage.keys.revoke_api_key(scope, an_api_key("key_2").id, 9)
    await storage.keys.put_provider_key(scope, a_provider_key(organisation=owner))
    await storage.limits.create(scope, a_limit(amount=0.1, measure=Measure.COST))
    await storage.limits.create(scope, a_limit("lim_2", of_key()))
    spent = [
        (Account(owner, each, Period.DAY, 86_400_000), Spent(2**40, 3, 1e-300)) for each in (of_project(), of_key())
    ]
    await storage.used.exchange(spent, [(Period.DAY, 86_400_000)])
    await storage.prices.put(scope, a_price(model="meta/llama 🦜", prompt_price=0.1))
    call = KeyedCall("Completions_createDeployed", "key-1", b"\x00\xff body")
    await storage.idempotency.claim(scope, call, "claim_1", 1, 10)
    await storage.idempotency.keep(scope, call, "claim_1", KeptAnswer(b"{}", b"\x00\xff\x1a"), 99)


async def _call(storage: Storage, scope: Scope, logs: int) -> None:
    await storage.sessions.create(scope, a_session())
    body = LogBody(inputs=b'{"a": 1}', output=HOSTILE, error=HOSTILE, messages='[{"content":"🦜"}]'.encode())
    own = [
        a_log(a_log_id(number, MONTHS[number % 3]), created_at=MONTHS[number % 3], session="sesh_1", body=body)
        for number in range(logs)
    ]
    usage = Usage(2**40, 20, 3, estimated=True)
    others = [
        a_log("data_imported", reference="mine", created_at=at(2019, 5, 5)),
        a_log("data_zzzzzzzzzzzzzzzzzzzzz", created_at=at(2019, 5, 6), config=None),
        replace(a_log("data_odd", session="sesh_2", session_reference=f"{HOSTILE} {scope}"), duration=float("inf")),
        an_exposed_log("data_exposed", usage=usage, prompt_cost=0.1, output_cost=1e-300, duration=0.25),
        an_exposed_log("data_other", a_trial("trial_2", "config_2"), error_kind="timeout"),
    ]
    await storage.log_writer.append(scope, [*own, *others])


async def _rate(storage: Storage, scope: Scope) -> None:
    pieces = [
        a_piece("ann_1", "good", log="data_exposed"),
        a_piece("ann_2", -(2**70), "stars", log="data_other"),
        a_piece("ann_3", HOSTILE, "comment", log="data_imported", user="me\x00"),
    ]
    await storage.feedback.record(scope, PROJECT, [FeedbackType("stars", FeedbackClass.NUMBER)], pieces)
    assert await storage.logs.get(scope, LogId("data_odd")) is not None


def rows_in(connection: Connection) -> Rows:
    """The rows of each table that is moved, as the stores read them, in an order that no database decides."""
    tables = (table for table in metadata.sorted_tables if table.name not in STAYS)
    return {table.name: sorted(repr(tuple(row)) for row in connection.execute(select(table))) for table in tables}


def rows_here(file: Path) -> Rows:
    """What is in a SQLite database."""
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        found = rows_in(connection)
    engine.dispose()
    return found


def rows_there(url: str) -> Rows:
    """What is in a PostgreSQL database."""
    return in_transaction(url, 30, rows_in)


class Silent:
    """A watcher who remembers."""

    def __init__(self) -> None:
        self.rows = 0
        self.told: list[tuple[str, int]] = []

    def begins(self, rows: int) -> None:
        self.rows = rows

    def moved(self, table: str, rows: int) -> Any:
        self.told.append((table, rows))
