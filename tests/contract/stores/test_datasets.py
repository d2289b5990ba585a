import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everloop import errors
from everloop.domain.dataset import Datapoint, DatapointContent, Dataset, DatasetVersion
from everloop.domain.ids import DatapointId, DatasetId, LogId, ProjectId
from everloop.domain.page import Page, PageRequest
from everloop.domain.scope import Scope
from everloop.storage.opening import Storage
from tests.contract.stores.conftest import Opener
from tests.contract.stores.samples import (
    ALL,
    a_datapoint,
    a_dataset,
    a_log,
    a_project,
    an_environment,
    an_organisation,
)

DATASET, OTHER = DatasetId("evts_1"), DatasetId("evts_2")
NONE = DatasetId("evts_none")
ODD = DatapointContent(b'{"q":"nul \\u0000 \xc3\xa9"}', b'[{"role":"user"}]', b'{"deep":[{"er":[1,2.5]}]}')


@pytest.fixture
async def house(storage: Storage, scope: Scope) -> Storage:
    """One project with two datasets."""
    await storage.projects.create(scope, a_project())
    for each in (a_dataset(), a_dataset("evts_2", "others", created_at=59)):
        await storage.datasets.create(scope, each)
    return storage


async def content(house: Storage, scope: Scope, dataset: DatasetId = DATASET, version: int | None = None) -> list[str]:
    return [each.id for each in (await house.datapoints.page(scope, dataset, ALL, version)).items]


async def test_datasets_come_back_newest_first(house: Storage, scope: Scope):
    await house.projects.create(scope, a_project("pr_2"))
    twin = a_dataset("evts_3", "hard ones \x00 é")
    elsewhere = a_dataset("evts_4", project="pr_2", created_at=1)
    for each in (twin, elsewhere):
        await house.datasets.create(scope, each)
    mine = (twin, a_dataset(), a_dataset("evts_2", "others", created_at=59))
    assert await house.datasets.all(scope) == (*mine, elsewhere)
    assert await house.datasets.of_project(scope, ProjectId("pr_1")) == mine
    assert await house.datasets.of_project(scope, ProjectId("pr_none")) == ()
    assert await house.datasets.get(scope, twin.id) == twin
    assert await house.datasets.get(scope, NONE) is None


async def test_what_cannot_be_made(house: Storage, scope: Scope):
    with pytest.raises(errors.Conflict, match="evts_1"):
        await house.datasets.create(scope, a_dataset())
    with pytest.raises(errors.NotFound, match="pr_none"):
        await house.datasets.create(scope, a_dataset("evts_9", project="pr_none"))
    with pytest.raises(errors.NotFound, match="evts_none"):
        await house.datasets.rename(scope, NONE, "x", None, 70)
    with pytest.raises(errors.NotFound, match="evts_none"):
        await house.datasets.delete(scope, NONE)
    with pytest.raises(errors.NotFound, match="evts_none"):
        await house.datapoints.add(scope, NONE, [a_datapoint(dataset="evts_none")], 70)


async def test_renaming_replaces_what_is_said(house: Storage, scope: Scope):
    for name, description, after in (
        ("new", None, replace(a_dataset(), name="new", updated_at=70)),
        (None, "", replace(a_dataset(), name="new", description="", updated_at=71)),
    ):
        assert await house.datasets.rename(scope, DATASET, name, description, after.updated_at) == after
        assert await house.datasets.get(scope, DATASET) == after
    assert (await house.datasets.get(scope, OTHER)) == a_dataset("evts_2", "others", created_at=59)


async def test_datapoints_come_back_as_they_are(house: Storage, scope: Scope):
    kept = [
        a_datapoint("evtc_9", ODD, source="data_1"),
        a_datapoint("evtc_1", DatapointContent()),
        a_datapoint("evtc_5"),
    ]
    await house.datapoints.add(scope, DATASET, kept, 70)
    assert await house.datapoints.page(scope, DATASET, ALL) == Page(tuple(kept), 3)
    assert [await house.datapoints.get(scope, each.id) for each in kept] == kept
    assert await house.datapoints.get(scope, DatapointId("evtc_none")) is None
    assert await house.datapoints.page(scope, NONE, ALL) == Page((), 0)


