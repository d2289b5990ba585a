"""An export as a whole: which of its files are what."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from everloop.domain.config import ConfigVersion
from everloop.domain.dataset import Datapoint
from everloop.domain.ids import ProjectId
from everloop.domain.imported import (
    DatasetState,
    ImportedDataset,
    ImportedDeployment,
    ImportedLog,
    ImportedPrompt,
    LeftOut,
    Problem,
    Remark,
)
from everloop.imports.humanloop.configs import config_version, left_of_version
from everloop.imports.humanloop.datasets import datapoint, dataset, left_of_datapoint, version
from everloop.imports.humanloop.folder import Folder
from everloop.imports.humanloop.logs import imported_log
from everloop.imports.humanloop.prompts import deployment, left_of_prompt, project
from everloop.imports.humanloop.shapes import Unmappable

_WHY: Final = {
    "tool": "tools are written into the configs that use them; the organisation's own are made anew at /api/tools",
    "evaluator": "evaluators are not there yet; what people judged is kept as feedback",
    "flow": "v4 has no flows; the logs of their prompts share a session",
    "agent": "v4 has no agents",
}
# A version of a dataset is kept in one piece. What a datapoint is in memory is counted with it.
_MOST_OF_A_VERSION: Final = 200_000_000
_APIECE: Final = 500


class Export:
    """`ports.imports.ImportSource`."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._prompts: list[str] = []
        self._datasets: list[str] = []
        self._others: list[tuple[str, str]] = []
        self._problems: list[Problem] = []
        for place in folder.files():
            self._sort(place)

    def prompts(self) -> Iterator[ImportedPrompt | Problem]:
        yield from self._problems
        for place in self._prompts:
            try:
                yield self._prompt(place)
            except Unmappable as error:
                yield Problem(f"{place}/file.json", f"The prompt is left out. {error}")

    def logs(self, prompt: ImportedPrompt) -> Iterator[ImportedLog | Problem]:
        for found in self._folder.lines(f"{prompt.place}/logs"):
            if isinstance(found, Problem):
                yield found
                continue
            try:
                yield replace(imported_log(prompt.project.id, found.value, found.place), size=found.size)
            except Unmappable as error:
                yield Problem(found.place, f"The log is left out. {error}")

    def datasets(self) -> Iterator[ImportedDataset | Problem]:
        for place in self._datasets:
            try:
                yield ImportedDataset(place, dataset(self._folder.object(f"{place}/file.json")))
            except Unmappable as error:
                yield Problem(f"{place}/file.json", f"The dataset is left out. {error}")

    def states(self, dataset: ImportedDataset) -> Iterator[DatasetState | Problem]:
        versions: list[tuple[int, str]] = []
        for place in self._folder.plain(f"{dataset.place}/versions"):
            try:
                version_id, created_at = version(self._folder.object(place))
                versions.append((created_at, version_id))
            except Unmappable as error:
                yield Problem(place, f"The version is left out. {error}")
        for created_at, version_id in sorted(versions):
            yield self._state(dataset, f"{dataset.place}/datapoints/{version_id}", created_at)

    def rest(self) -> Iterator[Remark]:
        for place, kind in self._others:
            yield LeftOut(f"{kind} file", _WHY[kind])
            yield from self._skipped_logs(place, kind)
        for place in (*self._prompts, *(each for each, _ in self._others)):
            evaluations = len(self._folder.folders(f"{place}/evaluations"))
            if evaluations:
                yield LeftOut("evaluation", "evaluations are not there yet", evaluations)
        yield from self._folder.passed_over

    def _skipped_logs(self, place: str, kind: str) -> Iterator[Remark]:
        try:
            logs = self._folder.skipped(f"{place}/logs")
        except Unmappable as error:
            yield Problem(place, f"Its logs are not counted. {error}")
        else:
            if logs:
                yield LeftOut(f"log of a {kind} file", _WHY[kind], logs)

    def _sort(self, place: str) -> None:
        try:
            value = self._folder.object(f"{place}/file.json")
        except Unmappable as error:
            self._problems.append(Problem(f"{place}/file.json", f"The file is left out. {error}"))
            return
        match value.get("type"):
            case "prompt":
                self._prompts.append(place)
            case "dataset":
                self._datasets.append(place)
            case str(kind) if kind in _WHY:
                self._others.append((place, kind))
            case kind:
                self._problems.append(Problem(f"{place}/file.json", f"The file is of the unknown type {kind!r}."))

    def _prompt(self, place: str) -> ImportedPrompt:
        value = self._folder.object(f"{place}/file.json")
        found = project(value)
        remarks: list[Remark] = [*left_of_prompt(value)]
        versions = sorted(self._versions(place, found.id, remarks), key=lambda each: (each.created_at, each.id))
        deployments = self._deployments(place, found.created_at, remarks)
        return ImportedPrompt(place, found, tuple(versions), tuple(deployments), tuple(remarks))

    def _versions(self, place: str, project_id: ProjectId, remarks: list[Remark]) -> Iterator[ConfigVersion]:
        for file in self._folder.plain(f"{place}/versions"):
            try:
                value = self._folder.object(file)
                yield config_version(project_id, value)
                remarks += left_of_version(value)
            except Unmappable as error:
                remarks.append(Problem(file, f"The version is left out. {error}"))

    def _deployments(self, place: str, created_at: int, remarks: list[Remark]) -> Iterator[ImportedDeployment]:
        file = f"{place}/deployments.json"
        if not self._folder.there(file):  # a prompt without versions has none
            return
        try:
            values = self._folder.value(file)
        except Unmappable as error:
            remarks.append(Problem(file, str(error)))
            return
        for value in _listed(values, file, remarks):
            try:
                yield deployment(value, file, created_at)
            except Unmappable as error:
                remarks.append(Problem(file, f"A deployment is left out. {error}"))

    def _state(self, dataset: ImportedDataset, place: str, created_at: int) -> DatasetState | Problem:
        remarks: list[Remark] = []
        datapoints: list[Datapoint] = []
        size = 0
        for found in self._folder.lines(place):
            size += _APIECE + (0 if isinstance(found, Problem) else found.size)
            if size > _MOST_OF_A_VERSION:
                return Problem(place, f"The version is left out: it is larger than {_MOST_OF_A_VERSION:,} bytes.")
            if isinstance(found, Problem):
                remarks.append(found)
                continue
            try:
                datapoints.append(datapoint(dataset.dataset.id, created_at, found.value))
                remarks += left_of_datapoint(found.value)
            except Unmappable as error:
                remarks.append(Problem(found.place, f"The datapoint is left out. {error}"))
        return DatasetState(place, created_at, tuple(datapoints), tuple(remarks))


def _listed(values: Any, place: str, remarks: list[Remark]) -> list[Any]:  # noqa: ANN401 - any JSON value
    if isinstance(values, list):
        return values
    remarks.append(Problem(place, "It is not a list of deployments."))
    return []
