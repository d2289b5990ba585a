import pytest
import typer

from everloop.cli.migrate import LINE, LINE_EVERY, _tell_counts
from everloop.cli.progress import Lines
from everloop.storage.moving.move import Counted, Moved


def test_sides_that_differ_are_an_error(capsys: pytest.CaptureFixture[str]):
    moved = Moved((Counted("project", 12_345, 12_345, 0), Counted("log", 3, 2, 1)))
    with pytest.raises(typer.Exit) as ended:
        _tell_counts(moved)
    assert ended.value.exit_code == 1
    said = capsys.readouterr()
    assert [line.split() for line in said.out.splitlines()[:4]] == [
        ["rows", "of", "SQLite", "PostgreSQL"],
        ["project", "12,345", "12,345"],
        ["log", "3", "2", "differs"],
        ["all", "12,348", "12,347", "differs"],
    ]
    assert "the two sides differ in log" in said.err


def test_without_a_terminal_there_is_a_line_for_each_table_and_more_for_large_ones(capsys: pytest.CaptureFixture[str]):
    lines = Lines(LINE, LINE_EVERY)
    lines.begins(250_001)
    for table, rows in (("project", 0), ("project", 1), ("log", 0), ("log", 60_000), ("log", 60_000), ("log", 130_000)):
        lines.moved(table, rows)
    assert capsys.readouterr().err.splitlines() == [
        "Moving project: 0 of 250,001 rows are there.",
        "Moving log: 1 of 250,001 rows are there.",
        "Moving log: 120,001 of 250,001 rows are there.",
        "Moving log: 250,001 of 250,001 rows are there.",
    ]
