import sqlite3
from pathlib import Path

from everloop.domain.ids import Prefix, time_ordered
from everloop.storage.moving.months import months_of_logs
from tests.unit.storage.moving.house import at


def logs(file: Path, *rows: tuple[str, int]) -> sqlite3.Connection:
    connection = sqlite3.connect(file)
    for owner in ("org_a", "org_b"):
        connection.execute("INSERT INTO organisation (id, name, created_at) VALUES (?, ?, 1)", (owner, owner))
    for number, (identifier, created_at) in enumerate(rows):
        connection.execute(
            "INSERT INTO log (organisation_id, id, project_id, created_at, updated_at, save, sample_index)"
            " VALUES (?, ?, 'pr_1', ?, 1, 1, 0)",
            ("org_a" if number % 2 else "org_b", identifier, created_at),
        )
    return connection


def own(milliseconds: int, number: int = 7) -> tuple[str, int]:
    return time_ordered(Prefix.LOG, milliseconds, number), milliseconds


def test_no_logs(file: Path):
    assert months_of_logs(logs(file)) == []


def test_each_month_in_which_logs_were_made_and_no_other(file: Path):
    connection = logs(
        file,
        own(at(2025, 1, 1)),
        own(at(2025, 1, 31)),
        own(at(2025, 12, 31)),
        own(at(2026, 1, 1) - 1),
        own(at(2026, 2, 1)),
        own(at(2026, 3, 31, 23, 59)),
        own(at(2026, 3, 31, 23, 59), 8),
    )
    wanted = [at(2025, 1, 1), at(2025, 12, 1), at(2026, 2, 1), at(2026, 3, 1)]
    assert months_of_logs(connection) == wanted


def test_ids_that_were_made_elsewhere_ask_for_no_month(file: Path):
    """Whatever time seems to be in them, and whatever time was said with them."""
    connection = logs(
        file,
        ("data_imported", at(2019, 5, 5)),
        (own(at(2044, 4, 4))[0], at(2019, 5, 5)),
        (own(at(2021, 6, 6))[0], at(2019, 5, 6)),
        ("data_zzzzzzzzzzzzzzzzzzzzz", 2**62),
        ("data_000000000000000000000", -5),
        own(at(2020, 2, 29)),
    )
    assert months_of_logs(connection) == [at(2020, 2, 1)]
