import sqlite3
from pathlib import Path

import pytest

from everloop import errors
from everloop.storage.experiment_tables import arm_latency
from everloop.storage.log_tables import log_body
from everloop.storage.moving import source
from everloop.storage.moving.source import Source, held, key_of
from everloop.storage.tables import change, organisation


def execute(file: Path, *statements: str) -> None:
    connection = sqlite3.connect(file)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def fingerprint(file: Path) -> str:
    with held(file) as here:
        return here.fingerprint()


def test_a_fingerprint_is_of_what_is_in_the_database(file: Path):
    before = fingerprint(file)
    execute(file, "PRAGMA journal_mode=WAL")
    assert fingerprint(file) == before
    execute(file, "INSERT INTO organisation (id, name, created_at) VALUES ('a', 'a', 1)")
    after = fingerprint(file)
    assert after != before
    assert fingerprint(file) == after
    execute(file, "UPDATE organisation SET created_at = 2")
    assert fingerprint(file) not in {before, after}


def test_a_fingerprint_is_of_the_whole_file(file: Path, monkeypatch: pytest.MonkeyPatch):
    execute(file, "INSERT INTO organisation (id, name, created_at) VALUES ('a', 'a', 1)")
    whole = fingerprint(file)
    monkeypatch.setattr(source, "_PIECE", 100)
    assert fingerprint(file) == whole


def test_who_holds_it_has_it_alone_until_the_end(file: Path):
    """Reading its file for the fingerprint does not give the lock away."""
    other = sqlite3.connect(file, timeout=0)
    with held(file) as here:
        here.settle()
        here.fingerprint()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("SELECT * FROM organisation")
        with pytest.raises(errors.Conflict, match="stop it first"), held(file):
            pass
    assert other.execute("SELECT * FROM organisation").fetchall() == []
    other.close()


@pytest.mark.parametrize("most", [1, 2, 3, 100])
def test_batches_are_in_the_order_of_keys_and_leave_nothing_out(file: Path, most: int):
    rows = [("o", "e", "env", config, bucket, 1) for config in ("a", "b", "é") for bucket in (-70, 0, 7)]
    with held(file) as here:
        here.connection.executemany("INSERT INTO arm_latency VALUES (?, ?, ?, ?, ?, ?)", reversed(rows))
        found, after = [], None
        while batch := here.batch(arm_latency, after, most):
            assert len(batch) <= most
            found += batch
            after = key_of(arm_latency, batch[-1])
            assert after == batch[-1][:5]
    assert found == rows


def test_large_rows_come_a_few_at_a_time(file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(source, "_MOST_BYTES", 1_000)
    with held(file) as here:
        for number in range(5):
            here.connection.execute(
                "INSERT INTO log_body (organisation_id, log_id, output) VALUES ('o', ?, ?)", (str(number), "x" * 600)
            )
        assert len(here.batch(log_body, None, 100)) == 2
        assert len(here.batch(log_body, ("o", "1"), 1)) == 1
        assert len(here.batch(log_body, ("o", "3"), 100)) == 1


def plan(here: Source, query: str) -> str:
    return "\n".join(row[3] for row in here.connection.execute(f"EXPLAIN QUERY PLAN {query}", ("o", "1", 10)))


def test_a_batch_is_found_by_its_key(file: Path):
    """Behind the first column only, each batch would walk over all that were moved before."""
    with held(file) as here:
        found = plan(here, source._query(log_body, first=False))
    assert "(organisation_id,log_id)>(?,?)" in found
    assert "TEMP B-TREE" not in found


def test_the_greatest_number_is_the_one_that_was_ever_given(file: Path):
    execute(
        file,
        "INSERT INTO change (organisation_id, at) VALUES ('a', 1), ('a', 2)",
        "DELETE FROM change",
        "INSERT INTO organisation (number, id, name, created_at) VALUES (12, 'a', 'a', 1)",
    )
    with held(file) as here:
        assert here.greatest(change, "number") == 2
        assert here.greatest(organisation, "number") == 12
        assert here.count(organisation) == 1
        here.connection.execute("DELETE FROM organisation")
        assert here.greatest(organisation, "number") is None
