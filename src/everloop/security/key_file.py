"""The file in which the first API key is kept, so that a second start can show it again."""

import os
from pathlib import Path
from typing import Final

FILE_NAME: Final = "api-key"


class KeyFile:
    """`<data_dir>/api-key`, readable by its owner alone."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE_NAME

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return str(self._path)

    def read(self) -> str | None:
        """The key, if there is one."""
        try:
            return self._path.read_text(encoding="ascii").strip() or None
        except FileNotFoundError:
            return None

    def write(self, key: str) -> str:
        """Keeps the key unless another process was faster; returns the one that is kept."""
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return self.read() or key
        with open(descriptor, "w", encoding="ascii") as file:  # noqa: PTH123 - Path.open cannot take a descriptor
            file.write(key + "\n")
            file.flush()
            os.fsync(descriptor)
        return key
