"""The folder that the export tool made: where in it things are, and its files line by line."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

from everloop.domain.imported import Problem
from everloop.domain.value import value
from everloop.errors import Unprocessable
from everloop.imports.humanloop.shapes import Object, Unmappable, decode, decode_object

# Told how many bytes are read.
Watch = Callable[[int], None]

# The longest line, and the longest file of one value, that is read; a server takes no longer request either.
MOST_BYTES: Final = 25_000_000
_PIECE: Final = 1_000_000


@value
class Line:
    """An object in a line. `size` is in bytes."""

    place: str
    value: Object
    size: int


class Folder:
    """Files by their place in the export, such as `files/pr_1/file.json`. What cannot be read is `Unmappable`.

    Nothing is read that is not in the export, whatever links and names within it lead to.
    """

    def __init__(self, path: Path, watch: Watch, most_bytes: int = MOST_BYTES) -> None:
        self._path = Path(os.path.realpath(_export_in(path)))
        self._watch = watch
        self._most_bytes = most_bytes
        self._passed_over: dict[str, str] = {}

    @property
    def size(self) -> int:
        """The bytes that will be read, more or less."""
        total = 0
        for folder, _, names in os.walk(self._path):
            for name in names:
                with suppress(OSError):
                    total += Path(folder, name).lstat().st_size
        return total

    @property
    def passed_over(self) -> list[Problem]:
        """What was found in folders so far, and could not be entered or read."""
        return [Problem(place, why) for place, why in self._passed_over.items()]

    def files(self) -> list[str]:
        """The folders of all prompts, datasets and so on."""
        return self.folders("files")

    def folders(self, place: str) -> list[str]:
        """The folders within a folder; none when it is not there."""
        return [each for each in self._entries(place) if stat.S_ISDIR(self._mode(each))]

    def plain(self, place: str) -> list[str]:
        """The files within a folder, parts in their order; none when it is not there."""
        return sorted((each for each in self._entries(place) if stat.S_ISREG(self._mode(each))), key=_part)

    def value(self, place: str) -> Any:  # noqa: ANN401 - any JSON value
        """The JSON in a file. Raises `Unmappable`."""
        return decode(self._read(place))

    def object(self, place: str) -> Object:
        """The JSON object in a file. Raises `Unmappable`."""
        return decode_object(self._read(place))

    def there(self, place: str) -> bool:
        """Whether there is something of that name."""
        return os.path.lexists(self._path / place)

    def lines(self, place: str) -> Iterator[Line | Problem]:
        """The objects in the lines of all files of a folder."""
        for file in self.plain(place):
            try:
                with self._open(file) as opened:
                    for number, line in enumerate(self._pieces(opened), 1):
                        if line is None:
                            yield Problem(f"{file}:{number}", self._too_long("line"))
                        elif line.strip():
                            yield _line(f"{file}:{number}", line)
            except (OSError, Unmappable) as error:
                yield Problem(file, _why(error))

    def skipped(self, place: str) -> int:
        """How many lines there are in all files of a folder that nobody reads. Raises `Unmappable`."""
        count = 0
        for file in self.plain(place):
            try:
                with self._open(file) as opened:
                    count += sum(line is None or bool(line.strip()) for line in self._pieces(opened))
            except OSError as error:
                raise Unmappable(f"{file}: {_why(error)}") from None
        return count

    def _pieces(self, opened: BinaryIO) -> Iterator[bytes | None]:
        """The lines; None for one that is too long, which is never in memory as a whole."""
        while line := opened.readline(self._most_bytes + 1):
            self._watch(len(line))
            yield line if len(line) <= self._most_bytes else None
            while not line.endswith(b"\n") and (line := opened.readline(_PIECE)):
                self._watch(len(line))

    def _read(self, place: str) -> bytes:
        try:
            with self._open(place) as opened:
                text = opened.read(self._most_bytes + 1)
        except OSError as error:
            raise Unmappable(_why(error)) from None
        self._watch(len(text))
        if len(text) > self._most_bytes:
            raise Unmappable(self._too_long("file"))
        return text

    def _open(self, place: str) -> BinaryIO:
        """The file, to be read. Raises `Unmappable` or OSError."""
        path = self._inside(place)
        # To open a pipe would wait for somebody to write to it.
        if not stat.S_ISREG(path.stat().st_mode):
            raise Unmappable("It is no plain file.")
        return path.open("rb")

    def _inside(self, place: str) -> Path:
        path = Path(os.path.realpath(self._path / place))
        if not path.is_relative_to(self._path):
            raise Unmappable("It leads out of the export.")
        return path

    def _entries(self, place: str) -> list[str]:
        """What is in a folder, but for hidden files; nothing when it is not there."""
        try:
            names = sorted(each.name for each in self._inside(place).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []
        except (OSError, Unmappable) as error:
            self._passed_over[place] = _why(error)
            return []
        return [f"{place}/{name}" for name in names if not name.startswith(".")]

    def _mode(self, place: str) -> int:
        """What kind of thing it is; 0 for one that cannot be read."""
        try:
            return self._inside(place).stat().st_mode
        except (OSError, Unmappable) as error:
            self._passed_over[place] = _why(error)
            return 0

    def _too_long(self, what: str) -> str:
        return f"The {what} is left out: it is longer than {self._most_bytes:,} bytes."


def _line(place: str, line: bytes) -> Line | Problem:
    try:
        return Line(place, decode_object(line), len(line))
    except Unmappable as error:
        return Problem(place, str(error))


def _why(error: OSError | Unmappable) -> str:
    return f"It cannot be read: {error.strerror}." if isinstance(error, OSError) else str(error)


def _part(place: str) -> tuple[int, str]:
    """`2.jsonl` comes before `10.jsonl`."""
    stem = place.rpartition("/")[2].partition(".")[0]
    return (int(stem) if stem.isascii() and stem.isdecimal() else 0, place)


def _export_in(path: Path) -> Path:
    """The export's own folder. Raises `errors.Unprocessable`."""
    try:
        if not path.is_dir():
            raise Unprocessable(f"There is no folder {str(path)!r}.")
        if (path / "files").is_dir():
            next((path / "files").iterdir(), None)
            return path
        inside = sorted(each.name for each in path.iterdir() if (each / "files").is_dir())
    except OSError as error:
        raise Unprocessable(f"{str(path)!r} cannot be read: {error.strerror}.") from None
    hint = f" Do you mean {str(path / inside[-1])!r}?" if inside else ""
    raise Unprocessable(f"{str(path)!r} is no export of Humanloop's tool: a folder `files` should be in it.{hint}")
