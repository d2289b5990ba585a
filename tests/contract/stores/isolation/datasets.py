"""What the stores of datasets and datapoints show of another organisation: nothing."""

from everloop import errors
from everloop.domain.dataset import DatapointContent
from everloop.domain.ids import DatapointId, DatasetId
from tests.contract.stores.isolation.things import DATAPOINT, DATASET, NOTHING, PROJECT, Seeing, Steps, Touching
from tests.contract.stores.samples import ALL, a_datapoint, a_dataset

SEEING_NOTHING: Seeing = {
    "DatasetStore.get": (lambda s, who: s.datasets.get(who, DATASET), None),
    "DatasetStore.all": (lambda s, who: s.datasets.all(who), ()),
    "DatasetStore.of_project": (lambda s, who: s.datasets.of_project(who, PROJECT), ()),
    "DatasetStore.versions": (lambda s, who: s.datasets.versions(who, DATASET, ALL), NOTHING),
    "DatapointStore.get": (lambda s, who: s.datapoints.get(who, DATAPOINT), None),
    "DatapointStore.page": (lambda s, who: s.datapoints.page(who, DATASET, ALL), NOTHING),
}

TOUCHING_NOTHING: Touching = {
    "DatasetStore.create": (
        lambda s, who: s.datasets.create(who, a_dataset("evts_2", "stranger's")),
        errors.NotFound,
    ),
    "DatasetStore.rename": (lambda s, who: s.datasets.rename(who, DATASET, "stolen", None, 99), errors.NotFound),
    "DatasetStore.delete": (lambda s, who: s.datasets.delete(who, DATASET), errors.NotFound),
    "DatapointStore.add": (lambda s, who: s.datapoints.add(who, DATASET, [a_datapoint("evtc_2")], 99), errors.NotFound),
    "DatapointStore.change": (
        lambda s, who: s.datapoints.change(who, DATAPOINT, lambda _: DatapointContent(b"{}"), 99),
        errors.NotFound,
    ),
    "DatapointStore.remove": (lambda s, who: s.datapoints.remove(who, [DATAPOINT], 99), errors.NotFound),
}

STEPS: Steps = {
    "dataset": lambda s, who, pick: s.datasets.create(
        who, a_dataset(f"evts_{pick.one}", f"name {pick.two}", "pr_0", pick.now)
    ),
    "delete dataset": lambda s, who, pick: s.datasets.delete(who, DatasetId(f"evts_{pick.one}")),
    "datapoint": lambda s, who, pick: s.datapoints.add(
        who,
        DatasetId(f"evts_{pick.one}"),
        [a_datapoint(f"evtc_{pick.two}", dataset=f"evts_{pick.one}", created_at=pick.now)],
        pick.now,
    ),
    "change datapoint": lambda s, who, pick: s.datapoints.change(
        who, DatapointId(f"evtc_{pick.two}"), lambda _: DatapointContent(b'{"q":"%d"}' % pick.one), pick.now
    ),
    "remove datapoint": lambda s, who, pick: s.datapoints.remove(who, [DatapointId(f"evtc_{pick.two}")], pick.now),
}