async def test_each_add_makes_a_version(house: Storage, scope: Scope):
    assert await house.datasets.versions(scope, DATASET, ALL) == Page((), 0)
    await house.datapoints.add(scope, DATASET, [a_datapoint("evtc_1"), a_datapoint("evtc_2")], 70)
    await house.datapoints.add(replace(scope, actor="key_z"), DATASET, [a_datapoint("evtc_3")], 80)
    assert await house.datasets.versions(scope, DATASET, ALL) == Page(
        (DatasetVersion(2, 3, 80, "key_z"), DatasetVersion(1, 2, 70, "key_a")), 2
    )
    assert await house.datasets.versions(scope, DATASET, PageRequest(1, 1)) == Page(
        (DatasetVersion(1, 2, 70, "key_a"),), 2
    )
    assert await house.datasets.get(scope, DATASET) == replace(a_dataset(), updated_at=80, version=2, datapoints=3)
    assert [await content(house, scope, DATASET, number) for number in range(4)] == [
        [],
        ["evtc_1", "evtc_2"],
        ["evtc_1", "evtc_2", "evtc_3"],
        [],
    ]
    assert await house.datapoints.page(scope, DATASET, PageRequest(1, 1), 1) == Page((a_datapoint("evtc_2"),), 2)
    assert (await house.datasets.versions(scope, OTHER, ALL)).total == 0


async def test_an_add_is_kept_all_or_none(house: Storage, scope: Scope):
    await house.datapoints.add(scope, DATASET, [a_datapoint("evtc_1")], 70)
    before = await house.datasets.get(scope, DATASET)
    for wrong, error in (
        (a_datapoint("evtc_1", dataset="evts_2"), errors.Conflict),
        (a_datapoint("evtc_2", source="\ud800", dataset="evts_2"), errors.Unprocessable),
    ):
        with pytest.raises(error):
            await house.datapoints.add(scope, OTHER, [a_datapoint("evtc_8", dataset="evts_2"), wrong], 80)
    assert await house.datapoints.page(scope, OTHER, ALL) == Page((), 0)
    assert await house.datasets.get(scope, DATASET) == before
    assert (await house.datasets.versions(scope, OTHER, ALL)).total == 0


async def test_a_change_is_a_version_and_the_past_stays(house: Storage, scope: Scope):
    await house.datapoints.add(scope, DATASET, [a_datapoint("evtc_1"), a_datapoint("evtc_2")], 70)
    before = a_datapoint("evtc_1")
    changed = await house.datapoints.change(scope, before.id, lambda _: ODD, 80)
    assert changed == replace(before, content=ODD, updated_at=80)
    assert await house.datapoints.get(scope, before.id) == changed
    assert (await house.datapoints.page(scope, DATASET, ALL)).items == (changed, a_datapoint("evtc_2"))
    assert (await house.datapoints.page(scope, DATASET, ALL, 1)).items == (before, a_datapoint("evtc_2"))
    assert (await house.datasets.versions(scope, DATASET, ALL)).items[0] == DatasetVersion(2, 2, 80, "key_a")
    assert await house.datapoints.change(scope, before.id, lambda there: there, 90) == changed
    assert (await house.datasets.versions(scope, DATASET, ALL)).total == 2, "nothing was changed"
    with pytest.raises(errors.NotFound, match="evtc_none"):
        await house.datapoints.change(scope, DatapointId("evtc_none"), lambda _: ODD, 90)


async def test_what_is_removed_is_gone_from_now_on(house: Storage, scope: Scope):
    await house.datapoints.add(scope, DATASET, [a_datapoint(f"evtc_{number}") for number in (1, 2, 3)], 70)
    await house.datapoints.add(scope, OTHER, [a_datapoint("evtc_4", dataset="evts_2")], 71)
    these = [DatapointId(f"evtc_{number}") for number in (3, 1, 4, 1)]
    await house.datapoints.remove(scope, these, 80)
    assert (await content(house, scope), await content(house, scope, OTHER)) == (["evtc_2"], [])
    assert await house.datapoints.get(scope, these[0]) is None
    assert await content(house, scope, DATASET, 1) == ["evtc_1", "evtc_2", "evtc_3"]
    assert await content(house, scope, OTHER, 1) == ["evtc_4"]
    assert (await house.datasets.versions(scope, DATASET, ALL)).items[0] == DatasetVersion(2, 1, 80, "key_a")
    assert (await house.datasets.versions(scope, OTHER, ALL)).items[0] == DatasetVersion(2, 0, 80, "key_a")
    with pytest.raises(errors.NotFound, match="evtc_1"):
        await house.datapoints.remove(scope, [DatapointId("evtc_2"), these[1]], 90)
    assert await content(house, scope) == ["evtc_2"], "all or none"
    with pytest.raises(errors.NotFound):
        await house.datapoints.change(scope, these[1], lambda _: ODD, 90)


