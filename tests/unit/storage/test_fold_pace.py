"""When a log writer folds."""

from everloop.domain.ids import OrganisationId
from everloop.domain.log import Log
from everloop.storage.fold_pace import FoldPace
from everloop.storage.log_batch import Rows, rows_of
from tests.contract.stores.samples import StillClock, a_log, an_exposed_log


def a_batch(*logs: Log) -> list[Rows]:
    return [rows_of(OrganisationId("org_1"), logs)]


EXPOSED, PLAIN = a_batch(an_exposed_log()), a_batch(a_log())


def test_logs_of_experiments_are_folded_once_a_second():
    clock = StillClock()
    pace = FoldPace(clock)
    due = []
    for _ in range(10):
        due.append(pace.due_with(EXPOSED))
        if due[-1]:
            pace.folded()
        clock.milliseconds += 400
    assert due == [True, False, False, True, False, False, True, False, False, True]


def test_without_them_it_is_never_time():
    clock = StillClock()
    pace = FoldPace(clock)
    for _ in range(100):
        assert not pace.due_with(PLAIN)
        clock.milliseconds += 100


def test_those_that_came_too_early_are_folded_with_a_later_batch():
    clock = StillClock()
    pace = FoldPace(clock)
    assert pace.due_with(EXPOSED)
    pace.folded()
    assert not pace.due_with(EXPOSED)
    clock.milliseconds += 1200
    assert pace.due_with(PLAIN)
    pace.folded()
    clock.milliseconds += 1200
    assert not pace.due_with(PLAIN)


def test_a_fold_that_did_not_get_to_disk_is_due_again():
    pace = FoldPace(StillClock())
    assert pace.due_with(EXPOSED)
    assert pace.due_with(PLAIN)


def test_many_logs_of_any_kind_make_it_time():
    """However few of them are of experiments: who looks for those reads the others."""
    clock = StillClock()
    pace = FoldPace(clock)
    many = a_batch(*(a_log(f"data_{number}") for number in range(500)))
    assert [pace.due_with(many) for _ in range(4)] == [False, False, False, True]
    pace.folded()
    assert not pace.due_with(many)
