"""A page that holds too much is refused with what to do; one record is always read."""

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.dataset import DatapointContent
from everloop.domain.feedback import DEFAULT_TYPES
from everloop.domain.ids import DatasetId, ProjectId, SessionId
from everloop.domain.log import LogBody
from everloop.domain.log_filter import LogColumn, LogFilter, LogSort
from everloop.domain.page import PageRequest
from everloop.domain.scope import Scope
from everloop.errors import TooLarge
from everloop.storage import page_bytes
from everloop.storage.opening import Storage
from tests.contract.stores.samples import (
    a_datapoint,
    a_dataset,
    a_log,
    a_log_id,
    a_piece,
    a_project,
    a_session,
    a_version,
)

PROJECT = ProjectId("pr_1")
MOST = 1_000
# Characters of two bytes, of which the limit holds one such text and not two.
LARGE = "é" * (MOST * 3 // 8)
BY_SOURCE = LogFilter(order=(LogSort(LogColumn.SOURCE),))


@pytest.fixture(autouse=True)
def most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_bytes, "MOST_BYTES", MOST)


async def with_logs(storage: Storage, scope: Scope, *bodies: LogBody, session: bool = False) -> list[str]:
    """The ids of logs that have these bodies, in sessions of their own; the newest first."""
    await storage.projects.create(scope, a_project())
    ids: list[str] = []
    for number, body in enumerate(bodies):
        name = f"sesh_{number}" if session else None
        if name:
            await storage.sessions.create(scope, a_session(name, created_at=number))
        log = a_log(a_log_id(number, 1_700_000_000_000 + number), session=name, body=body)
        await storage.log_writer.append(scope, [log])
        ids.insert(0, log.id)
    return ids


@pytest.mark.parametrize("chosen", [None, BY_SOURCE])
async def test_a_page_of_large_logs(storage: Storage, scope: Scope, chosen: LogFilter | None):
    bodies = [LogBody(output=LARGE), LogBody(inputs=f'"{LARGE}"'.encode()), LogBody(output="x"), LogBody()]
    ids = await with_logs(storage, scope, *bodies)

    async def page(offset: int, size: int) -> list[str]:
        request = PageRequest(offset, size)
        if chosen is None:
            return [each.id for each in (await storage.logs.page(scope, PROJECT, request)).items]
        return [each.id for each in (await storage.logs.find(scope, PROJECT, chosen, request)).items]

    for offset, size in ((0, 4), (2, 2), (2, 1000)):
        with pytest.raises(TooLarge, match=r"The logs of this page hold more than .* a smaller `size`"):
            await page(offset, size)
    assert await page(0, 3) == ids[:3]
    assert [await page(offset, 1) for offset in range(4)] == [[each] for each in ids]
    assert await page(4, 10) == []


async def test_one_log_is_read_however_large(storage: Storage, scope: Scope):
    (log_id,) = await with_logs(storage, scope, LogBody(output=LARGE * 10))
    page = await storage.logs.page(scope, PROJECT, PageRequest(0, 10))
    assert [each.id for each in page.items] == [log_id]


async def test_a_config_counts_for_each_log_that_shows_it(storage: Storage, scope: Scope):
    await with_logs(storage, scope, LogBody(), LogBody())
    assert len((await storage.logs.page(scope, PROJECT, PageRequest(0, 2))).items) == 2
    await storage.configs.register(scope, a_version(config=ModelConfig("gpt", prompt_template=LARGE)), None)
    with pytest.raises(TooLarge):
        await storage.logs.page(scope, PROJECT, PageRequest(0, 2))


async def test_what_was_said_of_a_log_counts(storage: Storage, scope: Scope):
    first, second = await with_logs(storage, scope, LogBody(), LogBody())
    pieces = [a_piece(f"ann_{each}", LARGE, "comment", log=each) for each in (first, second)]
    await storage.feedback.record(scope, PROJECT, DEFAULT_TYPES, pieces[:1])
    assert len((await storage.logs.page(scope, PROJECT, PageRequest(0, 2))).items) == 2
    await storage.feedback.record(scope, PROJECT, DEFAULT_TYPES, pieces[1:])
    with pytest.raises(TooLarge):
        await storage.logs.page(scope, PROJECT, PageRequest(0, 2))


async def test_a_page_of_sessions_with_large_logs(storage: Storage, scope: Scope):
    await with_logs(storage, scope, *[LogBody(inputs=b"{}", output=LARGE)] * 2, session=True)
    with pytest.raises(TooLarge, match="The sessions of this page"):
        await storage.sessions.page(scope, PROJECT, PageRequest(0, 2))
    for number in range(2):
        page = await storage.sessions.page(scope, PROJECT, PageRequest(1 - number, 1))
        assert [each.session.id for each in page.items] == [f"sesh_{number}"]
        assert await storage.sessions.summary(scope, SessionId(f"sesh_{number}")) == page.items[0]


async def test_a_page_of_large_datapoints(storage: Storage, scope: Scope):
    await storage.projects.create(scope, a_project())
    await storage.datasets.create(scope, a_dataset())
    text = f'"{LARGE}"'.encode()
    contents = [DatapointContent(text, b"[]", b"{}"), DatapointContent(b"{}", b"[]", text), DatapointContent(b"{}")]
    made = [a_datapoint(f"evtc_{number}", each) for number, each in enumerate(contents)]
    dataset = DatasetId("evts_1")
    await storage.datapoints.add(scope, dataset, made, 70)
    kept = await storage.datasets.get(scope, dataset)
    assert kept is not None
    for version in (None, kept.version):
        with pytest.raises(TooLarge, match="The datapoints of this page"):
            await storage.datapoints.page(scope, dataset, PageRequest(0, 3), version)
        for offset, size in ((0, 1), (1, 1), (1, 2)):
            page = await storage.datapoints.page(scope, dataset, PageRequest(offset, size), version)
            assert (list(page.items), page.total) == (made[offset : offset + size], 3)
        assert (await storage.datapoints.page(scope, dataset, PageRequest(3, 3), version)).items == ()
