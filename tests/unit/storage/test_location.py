import os
import stat
from pathlib import Path

import pytest

from everloop import errors
from everloop.storage.location import database_file, existing, make_private, postgres_url


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///a.db", "a.db"),
        ("sqlite:////srv/a b/x.db", "/srv/a b/x.db"),
        ("sqlite+aiosqlite:////srv/x.db", "/srv/x.db"),
        ("sqlite:////srv/100%25/%C3%BC%23%3F.db", "/srv/100%/ü#?.db"),
    ],
)
def test_the_file_that_a_url_names(url: str, path: str):
    assert database_file(url) == Path(path)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:hunter2@db/x",
        "postgresql+asyncpg://user:hunter2@db/x",
        "mysql://user:hunter2@db/x",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:hunter2?mode=memory&uri=true",
        "sqlite:////srv/x.db?mode=ro&key=hunter2",
        "sqlite://hunter2/x.db",
        "hunter2",
        "",
    ],
)
def test_anything_else_is_refused_without_repeating_it(url: str):
    with pytest.raises(errors.Unprocessable, match="Supported today: SQLite") as caught:
        database_file(url)
    assert "hunter2" not in caught.value.message


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_file_and_its_folder_are_their_owners(tmp_path: Path):
    before = os.umask(0)
    try:
        make_private(tmp_path / "new" / "x.db")
    finally:
        os.umask(before)
    assert mode(tmp_path / "new") == 0o700
    assert mode(tmp_path / "new" / "x.db") == 0o600


def test_what_is_there_stays_as_it_is(tmp_path: Path):
    file = tmp_path / "x.db"
    file.write_bytes(b"content")
    file.chmod(0o640)
    make_private(file)
    assert (file.read_bytes(), mode(file)) == (b"content", 0o640)


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(errors.Unavailable, match="cannot be opened"):
        make_private(tmp_path / "file" / "x.db")


def test_a_path_with_every_special_character_is_escaped():
    assert existing(Path("/a b/c?d#e%f.db")) == "file:///a%20b/c%3Fd%23e%25f.db?mode=rw"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_urls_of_postgres_are_told_apart(scheme: str):
    assert postgres_url(f"{scheme}://me:p%40ss@db:5432/x?sslmode=require") == (
        "postgresql://me:p%40ss@db:5432/x?sslmode=require"
    )


@pytest.mark.parametrize("url", ["sqlite:///x.db", "mysql://db/x", "postgresql", "postgresql:x", ""])
def test_others_are_not_of_postgres(url: str):
    assert postgres_url(url) is None
