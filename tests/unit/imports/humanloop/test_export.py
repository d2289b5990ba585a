from pathlib import Path

import pytest

from everloop.domain.imported import DatasetState, LeftOut, Problem
from everloop.imports.humanloop import export as export_module
from everloop.imports.humanloop.export import Export
from everloop.imports.humanloop.folder import Folder
from everloop.imports.humanloop.shapes import unplaced
from tests import exported
from tests.exported import DATASET


def opened(folder: Path) -> Export:
    return Export(Folder(folder, lambda _: None))


def states(folder: Path) -> list[DatasetState | Problem]:
    export = opened(folder)
    (dataset,) = export.datasets()
    assert not isinstance(dataset, Problem)
    return list(export.states(dataset))


def test_a_version_of_a_dataset_that_no_memory_should_hold_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    exported.dataset(tmp_path)
    first, second = states(tmp_path)
    assert isinstance(first, DatasetState)
    assert isinstance(second, DatasetState)
    assert len(first.datapoints) == len(second.datapoints) == 3

    monkeypatch.setattr(export_module, "_MOST_OF_A_VERSION", 3_000)
    points = [{"id": f"dp_{number}", "inputs": {"name": "x" * 300}} for number in range(5)]
    exported.put_lines(tmp_path, f"{DATASET}/datapoints/dsv_1/2.jsonl", points)
    problem, small = states(tmp_path)
    why = "The version is left out: it is larger than 3,000 bytes."
    assert problem == Problem(f"files/{DATASET}/datapoints/dsv_1", why)
    assert small == second


def test_prompts_are_read_when_they_are_asked_for(tmp_path: Path):
    """Their files are not in memory all at once."""
    exported.greeting(tmp_path, 1)
    export = opened(tmp_path)
    (tmp_path / "files" / exported.GREETING / "file.json").write_text("{")
    (problem,) = export.prompts()
    assert isinstance(problem, Problem)
    assert problem.place == f"files/{exported.GREETING}/file.json"


def test_of_many_unknown_keys_the_first_are_named():
    found = unplaced(
        {f"key {number}": 1 for number in range(60)} | {"known": 1, "empty": None}, "a log", frozenset({"known"})
    )
    assert len(found) == 51
    assert found[0] == LeftOut("`key 0` of a log", "there is no place for it")
    assert found[-1] == LeftOut("other key of a log", "there is no place for it", 10)
