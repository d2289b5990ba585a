"""Copies of the database are whole or not there, and nothing that was there is lost by one."""

import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from everloop import errors
from everloop.cli.backup import _file
from everloop.domain.ids import OrganisationId
from everloop.domain.scope import Scope
from everloop.settings import Settings
from everloop.storage.backup import back_up, restore
from everloop.storage.log_writer import SqliteLogWriter
from everloop.storage.migrating import current_revision, head_revision, migrate
from tests.contract.stores.samples import StillClock, Tally, a_log

SCOPE = Scope(OrganisationId("org_1"), "me")


def unseen(done: int, total: int) -> None:
    """No bar."""


def put(file: Path, name: str) -> None:
    connection = sqlite3.connect(file)
    connection.execute("INSERT INTO organisation (id, name, created_at) VALUES (?, ?, 1)", (name, name))
    connection.commit()
    connection.close()


def names(file: Path) -> list[str]:
    connection = sqlite3.connect(file)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    found = [name for (name,) in connection.execute("SELECT name FROM organisation ORDER BY name")]
    connection.close()
    return found


def fill(file: Path, bodies: int = 40) -> None:
    """Some megabytes, so that a copy takes more steps than one."""
    connection = sqlite3.connect(file)
    rows = [("org_1", f"data_{number}", "x" * 200_000) for number in range(bodies)]
    connection.executemany("INSERT INTO log_body (organisation_id, log_id, output) VALUES (?, ?, ?)", rows)
    connection.commit()
    connection.close()


def test_a_backup_has_everything_and_is_one_file_of_its_owner(file: Path, tmp_path: Path):
    put(file, "first")
    target = tmp_path / "backup.db"
    size = back_up(file, target, unseen)
    assert size == target.stat().st_size
    assert target.stat().st_mode & 0o777 == 0o600
    assert target.read_bytes()[18:20] == b"\x01\x01", "no write-ahead log belongs to it"
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["backup.db"]
    assert names(target) == ["first"]
    assert names(file) == ["first"]


def test_a_backup_tells_how_far_it_is(file: Path, tmp_path: Path):
    fill(file)
    seen: list[tuple[int, int]] = []
    back_up(file, tmp_path / "backup.db", lambda done, total: seen.append((done, total)))
    assert len(seen) > 1
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1] > 1_000


async def test_a_backup_is_of_one_moment_and_stops_no_writer(file: Path, tmp_path: Path):
    """In the middle of the copy another connection writes, without waiting for any lock; none of it is in the copy."""
    fill(file)
    put(file, "before")
    written: list[str] = []

    def write(done: int, total: int) -> None:
        name = f"while {done}"
        connection = sqlite3.connect(file, timeout=0)
        connection.execute("INSERT INTO organisation (id, name, created_at) VALUES (?, ?, 1)", (name, name))
        connection.commit()
        connection.close()
        written.append(name)

    writer = SqliteLogWriter(file, StillClock(), Tally())
    await writer.start()
    try:
        back_up(file, tmp_path / "backup.db", write)
        await writer.append(SCOPE, [a_log("data_after")])
    finally:
        await writer.close()
    assert len(written) > 1
    assert names(tmp_path / "backup.db") == ["before"]
    assert names(file) == sorted(["before", *written])


def test_a_backup_overwrites_nothing(file: Path, tmp_path: Path):
    target = tmp_path / "backup.db"
    target.write_bytes(b"mine")
    with pytest.raises(errors.Conflict, match="already"):
        back_up(file, target, unseen)
    assert target.read_bytes() == b"mine"


def test_a_file_that_appears_meanwhile_is_not_overwritten(file: Path, tmp_path: Path):
    target = tmp_path / "backup.db"

    def appear(done: int, total: int) -> None:
        target.write_bytes(b"mine")

    with pytest.raises(errors.Conflict, match="already"):
        back_up(file, target, appear)
    assert target.read_bytes() == b"mine"
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["backup.db"]


