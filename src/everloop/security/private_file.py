"""Files that only their owner may read, made whole or not at all."""

import contextlib
import os
import secrets
from pathlib import Path


def create(path: Path, text: str) -> None:
    """Lets a complete file, mode 0600, appear under `path`, unless another process was faster."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - Path.open cannot take a descriptor
            file.write(text + "\n")
            file.flush()
            os.fsync(descriptor)
        # A link, unlike a rename, never replaces a file: the first process wins, and the others read what it wrote.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


def sync_folder(folder: Path) -> None:
    """Makes a new name in the folder survive a power loss."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
