"""The port to what is imported from elsewhere."""

from collections.abc import Iterator
from typing import Protocol

from everloop.domain.imported import DatasetState, ImportedDataset, ImportedLog, ImportedPrompt, Problem, Remark


class ImportSource(Protocol):
    """Something to import, read from its beginning each time. What cannot be read is a `Problem` in its place."""

    def prompts(self) -> Iterator[ImportedPrompt | Problem]:
        """Every prompt with its versions."""
        ...

    def logs(self, prompt: ImportedPrompt) -> Iterator[ImportedLog | Problem]:
        """The logs of a prompt."""
        ...

    def datasets(self) -> Iterator[ImportedDataset | Problem]:
        """Every dataset."""
        ...

    def states(self, dataset: ImportedDataset) -> Iterator[DatasetState | Problem]:
        """The versions of a dataset, the oldest first."""
        ...

    def rest(self) -> Iterator[Remark]:
        """What is there besides, and stays where it is."""
        ...
