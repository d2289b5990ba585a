from dataclasses import dataclass, field

import pytest

from everloop.domain.dataset import DatapointContent
from everloop.domain.ids import LogId, OrganisationId, ProjectId
from everloop.domain.log import Log, LogBody
from everloop.domain.scope import Scope
from everloop.errors import InvalidFields, NotFound, TooLarge
from everloop.services import datapoints
from everloop.services.datapoints import DatapointService
from tests.contract.stores.samples import StillClock, a_dataset
from tests.fake_machine import FakeIds

SCOPE = Scope(OrganisationId("org_a"), "key_a")


@dataclass
class Rooms:
    """What is beside the service: one dataset, no datapoints, and logs; `asked` are the numbers of logs at once."""

    logs: dict[LogId, Log] = field(default_factory=dict)
    added: list = field(default_factory=list)
    asked: list[int] = field(default_factory=list)

    async def get(self, scope, dataset_id):
        if dataset_id != a_dataset().id:
            raise NotFound("no dataset")
        return a_dataset()

    async def some(self, scope, log_ids):
        self.asked.append(len(log_ids))
        return {each: self.logs[each] for each in log_ids if each in self.logs}

    async def add(self, scope, dataset_id, made, now):
        self.added.append((dataset_id, made, now))


@pytest.fixture
def rooms():
    return Rooms()


@pytest.fixture
def service(rooms):
    return DatapointService(datasets=rooms, datapoints=rooms, logs=rooms, clock=StillClock(), ids=FakeIds())


def keep(rooms, number, output="x", project="pr_1"):
    log_id = LogId(f"data_{number}")
    body = LogBody(inputs=b'{"n": %d}' % number, output=output)
    rooms.logs[log_id] = Log(log_id, ProjectId(project), None, 1, 1, body=body)
    return log_id


async def test_logs_are_read_a_few_at_a_time_and_added_at_once(rooms, service):
    ids = [keep(rooms, number) for number in range(45)]
    made = await service.add_logs(SCOPE, "evts_1", ids)
    assert rooms.asked == [20, 20, 5]
    assert [(each.source_log_id, each.content.inputs) for each in made] == [
        (each, b'{"n":"%d"}' % number) for number, each in enumerate(ids)
    ]
    assert len({each.id for each in made}) == 45
    assert rooms.added == [("evts_1", made, StillClock().now())]


async def test_what_is_copied_has_a_limit(rooms, service, monkeypatch):
    monkeypatch.setattr(datapoints, "MOST_BYTES", 1_000_000)
    ids = [keep(rooms, number, "x" * 300_000) for number in range(60)]
    with pytest.raises(TooLarge, match="add fewer at once"):
        await service.add_logs(SCOPE, "evts_1", ids)
    assert rooms.asked == [20], "no more is read than is needed to know"
    assert rooms.added == []
    assert len(await service.add_logs(SCOPE, "evts_1", ids[:3])) == 3


async def test_a_wrong_log_is_named_and_nothing_is_added(rooms, service):
    ids = [keep(rooms, number) for number in range(25)]
    with pytest.raises(InvalidFields) as refused:
        await service.add_logs(SCOPE, "evts_1", [*ids, keep(rooms, 99, project="pr_2")])
    assert refused.value.issues[0].location == ("body", "log_ids", 25)
    with pytest.raises(NotFound, match="data_none"):
        await service.add_logs(SCOPE, "evts_1", [*ids, "data_none"])
    assert rooms.added == []


async def test_adding_nothing_makes_no_version(rooms, service):
    assert await service.add(SCOPE, "evts_1", []) == []
    assert await service.add_logs(SCOPE, "evts_1", []) == []
    assert rooms.added == []
    for nothing in (service.add(SCOPE, "evts_none", []), service.add_logs(SCOPE, "evts_none", [])):
        with pytest.raises(NotFound):
            await nothing


async def test_content_is_added_as_it_is(rooms, service):
    content = DatapointContent(b"{}", b"[]", None)
    (made,) = await service.add(SCOPE, "evts_1", [content])
    assert (made.content, made.source_log_id) == (content, None)
    assert made.created_at == made.updated_at == StillClock().now()
