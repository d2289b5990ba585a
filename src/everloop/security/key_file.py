"""The file in which the first API key is kept, so that a second start can show it again."""

from pathlib import Path
from typing import Final

from everloop.security import private_file

FILE_NAME: Final = "api-key"


class KeyFile:
    """`<data_dir>/api-key`, readable by its owner alone."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE_NAME

    def read(self) -> str | None:
        """The key, if there is one."""
        try:
            return self._path.read_text(encoding="utf-8").strip() or None
        except FileNotFoundError:
            return None

    def write(self, key: str) -> str:
        """Keeps the key unless another process was faster; returns the one that is kept."""
        private_file.create(self._path, key)
        private_file.sync_folder(self._path.parent)
        return self._path.read_text(encoding="utf-8").strip()