def test_where_the_file_system_has_no_links(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    put(file, "first")
    back_up(file, tmp_path / "backup.db", unseen)
    assert names(tmp_path / "backup.db") == ["first"]
    with pytest.raises(errors.Conflict, match="already"):
        back_up(file, tmp_path / "backup.db", unseen)
    assert restore(tmp_path / "backup.db", file, unseen, replace=True) == file.with_name("everloop.db.replaced-1")
    assert names(file) == names(file.with_name("everloop.db.replaced-1")) == ["first"]


def test_there_must_be_a_database_and_a_folder(file: Path, tmp_path: Path):
    with pytest.raises(errors.NotFound, match=r"nothing\.db"):
        back_up(tmp_path / "nothing.db", tmp_path / "backup.db", unseen)
    with pytest.raises(errors.Unavailable, match="No such file"):
        back_up(file, tmp_path / "nowhere" / "backup.db", unseen)
    assert not (tmp_path / "nowhere").exists()
    assert not (tmp_path / "nothing.db").exists()


def damaged(file: Path) -> None:
    """Overwrites the middle of a file that is filled."""
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with file.open("rb+") as opened:
        for offset in (40_960, 65_536, 81_920):
            opened.seek(offset)
            opened.write(b"\xff" * 4096)


def test_a_damaged_database_makes_no_backup(file: Path, tmp_path: Path):
    fill(file)
    damaged(file)
    with pytest.raises(errors.Unavailable, match="damaged"):
        back_up(file, tmp_path / "backup.db", unseen)
    assert [each for each in tmp_path.iterdir() if each.is_file()] == []


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from everloop.storage.backup import back_up

    back_up(Path(sys.argv[1]), Path(sys.argv[2]), lambda done, total: os.kill(os.getpid(), signal.SIGKILL))
"""


def test_a_backup_that_is_killed_leaves_nothing_under_its_name(file: Path, tmp_path: Path):
    fill(file)
    put(file, "first")
    target = tmp_path / "backup.db"
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(file), str(target)]
    assert subprocess.run(command, check=False, timeout=60).returncode == -9
    assert not target.exists()
    (left,) = [each.name for each in tmp_path.iterdir() if each.is_file()]
    assert left.endswith(".partial")
    back_up(file, target, unseen)
    assert names(target) == ["first"]


@pytest.fixture
def backup(file: Path, tmp_path: Path) -> Path:
    """A backup with one organisation, `old`; the database has `new`, too."""
    put(file, "old")
    back_up(file, tmp_path / "backup.db", unseen)
    put(file, "new")
    return tmp_path / "backup.db"


def test_a_backup_is_restored_into_a_place_that_is_not_there(backup: Path, tmp_path: Path):
    place = tmp_path / "elsewhere" / "everloop.db"
    assert restore(backup, place, unseen, replace=False) is None
    assert names(place) == names(backup) == ["old"]
    assert place.stat().st_mode & 0o777 == 0o600
    assert place.parent.stat().st_mode & 0o777 == 0o700
    assert current_revision(f"sqlite:///{place}") == head_revision()
    assert [each.name for each in place.parent.iterdir()] == ["everloop.db"]


def test_a_backup_on_a_medium_that_takes_no_writes_is_restored(backup: Path, tmp_path: Path):
    backup.chmod(0o400)
    backup.parent.chmod(0o700)
    restore(backup, tmp_path / "elsewhere" / "everloop.db", unseen, replace=False)
    assert names(tmp_path / "elsewhere" / "everloop.db") == ["old"]


def test_a_database_is_not_replaced_unasked(backup: Path, file: Path):
    with pytest.raises(errors.Conflict, match="--replace"):
        restore(backup, file, unseen, replace=False)
    assert names(file) == ["new", "old"]


def test_a_database_that_is_replaced_is_moved_aside_with_all_that_is_in_it(backup: Path, file: Path):
    """Also what is in the write-ahead log only, as after a crash."""
    crashed = file.with_name("crashed.db")
    holder = sqlite3.connect(file)
    holder.execute("PRAGMA wal_autocheckpoint=0")
    holder.execute("INSERT INTO organisation (id, name, created_at) VALUES ('late', 'late', 1)")
    holder.commit()
    shutil.copy(file, crashed)
    shutil.copy(f"{file}-wal", f"{crashed}-wal")
    holder.close()
    for attempt in (1, 2):
        aside = restore(backup, crashed, unseen, replace=True)
        assert aside == crashed.with_name(f"crashed.db.replaced-{attempt}")
        assert names(crashed) == ["old"]
        assert not Path(f"{crashed}-wal").exists()
    assert names(crashed.with_name("crashed.db.replaced-1")) == ["late", "new", "old"]
    assert names(crashed.with_name("crashed.db.replaced-2")) == ["old"]


async def test_a_database_that_a_server_uses_is_not_replaced(backup: Path, file: Path):
    """Its writer has done nothing yet, and still holds the file."""
    writer = SqliteLogWriter(file, StillClock(), Tally())
    await writer.start()
    with pytest.raises(errors.Conflict, match="stop it first"):
        restore(backup, file, unseen, replace=True)
    await writer.append(SCOPE, [a_log("data_1")])
    await writer.close()
    assert names(file) == ["new", "old"]
    restore(backup, file, unseen, replace=True)
    assert names(file) == ["old"]


def test_a_restored_database_is_served_as_ever(backup: Path, tmp_path: Path):
    place = tmp_path / "elsewhere" / "everloop.db"
    restore(backup, place, unseen, replace=False)
    migrate(f"sqlite:///{place}")
    connection = sqlite3.connect(place)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_what_is_no_backup_is_refused(file: Path, tmp_path: Path):
    place = tmp_path / "elsewhere" / "everloop.db"
    other = tmp_path / "other.db"
    with pytest.raises(errors.NotFound):
        restore(other, place, unseen, replace=False)
    other.write_bytes(b"something else" * 500)
    with pytest.raises(errors.Unavailable, match="no SQLite database"):
        restore(other, place, unseen, replace=False)
    other.unlink()
    sqlite3.connect(other).execute("CREATE TABLE mine (x)").connection.close()
    with pytest.raises(errors.Unprocessable, match="no backup of Everloop"):
        restore(other, place, unseen, replace=False)
    with pytest.raises(errors.Conflict, match="the database itself"):
        restore(file, file, unseen, replace=True)
    assert list(place.parent.iterdir()) == []


def test_a_backup_of_a_newer_version_is_refused(backup: Path, tmp_path: Path):
    connection = sqlite3.connect(backup)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(errors.Unprocessable, match=r"newer version.*9999"):
        restore(backup, tmp_path / "elsewhere" / "everloop.db", unseen, replace=False)


def test_a_damaged_backup_is_refused_and_the_database_stays(file: Path, tmp_path: Path):
    fill(file)
    put(file, "mine")
    back_up(file, tmp_path / "backup.db", unseen)
    damaged(tmp_path / "backup.db")
    with pytest.raises(errors.Unavailable, match="damaged"):
        restore(tmp_path / "backup.db", file, unseen, replace=True)
    assert names(file) == ["mine"]
    assert [each.name for each in file.parent.iterdir() if not each.name.startswith("everloop.db-")] == ["everloop.db"]


def test_a_database_that_is_damaged_beyond_reading_is_left_to_the_operator(backup: Path, file: Path):
    file.write_bytes(b"something else" * 500)
    with pytest.raises(errors.Unavailable, match="stop the server"):
        restore(backup, file, unseen, replace=True)
    assert file.read_bytes() == b"something else" * 500


def test_a_write_ahead_log_without_its_database_is_in_the_way(backup: Path, tmp_path: Path):
    place = tmp_path / "elsewhere" / "everloop.db"
    place.parent.mkdir()
    place.with_name("everloop.db-wal").write_bytes(b"x")
    with pytest.raises(errors.Conflict, match=r"everloop\.db-wal"):
        restore(backup, place, unseen, replace=False)
    assert not place.exists()


def test_another_kind_of_database_is_refused_without_its_password():
    settings = Settings.read({"EVERLOOP_DATABASE_URL": "postgresql://me:secret@127.0.0.1/everloop"})
    with pytest.raises(errors.Unprocessable, match="pg_dump") as refused:
        _file(settings)
    assert "secret" not in str(refused.value)
