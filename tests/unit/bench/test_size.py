"""The past that the bench of sizes writes, and what its page says is too slow."""

import argparse
import json
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest

from bench.machine import describe
from bench.size.__main__ import _sizes, _without_password
from bench.size.filters import FILTERS
from bench.size.page import Reading, Results, markdown, write
from bench.size.past import (
    LONG_SESSION,
    RARE,
    SHORT_SESSION,
    SOURCES,
    SPAN,
    TOPICS,
    Model,
    Place,
    Row,
    batches,
    session_named,
)
from everloop.api.v4.log_query import LogQuery
from everloop.domain.ids import TIME_WIDTH, Prefix, base62

COLUMNS = [
    "organisation_id",
    "id",
    "project_id",
    "config_id",
    "created_at",
    "updated_at",
    "user",
    "session_id",
    "source",
]
MODEL = Model(
    {**dict.fromkeys(COLUMNS), "session_reference_id": None, "organisation_id": "org"},
    {"organisation_id": "org", "log_id": "data_0", "output": "out", "inputs": "{}", "metadata": None},
)
UNTIL = 1_700_000_000_000
PLACE = Place("pr_1", ("config_1", "config_2", "config_3"), "pr_2", "config_9", UNTIL)


def past(end: int, first: int = 0) -> tuple[list[Row], list[Row], list[Row]]:
    parts = list(batches(MODEL, PLACE, first, end, 700))
    logs, bodies, sessions = ([getattr(each, name) for each in parts] for name in ("logs", "bodies", "sessions"))
    return list(chain(*logs)), list(chain(*bodies)), list(chain(*sessions))


def column(logs: list[Row], name: str) -> list[object]:
    return [row[COLUMNS.index(name)] for row in logs]


def test_logs_come_in_the_order_of_their_time_each_with_its_body():
    logs, bodies, _ = past(2_000)
    ids = column(logs, "id")
    assert len(set(ids)) == 2_000
    assert ids == sorted(ids, key=str)
    assert [row[1] for row in bodies] == ids
    assert {row[2] for row in bodies} == {"out"}
    times = [int(str(each)) for each in column(logs, "created_at")]
    begins = [f"{Prefix.LOG}_{base62(each, TIME_WIDTH)}" for each in times]
    assert [str(each)[: len(begins[0])] for each in ids] == begins
    assert times[0] == UNTIL - SPAN
    assert max(times) < UNTIL
    assert past(2_000) == (logs, *past(2_000)[1:]), "the same past in every run"


def test_sessions_are_of_five_but_one():
    logs, _, sessions = past(2_000)
    sizes = Counter(column(logs, "session_id"))
    assert sizes.pop(session_named(0)) == LONG_SESSION
    assert set(sizes.values()) == {SHORT_SESSION}
    assert {row[1] for row in sessions} == {*sizes, session_named(0)}


def test_most_are_of_the_version_that_is_live():
    logs, _, _ = past(5_000)
    of = Counter(zip(column(logs, "project_id"), column(logs, "config_id"), strict=True))
    assert 400 < of.pop(("pr_2", "config_9")) < 600
    assert 3_400 < of.pop(("pr_1", "config_1")) < 3_800
    assert set(of) == {("pr_1", "config_2"), ("pr_1", "config_3")}


def test_filters_find_some():
    logs, bodies, _ = past(20_000)
    said = list(chain(*(each.feedback for each in batches(MODEL, PLACE, 0, 20_000, 700))))
    assert set(column(logs, "source")) == set(SOURCES)
    rare = [row for row in bodies if RARE in str(row[3])]
    assert 0 < len(rare) < 20
    assert all(RARE in json.loads(str(row[3]))["question"] for row in rare)
    assert 3_000 < sum(TOPICS[1] in str(row[3]) for row in bodies) < 5_000
    of = dict(zip(column(logs, "id"), column(logs, "project_id"), strict=True))
    assert all(of[row[3]] == row[2] for row in said)
    assert 5_000 < len(said) < 7_000
    assert {row[5] for row in said} == {'"good"', '"bad"'}


def test_every_filter_is_asked_in_words_that_v4_has():
    for query in FILTERS.values():
        given = query(PLACE)
        LogQuery.model_validate({"project_id": "pr_1", **_gathered(given)}).filter(given)


def _gathered(query: list[tuple[str, str]]) -> dict[str, object]:
    lists = {"sort", "source_filter", "model_filter"}
    known = [(name, value) for name, value in query if not name.startswith("feedback-")]
    return {
        name: [value for other, value in known if other == name] if name in lists else value for name, value in known
    }


def test_sizes_grow_and_are_large_enough():
    assert _sizes("1000,5000") == (1000, 5000)
    for wrong in ("10,1000", "5000,1000", "1000,1000"):
        with pytest.raises(argparse.ArgumentTypeError):
            _sizes(wrong)


def test_the_page_tells_what_is_slow_and_no_password(tmp_path: Path):
    readings = [
        Reading("GET /a", 1_000, 5_000_000, [0.001, 0.002, 0.003], 10),
        Reading("GET /a", 3_000, 15_000_000, [0.06, 0.05, 0.01], 10),
    ]
    command = " ".join(_without_password(["--database", "postgresql://me:secret@host/x"]))
    results = Results("2026-01-01", command, "SQLite", describe(tmp_path), readings, 1.0)
    assert results.failures == ["GET /a with 3,000 logs: p50 50 ms"]
    page = markdown(results)
    assert "| `GET /a` | **2.00** / 3.00 | **50.00** / 60.00 | 0.0 |" in page
    assert "| 3,000 | 14.3 | 5,000 |" in page
    assert "secret" not in page
    assert write(results, tmp_path, "x").read_text() == page
