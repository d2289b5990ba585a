import os
import tracemalloc
from pathlib import Path

import pytest

from everloop.domain.imported import Problem
from everloop.errors import Unprocessable
from everloop.imports.humanloop.folder import MOST_BYTES, Folder, Line
from everloop.imports.humanloop.shapes import Unmappable


def folder(path: Path, files: dict[str, bytes], most_bytes: int = MOST_BYTES) -> tuple[Folder, list[int]]:
    (path / "files").mkdir()
    for name, text in files.items():
        file = path / "files" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text)
    read: list[int] = []
    return Folder(path, read.append, most_bytes), read


def test_lines_come_in_the_order_of_their_parts_each_with_its_place(tmp_path: Path):
    parts = {"x/logs/10.jsonl": b'{"n": 3}', "x/logs/2.jsonl": b'{"n": 2}\n', "x/logs/1.jsonl": b'\n{"n": 1}\n'}
    found, read = folder(tmp_path, parts)
    assert list(found.lines("files/x/logs")) == [
        Line("files/x/logs/1.jsonl:2", {"n": 1}, 9),
        Line("files/x/logs/2.jsonl:1", {"n": 2}, 9),
        Line("files/x/logs/10.jsonl:1", {"n": 3}, 8),
    ]
    assert sum(read) == found.size == sum(map(len, parts.values()))


@pytest.mark.parametrize(
    "line",
    [
        *(
            b"{",
            b"[]",
            b'{"a": NaN}',
            b'{"a": "\xff"}',
            b'{"a": "\\ud800"}',
            b'{"a": 1e999}',
            b'{"a": %s}' % (b"9" * 5_000),
        ),
        *(b"[" * 100_000, b'{"a":' * 201 + b"1" + b"}" * 201),
    ],
)
def test_a_line_that_is_no_object_is_a_problem_and_the_next_one_is_read(tmp_path: Path, line: bytes):
    found, _ = folder(tmp_path, {"x/logs/1.jsonl": line + b'\n{"n": 1}'})
    problem, good = found.lines("files/x/logs")
    assert isinstance(problem, Problem)
    assert problem.place == "files/x/logs/1.jsonl:1"
    assert good == Line("files/x/logs/1.jsonl:2", {"n": 1}, 8)


def test_what_is_longer_than_anything_honest_is_told_and_never_read_as_a_whole(tmp_path: Path):
    long, good = b'{"n": "%s"}\n' % (b"x" * 5_000_000), b'{"n": 1}\n'
    files = {"x/logs/1.jsonl": long + good + long[:-1], "x/file.json": long, "y/logs/1.jsonl": long + good}
    found, read = folder(tmp_path, files, most_bytes=len(good))
    tracemalloc.start()
    first, second, third = found.lines("files/x/logs")
    with pytest.raises(Unmappable, match="The file is left out: it is longer than 9 bytes"):
        found.object("files/x/file.json")
    assert found.skipped("files/y/logs") == 2
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 4_000_000
    why = "The line is left out: it is longer than 9 bytes."
    assert first == Problem("files/x/logs/1.jsonl:1", why)
    assert second == Line("files/x/logs/1.jsonl:2", {"n": 1}, 9)
    assert third == Problem("files/x/logs/1.jsonl:3", why)
    assert sum(read) == found.size - len(long) + 10  # of the file that is one value its beginning


@pytest.fixture
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder beside the export that looks like a part of one."""
    beside = tmp_path_factory.mktemp("beside")
    (beside / "1.jsonl").write_bytes(b'{"secret": 1}')
    (beside / "file.json").write_bytes(b'{"secret": 1}')
    return beside


def test_nothing_is_read_outside_whatever_links_and_names_lead_to(tmp_path: Path, secret: Path):
    found, _ = folder(tmp_path, {"x/logs/1.jsonl": b'{"n": 1}', "y/file.json": b"{}"})
    (tmp_path / "files/linked").symlink_to(secret)
    (tmp_path / "files/x/logs/2.jsonl").symlink_to(secret / "1.jsonl")
    (tmp_path / "files/x/file.json").symlink_to(secret / "file.json")
    (tmp_path / "files/x/versions").symlink_to(secret)
    (tmp_path / "files/x/loop").symlink_to("loop")

    assert found.files() == ["files/x", "files/y"]
    assert list(found.lines("files/x/logs")) == [Line("files/x/logs/1.jsonl:1", {"n": 1}, 8)]
    assert found.folders("files/x") == ["files/x/logs"]
    why = "It leads out of the export."
    assert {Problem(f"files/{each}", why) for each in ("linked", "x/file.json", "x/versions", "x/logs/2.jsonl")} < set(
        found.passed_over
    )
    for out in (f"files/../../{secret.name}", "files/x/versions", f"files/x/logs/../../../..{secret}"):
        assert list(found.lines(out)) == []
        assert Problem(out, why) in found.passed_over
    for file in ("files/x/file.json", "files/linked/file.json", f"files/y/../../..{secret}/file.json"):
        with pytest.raises(Unmappable, match="It leads out of the export"):
            found.object(file)


def test_links_within_the_export_are_followed_also_when_it_is_one_itself(tmp_path: Path):
    (tmp_path / "export").mkdir()
    folder(tmp_path / "export", {"x/logs/1.jsonl": b'{"n": 1}'})
    (tmp_path / "export/files/y").symlink_to("x")
    (tmp_path / "link").symlink_to("export")
    found = Folder(tmp_path / "link", lambda _: None)
    assert found.files() == ["files/x", "files/y"]
    assert list(found.lines("files/y/logs")) == [Line("files/y/logs/1.jsonl:1", {"n": 1}, 8)]


def test_what_is_no_plain_file_is_not_waited_for(tmp_path: Path):
    found, _ = folder(tmp_path, {"x/logs/1.jsonl": b'{"n": 1}'})
    os.mkfifo(tmp_path / "files/x/file.json")
    os.mkfifo(tmp_path / "files/x/logs/2.jsonl")
    with pytest.raises(Unmappable, match="It is no plain file"):
        found.object("files/x/file.json")
    assert len(list(found.lines("files/x/logs"))) == 1


def test_a_name_that_no_file_can_have_is_told(tmp_path: Path):
    found, _ = folder(tmp_path, {})
    place = f"files/{'é' * 255}"
    assert found.plain(place) == []
    assert found.passed_over == [Problem(place, "It cannot be read: File name too long.")]
    with pytest.raises(Unmappable, match="File name too long"):
        found.object(place)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_told(tmp_path: Path):
    found, _ = folder(tmp_path, {"x/logs/1.jsonl": b'{"n": 1}'})
    (tmp_path / "files/x/logs/1.jsonl").chmod(0)
    assert list(found.lines("files/x/logs")) == [
        Problem("files/x/logs/1.jsonl", "It cannot be read: Permission denied.")
    ]
    (tmp_path / "files/x").chmod(0)
    assert found.plain("files/x/logs") == []
    (tmp_path / "files").chmod(0)
    with pytest.raises(Unprocessable, match="cannot be read: Permission denied"):
        Folder(tmp_path, lambda _: None)
    (tmp_path / "files").chmod(0o700)
    (tmp_path / "files/x").chmod(0o700)


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
