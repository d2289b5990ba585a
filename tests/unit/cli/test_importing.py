import pytest

from everloop.cli.importing import _tell
from everloop.services.importing.account import Account


def test_the_account_is_told_on_stdout_and_what_went_wrong_on_stderr(capsys: pytest.CaptureFixture[str]):
    account = Account()
    account.kept["logs"] += 12_345
    account.there["configs"] += 2
    account.left["evaluation", "not there yet"] += 3
    for number in range(101):
        account.fail(f"line {number}", "It is wrong.")
    _tell(account, dry=True)
    said = capsys.readouterr()
    assert [line.split() for line in said.out.splitlines()] == [
        ["logs", "12,345", "would", "be", "new", "0", "already", "there"],
        ["configs", "0", "would", "be", "new", "2", "already", "there"],
        ["Left", "out:", "3", "x", "evaluation", "(not", "there", "yet)."],
    ]
    told = said.err.splitlines()
    assert told[0] == "everloop: line 0: It is wrong."
    assert told[100] == "everloop: 1 more of the kind."
    assert len(told) == 102
