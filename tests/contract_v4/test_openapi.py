"""Our OpenAPI against the contract's: operation by operation, field by field."""

import pytest

from tests.contract_v4.comparison import Comparison
from tests.contract_v4.differences import ALL, DIFFERENCES, LIMITS
from tests.contract_v4.operations import OUTSIDE, PREFIX, contract, family, is_outside, operations, promised
from tests.server import RunningServer, running_server

__all__ = ["running_server"]


@pytest.fixture(scope="module")
def ours(running_server: RunningServer):
    return running_server.send("GET", "/openapi.json").expect(200)


@pytest.fixture(scope="module")
def comparison(ours):
    return Comparison(contract(), ours, LIMITS)


@pytest.fixture(scope="module")
def found(comparison, ours):
    """Every difference."""
    built = {each.name: each for each in operations(ours, PREFIX)}
    lines = {f"{name}: is more than the contract has" for name in built.keys() - {each.name for each in promised()}}
    for each in promised():
        if each.name in built:
            lines.update(comparison.operation(each, built[each.name]))
        else:
            lines.add(f"{each.name}: is missing")
    return lines


def test_nothing_differs_but_what_is_meant_to(found):
    unmeant = sorted(found - set(ALL))
    assert not unmeant, "\n".join(["our OpenAPI differs from the contract:", *unmeant])


def test_what_is_meant_to_differ_still_does(found):
    """The list gets shorter whenever it can."""
    gone = sorted(set(ALL) - found)
    assert not gone, "\n".join(["take these out of differences.py:", *gone])


def test_each_difference_has_one_reason():
    assert len(ALL) == sum(map(len, DIFFERENCES.values()))
    assert all(DIFFERENCES.values()), "a reason without a difference"


def test_every_limit_is_ours(comparison, found):
    assert comparison.met == set(LIMITS)


def test_what_we_do_not_promise_is_in_the_contract():
    assert {family(each) for each in operations(contract()) if is_outside(each)} == set(OUTSIDE)


def test_most_of_the_contract_is_promised():
    assert len(promised()) == 54
    assert len(list(operations(contract()))) == 79
