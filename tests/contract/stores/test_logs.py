import asyncio
from dataclasses import fields, replace
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everloop import errors
from everloop.domain.generation import Usage
from everloop.domain.ids import ConfigId, EnvironmentId, ExperimentId, LogId, ProjectId, SessionId, TrialId
from everloop.domain.log import Log, LogBody, LogLink
from everloop.domain.page import PageRequest
from everloop.domain.scope import Scope
from everloop.domain.usage import PartialUsage
from everloop.storage.opening import Storage
from tests.contract.stores.samples import ALL, a_log, a_log_id

FULL = Log(
    id=a_log_id(1),
    project_id=ProjectId("pr_1"),
    config_id=ConfigId("config_1"),
    created_at=1_700_000_000_001,
    updated_at=1_700_000_000_002,
    environment_id=EnvironmentId("env_a"),
    session_id=SessionId("sesh_1"),
    session_reference_id="session reference",
    parent_id=LogId("data_parent"),
    parent_reference_id="parent reference",
    reference_id="reference",
    experiment_id=ExperimentId("exp_1"),
    trial_id=TrialId("trial_1"),
    source="source",
    source_datapoint_id="evdp_1",
    user="user",
    save=False,
    sample_index=3,
    finish_reason="stop",
    error_kind="timeout",
    usage=Usage(11, 12, 13, estimated=True),
    prompt_cost=0.1,
    output_cost=0.2,
    provider_latency=0.3,
    time_to_first_token=0.4,
    duration=0.5,
    provider_calls=2,
    arm_id=ConfigId("config_arm"),
    body=LogBody(
        inputs=b'{"a":1}',
        metadata=b'{"m":2}',
        messages=b'[{"role":"user"}]',
        output="output",
        raw_output=" output ",
        output_message=b'{"role":"assistant"}',
        error="error",
        stdout="stdout",
        judgment=b"true",
        tools=b"[]",
        tool_choice=b'"auto"',
        provider_request=b'{"p":[18446744073709551616, 1e400, 0.10]}',
        provider_response=b'{"x":"\\u0000","\xf0\x9f\xa6\x9c":1}',
        attempts=b'[{"config_id":"config_0"}]',
    ),
)


def test_the_full_log_leaves_nothing_out():
    """Otherwise a new field would pass the round trip by being empty, or two fields be exchanged."""
    assert FULL.usage is not None
    for value in (FULL, FULL.body, FULL.usage):
        given_values = [getattr(value, each.name) for each in fields(value)]
        assert not [each.name for each in fields(value) if getattr(value, each.name) == each.default]
        assert len({repr(each) for each in given_values}) == len(given_values)


async def kept(storage: Storage, scope: Scope, log: Log) -> Log | None:
    await storage.log_writer.append(scope, [log])
    return await storage.logs.get(scope, log.id)


@pytest.mark.parametrize(
    "log",
    [
        FULL,
        replace(FULL, usage=Usage(0, 0)),
        replace(FULL, usage=None, save=True),
        replace(FULL, usage=PartialUsage(None, 12)),
        replace(FULL, usage=PartialUsage(11, None, 13, estimated=True)),
        Log(a_log_id(2), ProjectId("pr_1"), None, 0, 0),
        replace(FULL, body=LogBody(output="", error="", inputs=b'""')),
    ],
)
async def test_every_field_comes_back(storage: Storage, scope: Scope, log: Log):
    assert await kept(storage, scope, log) == log
    assert (await storage.logs.page(scope, log.project_id, ALL)).items == (log,)


@pytest.mark.parametrize(
    "text", ["a\x00b", "\x00", "🦜👩‍👩‍👧", "e\u0301\u200b\ufeff", "\uffff", "'; DROP TABLE log; --"]
)
async def test_texts_come_back_unaltered(storage: Storage, scope: Scope, text: str):
    log = replace(FULL, user=text, reference_id=text, body=LogBody(output=text, raw_output=text, inputs=text.encode()))
    assert await kept(storage, scope, log) == log
    link = await storage.logs.link_by_reference(scope, text)
    assert link is not None
    assert link.id == log.id


async def test_ten_megabytes_come_back(storage: Storage, scope: Scope):
    output = "ü" * 5_000_000
    log = replace(FULL, body=LogBody(output=output, provider_response=b'"' + b"x" * 10_000_000 + b'"'))
    assert await kept(storage, scope, log) == log


NUMBERS = count()
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT, lambda inner: st.lists(inner, max_size=3), max_leaves=8
).map(lambda value: str(value).encode())
NUMBER = st.integers(-(2**63), 2**63 - 1)
REAL = st.floats(allow_nan=False)


