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
