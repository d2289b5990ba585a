from pathlib import Path

import pytest

from everloop.domain.imported import Problem
from everloop.errors import Unprocessable
from everloop.imports.humanloop.folder import Folder
from everloop.imports.humanloop.shapes import Unmappable


def folder(path: Path, files: dict[str, bytes]) -> tuple[Folder, list[int]]:
    (path / "files").mkdir()
    for name, text in files.items():
        file = path / "files" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text)
    read: list[int] = []
    return Folder(path, read.append), read


def test_lines_come_in_the_order_of_their_parts_each_with_its_place(tmp_path: Path):
    parts = {"x/logs/10.jsonl": b'{"n": 3}', "x/logs/2.jsonl": b'{"n": 2}\n', "x/logs/1.jsonl": b'\n{"n": 1}\n'}
    found, read = folder(tmp_path, parts)
    assert list(found.lines("files/x/logs")) == [
        ("files/x/logs/1.jsonl:2", {"n": 1}),
        ("files/x/logs/2.jsonl:1", {"n": 2}),
        ("files/x/logs/10.jsonl:1", {"n": 3}),
    ]
    assert sum(read) == found.size == sum(map(len, parts.values()))


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"a": NaN}', b'{"a": "\xff"}', b"[" * 100_000, b'{"a": 1e999}'])
def test_a_line_that_is_no_object_is_a_problem_and_the_next_one_is_read(tmp_path: Path, line: bytes):
    found, _ = folder(tmp_path, {"x/logs/1.jsonl": line + b'\n{"n": 1}'})
    problem, good = found.lines("files/x/logs")
    assert isinstance(problem, Problem)
    assert problem.place == "files/x/logs/1.jsonl:1"
    assert good == ("files/x/logs/1.jsonl:2", {"n": 1})


def test_what_is_not_there_is_nothing_or_told(tmp_path: Path):
    found, _ = folder(tmp_path, {"x/.done": b""})
    assert list(found.lines("files/x/logs")) == []
    assert found.plain("files/x") == []
    with pytest.raises(Unmappable, match="cannot be read: No such file"):
        found.object("files/x/file.json")


def test_a_folder_around_the_export_is_told_from_it(tmp_path: Path):
    (tmp_path / "20250605-120000" / "files").mkdir(parents=True)
    with pytest.raises(Unprocessable, match=r"Do you mean '.*20250605-120000'"):
        Folder(tmp_path, lambda _: None)
