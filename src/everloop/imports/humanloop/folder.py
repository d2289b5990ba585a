"""The folder that the export tool made: where in it things are, and its files line by line."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from everloop.domain.imported import Problem
from everloop.errors import Unprocessable
from everloop.imports.humanloop.shapes import Object, Unmappable, decode

# Told how many bytes are read.
Watch = Callable[[int], None]


class Folder:
    """Files by their place in the export, such as `files/pr_1/file.json`. What cannot be read is `Unmappable`."""

    def __init__(self, path: Path, watch: Watch) -> None:
        self._path = _export_in(path)
        self._watch = watch

    @property
    def size(self) -> int:
        """The bytes that will be read, more or less."""
        return sum(each.stat().st_size for each in self._path.rglob("*") if each.is_file())

    def files(self) -> list[str]:
        """The folders of all prompts, datasets and so on."""
        return [f"files/{each.name}" for each in sorted((self._path / "files").iterdir()) if each.is_dir()]

    def folders(self, place: str) -> list[str]:
        """The folders within a folder; none when it is not there."""
        return [f"{place}/{each.name}" for each in self._entries(place) if each.is_dir()]

    def plain(self, place: str) -> list[str]:
        """The files within a folder, parts in their order; none when it is not there."""
        names = [each.name for each in self._entries(place) if each.is_file() and not each.name.startswith(".")]
        return [f"{place}/{name}" for name in sorted(names, key=_part)]

    def value(self, place: str) -> Any:  # noqa: ANN401 - any JSON value
        """The JSON in a file. Raises `Unmappable`."""
        text = self._read(place)
        try:
            return msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Unmappable(f"It is not valid JSON: {error}.") from None

    def object(self, place: str) -> Object:
        """The JSON object in a file. Raises `Unmappable`."""
        return decode(self._read(place))

    def there(self, place: str) -> bool:
        """Whether there is such a file."""
        return (self._path / place).is_file()

    def lines(self, place: str) -> Iterator[tuple[str, Object] | Problem]:
        """The objects in the lines of all files of a folder, each with its place."""
        for file in self.plain(place):
            try:
                with (self._path / file).open("rb") as opened:
                    for number, line in enumerate(opened, 1):
                        self._watch(len(line))
                        if line.strip():
                            yield _line(f"{file}:{number}", line)
            except OSError as error:
                yield Problem(file, f"It cannot be read: {error.strerror}.")

    def skipped(self, place: str) -> int:
        """How many lines there are in all files of a folder that nobody reads. Raises `Unmappable`."""
        count = 0
        for file in self.plain(place):
            try:
                with (self._path / file).open("rb") as opened:
                    for line in opened:
                        self._watch(len(line))
                        count += bool(line.strip())
            except OSError as error:
                raise Unmappable(f"{file} cannot be read: {error.strerror}.") from None
        return count

    def _read(self, place: str) -> bytes:
        try:
            text = (self._path / place).read_bytes()
        except OSError as error:
            raise Unmappable(f"It cannot be read: {error.strerror}.") from None
        self._watch(len(text))
        return text

    def _entries(self, place: str) -> list[Path]:
        folder = self._path / place
        return sorted(folder.iterdir()) if folder.is_dir() else []


def _line(place: str, line: bytes) -> tuple[str, Object] | Problem:
    try:
        return place, decode(line)
    except Unmappable as error:
        return Problem(place, str(error))


def _part(name: str) -> tuple[int, str]:
    """`2.jsonl` comes before `10.jsonl`."""
    stem = name.partition(".")[0]
    return (int(stem) if stem.isascii() and stem.isdecimal() else 0, name)


def _export_in(path: Path) -> Path:
    """The export's own folder. Raises `errors.Unprocessable`."""
    if not path.is_dir():
        raise Unprocessable(f"There is no folder {str(path)!r}.")
    if (path / "files").is_dir():
        return path
    inside = sorted(each.name for each in path.iterdir() if (each / "files").is_dir())
    hint = f" Do you mean {str(path / inside[-1])!r}?" if inside else ""
    raise Unprocessable(f"{str(path)!r} is no export of Humanloop's tool: a folder `files` should be in it.{hint}")