def fields_of(kind: type[Any], **known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Any value of a dataclass, field by field after its annotation."""
    by_annotation: dict[Any, st.SearchStrategy[Any]] = {
        bytes | None: st.none() | JSON,
        str | None: st.none() | TEXT,
        float | None: st.none() | REAL,
        int | None: st.none() | NUMBER,
        int: NUMBER,
        bool: st.booleans(),
        LogId: TEXT,
        ProjectId: TEXT,
    }

    def strategy(annotation: Any) -> st.SearchStrategy[Any]:
        # The ids that are not in the table are texts that may be missing.
        return by_annotation.get(annotation, st.none() | TEXT)

    chosen = {each.name: strategy(each.type) for each in fields(kind)} | known
    return st.builds(kind, **chosen)


LOGS = fields_of(Log, body=fields_of(LogBody), usage=st.none() | fields_of(Usage))


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(log=LOGS)
async def test_any_log_comes_back(storage: Storage, scope: Scope, log: Log):
    # The database is the same for all examples, so each brings an id of its own.
    log = replace(log, id=LogId(f"{next(NUMBERS)} {log.id}"))
    assert await kept(storage, scope, log) == log


async def test_newest_first_in_pages(storage: Storage, scope: Scope):
    logs = [a_log(a_log_id(number % 3, 1_700_000_000_000 + number), created_at=number) for number in range(7)]
    await storage.log_writer.append(scope, logs[4:] + logs[:4])
    await storage.log_writer.append(scope, [a_log("data_elsewhere", "pr_2")])
    pages = [await storage.logs.page(scope, ProjectId("pr_1"), PageRequest(offset, 3)) for offset in (0, 3, 6, 9)]
    assert [page.total for page in pages] == [7] * 4
    newest_first = tuple(reversed(logs))
    assert [page.items for page in pages] == [newest_first[0:3], newest_first[3:6], newest_first[6:], ()]
    assert (await storage.logs.page(scope, ProjectId("pr_1"), PageRequest(0, 0))).items == ()


async def test_ids_sort_by_their_bytes(storage: Storage, scope: Scope):
    ids = ["data_0", "data_9", "data_A", "data_Z", "data_a", "data_z", "data_é"]
    await storage.log_writer.append(scope, [a_log(each) for each in ids])
    page = await storage.logs.page(scope, ProjectId("pr_1"), ALL)
    assert [log.id for log in page.items] == ids[::-1]


async def test_counting(storage: Storage, scope: Scope):
    await storage.log_writer.append(scope, [a_log("data_1"), a_log("data_2"), a_log("data_3", "pr_2")])
    ids = [ProjectId("pr_1"), ProjectId("pr_2"), ProjectId("pr_3")]
    assert await storage.logs.count(scope, ids) == {"pr_1": 2, "pr_2": 1, "pr_3": 0}
    assert await storage.logs.count(scope, []) == {}


async def test_links(storage: Storage, scope: Scope):
    await storage.log_writer.append(
        scope,
        [
            a_log(a_log_id(1), reference="mine", session="sesh_1", session_reference="thread"),
            a_log(a_log_id(2), "pr_2", reference="mine"),
            a_log(a_log_id(3), reference="other"),
        ],
    )
    first = LogLink(a_log_id(1), ProjectId("pr_1"), SessionId("sesh_1"), "thread")
    assert await storage.logs.link(scope, a_log_id(1)) == first
    newest = LogLink(a_log_id(2), ProjectId("pr_2"), None, None)
    assert await storage.logs.link_by_reference(scope, "mine") == newest
    assert await storage.logs.link(scope, LogId("data_none")) is None
    assert await storage.logs.link_by_reference(scope, "none") is None
    assert await storage.logs.get(scope, LogId("data_none")) is None


async def test_an_append_is_kept_all_or_none(storage: Storage, scope: Scope):
    await storage.log_writer.append(scope, [a_log("data_1")])
    with pytest.raises(errors.Conflict):
        await storage.log_writer.append(
            scope, [a_log("data_2", session="sesh_n", session_reference="new"), a_log("data_1")]
        )
    assert await storage.logs.get(scope, LogId("data_2")) is None
    assert await storage.sessions.get(scope, SessionId("sesh_n")) is None
    storage.log_writer.check()


async def test_neighbours_of_a_bad_append_are_kept(storage: Storage, scope: Scope):
    await storage.log_writer.append(scope, [a_log("data_taken")])
    bad = {
        3: [a_log("data_taken")],
        7: [replace(a_log("data_x"), user="\ud800")],
        11: [replace(a_log("data_y"), provider_calls=2**64)],
        15: [a_log("data_z", body=LogBody(inputs=b"\xff"))],
        19: [a_log("data_19"), a_log("data_19")],
    }
    results = await asyncio.gather(
        *(storage.log_writer.append(scope, bad.get(number, [a_log(f"data_{number}")])) for number in range(40)),
        return_exceptions=True,
    )
    refused = {number: type(result) for number, result in enumerate(results) if result is not None}
    unprocessable, conflict = errors.Unprocessable, errors.Conflict
    assert refused == {3: conflict, 7: unprocessable, 11: unprocessable, 15: unprocessable, 19: conflict}
    page = await storage.logs.page(scope, ProjectId("pr_1"), ALL)
    assert {log.id for log in page.items} == {"data_taken"} | {f"data_{n}" for n in range(40) if n not in bad}
    storage.log_writer.check()


async def test_a_large_append_is_one(storage: Storage, scope: Scope):
    logs = [a_log(a_log_id(number)) for number in range(1_500)]
    await storage.log_writer.append(scope, logs)
    await storage.log_writer.append(scope, [])
    assert await storage.logs.count(scope, [ProjectId("pr_1")]) == {"pr_1": 1_500}


async def test_long_and_short_bodies_of_one_append_are_not_mixed_up(storage: Storage, scope: Scope):
    lengths = (1, 100_000, 3, 30_000, 50_000, 2)
    logs = [
        replace(a_log(a_log_id(place)), body=LogBody(output=f"{place} " * length))
        for place, length in enumerate(lengths)
    ]
    await storage.log_writer.append(scope, logs)
    assert [await storage.logs.get(scope, each.id) for each in logs] == logs


async def test_the_writer_syncs(storage: Storage, backend: str):
    assert storage.log_writer.synchronous() == {"sqlite": 2, "postgresql": "on"}[backend]