async def test_a_deleted_dataset_takes_its_past_along(house: Storage, scope: Scope):
    await house.datapoints.add(scope, DATASET, [a_datapoint("evtc_1"), a_datapoint("evtc_2")], 70)
    await house.datapoints.remove(scope, [DatapointId("evtc_1")], 80)
    await house.datapoints.add(scope, OTHER, [a_datapoint("evtc_3", dataset="evts_2")], 71)
    assert (await house.datasets.delete(scope, DATASET)).version == 2
    assert await house.datasets.get(scope, DATASET) is None
    assert await content(house, scope, DATASET, 1) == []
    assert await house.datapoints.get(scope, DatapointId("evtc_2")) is None
    assert await content(house, scope, OTHER) == ["evtc_3"]
    await house.datasets.create(scope, a_dataset())
    await house.datapoints.add(scope, DATASET, [a_datapoint("evtc_1")], 90)
    assert await content(house, scope, DATASET, 1) == ["evtc_1"]


async def test_a_thousand_at_once(house: Storage, scope: Scope):
    many = [a_datapoint(f"evtc_{number}") for number in range(1_000)]
    await house.datapoints.add(scope, DATASET, many, 70)
    assert (await house.datapoints.page(scope, DATASET, ALL)).items == tuple(many)
    await house.datapoints.remove(scope, [each.id for each in many], 80)
    assert await house.datapoints.page(scope, DATASET, ALL) == Page((), 0)


async def test_some_logs_at_once(house: Storage, scope: Scope):
    logs = [a_log("data_1"), a_log("data_2", "pr_2")]
    await house.log_writer.append(scope, logs)
    found = await house.logs.some(scope, [LogId("data_2"), LogId("data_none"), LogId("data_1"), LogId("data_2")])
    assert found == {each.id: each for each in logs}
    assert await house.logs.some(scope, []) == {}


NUMBERS = count()


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    there=st.integers(0, 9),
    added=st.lists(st.integers(1, 5), min_size=1, max_size=8),
    size=st.integers(1, 4),
)
async def test_paging_is_complete_while_others_add(open_named: Opener, there: int, added: list[int], size: int):
    """Two who add, each in its own process, and one who reads: in order, nothing twice, nothing left out."""
    number = next(NUMBERS)
    storage, second = await open_named(f"paging {number}"), await open_named(f"paging {number}")
    scope = Scope(an_organisation("a").id, "key_a")
    await storage.organisations.create(an_organisation("a"), an_environment("env_a"))
    await storage.projects.create(scope, a_project())
    await storage.datasets.create(scope, a_dataset())
    ids = count()
    if there:
        await storage.datapoints.add(scope, DATASET, [a_datapoint(f"evtc_{next(ids)}") for _ in range(there)], 70)
    batches = [[a_datapoint(f"evtc_{next(ids)}") for _ in range(each)] for each in added]
    before = await content(storage, scope)

    async def add(where: Storage, these: Sequence[list[Datapoint]]) -> None:
        for each in these:
            await where.datapoints.add(scope, DATASET, each, 80)

    async def read() -> list[str]:
        seen: list[str] = []
        while True:
            page = await storage.datapoints.page(scope, DATASET, PageRequest(len(seen), size))
            assert page.total >= len(seen) + len(page.items)
            seen += [each.id for each in page.items]
            if len(page.items) < size:
                return seen

    seen, *_ = await asyncio.gather(read(), add(storage, batches[::2]), add(second, batches[1::2]))
    after = await content(storage, scope)
    assert seen == after[: len(seen)]
    assert seen[:there] == before
    assert sorted(after) == sorted(f"evtc_{each}" for each in range(there + sum(added)))
    dataset = await storage.datasets.get(scope, DATASET)
    assert dataset is not None
    assert (dataset.datapoints, dataset.version) == (len(after), len(added) + bool(there))
    for opened in (storage, second):
        await opened.close()


