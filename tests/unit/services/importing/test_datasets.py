from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.dataset import Datapoint, DatapointContent
from everloop.domain.ids import DatapointId, DatasetId
from everloop.domain.imported import DatasetState
from everloop.services.importing.account import Account
from everloop.services.importing.datasets import _steps

states = st.lists(st.dictionaries(st.integers(0, 5), st.integers(0, 2), max_size=6), max_size=5)


def datapoint(number: int, content: int) -> Datapoint:
    return Datapoint(DatapointId(f"dp_{number}"), DatasetId("ds"), DatapointContent(str(content).encode()), 0, 0)


@given(states)
def test_the_steps_lead_through_every_version(wanted: list[dict[int, int]]):
    versions = [tuple(datapoint(*each) for each in state.items()) for state in wanted]
    found = (DatasetState("here", time, each) for time, each in enumerate(versions))
    there: dict[DatapointId, Datapoint] = {}
    ends: dict[int, dict[DatapointId, Datapoint]] = {}
    for step in _steps(found, Account()):
        assert step.gone or step.new
        for gone in step.gone:
            del there[gone]
        for new in step.new:
            assert new.id not in there
            there[new.id] = new
        assert step.total == len(there)
        ends[step.now] = dict(there)
    seen: dict[DatapointId, Datapoint] = {}
    for time, version in enumerate(versions):
        seen = ends.get(time, seen)
        assert {each.id: each.content for each in seen.values()} == {each.id: each.content for each in version}
