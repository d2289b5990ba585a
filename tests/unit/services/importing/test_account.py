from everloop.domain.imported import LeftOut, Problem
from everloop.services.importing.account import Account


def test_what_is_left_out_is_counted_by_what_it_is_and_why():
    account = Account()
    account.note([LeftOut("tool", "why", 2), LeftOut("tool", "why"), LeftOut("tool", "another"), Problem("a", "b")])
    assert account.left == {("tool", "why"): 3, ("tool", "another"): 1}
    assert account.failed
    assert account.problems == [Problem("a", "b")]


def test_problems_beyond_a_hundred_are_only_counted():
    account = Account()
    for number in range(250):
        account.fail(str(number), "wrong")
    assert (len(account.problems), account.more_problems) == (100, 150)


def test_kinds_beyond_a_hundred_are_only_counted():
    account = Account()
    for number in range(250):
        account.note([LeftOut(f"`{number}` of a log", "why", 2)])
    account.note([LeftOut("`7` of a log", "why")])
    assert len(account.left) == 100
    assert account.left["`7` of a log", "why"] == 3
    assert account.more_left == 300


def test_what_is_told_is_a_short_line_that_no_terminal_obeys():
    account = Account()
    account.fail("files/\udcff\n/1.jsonl", "\x1b[2Jeverloop: all is well\r" + "x" * 10_000_000)
    account.note([LeftOut("`\x00é` of a log", "why")])
    (problem,) = account.problems
    assert problem.place == "files/\\udcff\\n/1.jsonl"
    assert problem.message.startswith("\\x1b[2Jeverloop: all is well\\rxxx")
    assert len(problem.message) < 600
    assert account.left == {("`\\x00é` of a log", "why"): 1}