@dataclass
class Model:
    """Datasets as one would keep them in one's head: all datapoints of every version."""

    versions: dict[str, list[dict[str, str]]] = field(default_factory=lambda: {"evts_1": [{}], "evts_2": [{}]})

    def home(self, datapoint: str) -> str | None:
        return next((each for each, past in self.versions.items() if datapoint in past[-1]), None)

    def add(self, dataset: str, ids: list[str], text: str) -> bool:
        if any(self.home(each) for each in ids):
            return False
        self.versions[dataset].append(self.versions[dataset][-1] | dict.fromkeys(ids, text))
        return True

    def change(self, datapoint: str, text: str) -> bool:
        home = self.home(datapoint)
        if home is not None and self.versions[home][-1][datapoint] != text:
            self.versions[home].append(self.versions[home][-1] | {datapoint: text})
        return home is not None

    def remove(self, ids: list[str]) -> bool:
        homes = [self.home(each) for each in ids]
        if None in homes:
            return False
        for home in set(homes):
            if home is not None:
                left = {key: text for key, text in self.versions[home][-1].items() if key not in ids}
                self.versions[home].append(left)
        return True


TEXT = st.sampled_from(["a", "b"])
ACT = st.one_of(
    st.tuples(st.just("add"), st.sampled_from(["evts_1", "evts_2"]), st.integers(1, 3), TEXT),
    st.tuples(st.just("change"), st.just(""), st.integers(0, 8), TEXT),
    st.tuples(st.just("remove"), st.just(""), st.integers(0, 8), TEXT),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACT, max_size=15))
async def test_every_version_is_what_a_plain_model_remembers(open_named: Opener, acts: list[tuple[str, str, int, str]]):
    storage = await open_named(f"model {next(NUMBERS)}")
    scope = Scope(an_organisation("a").id, "key_a")
    await storage.organisations.create(an_organisation("a"), an_environment("env_a"))
    await storage.projects.create(scope, a_project())
    for each in ("evts_1", "evts_2"):
        await storage.datasets.create(scope, a_dataset(each))
    model, ids = Model(), count()
    for kind, dataset, number, text in acts:
        await _act(storage, scope, model, ids, kind, dataset, number, text)
    for each, past in model.versions.items():
        states: list[tuple[int | None, dict[str, str]]] = [*enumerate(past), (None, past[-1])]
        for version, expected in states:
            page = await storage.datapoints.page(scope, DatasetId(each), ALL, version)
            assert {point.id: _text_of(point) for point in page.items} == expected
            assert [point.id for point in page.items] == list(expected)
            assert page.total == len(expected)
        kept: Dataset | None = await storage.datasets.get(scope, DatasetId(each))
        assert kept is not None
        assert (kept.version, kept.datapoints) == (len(past) - 1, len(past[-1]))
    await storage.close()


async def _act(
    storage: Storage, scope: Scope, model: Model, ids: "count[int]", kind: str, dataset: str, number: int, text: str
) -> None:
    made = DatapointContent(b'"%s"' % text.encode())
    one = DatapointId(f"evtc_{number}")
    if kind == "add":
        new = [f"evtc_{next(ids)}" for _ in range(number)]
        assert model.add(dataset, new, text)
        points = [a_datapoint(each, made, dataset) for each in new]
        await storage.datapoints.add(scope, DatasetId(dataset), points, 70)
        return
    these = [one, DatapointId(f"evtc_{number + 1}")]
    done = model.change(one, text) if kind == "change" else model.remove([*these])
    doing = (
        storage.datapoints.change(scope, one, lambda _: made, 80)
        if kind == "change"
        else storage.datapoints.remove(scope, these, 80)
    )
    if done:
        await doing
    else:
        with pytest.raises(errors.NotFound):
            await doing


def _text_of(point: Datapoint) -> str:
    assert point.content.inputs is not None
    return point.content.inputs.decode().strip('"')
