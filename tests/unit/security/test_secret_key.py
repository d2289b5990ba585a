import hmac
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from everloop.security import private_file
from everloop.security.secret_key import Purpose, UnusableSecretKey, derive, load_or_create

SECRET = "an operator's secret of more than 32 characters"


def test_the_first_start_makes_a_secret_and_the_next_finds_it(tmp_path: Path):
    data_dir = tmp_path / "not there" / "yet"
    made = load_or_create(data_dir)
    assert len(made) >= 64
    assert load_or_create(data_dir) == made
    assert [path.name for path in data_dir.iterdir()] == ["secret.key"]


def test_every_installation_has_its_own(tmp_path: Path):
    assert load_or_create(tmp_path / "a") != load_or_create(tmp_path / "b")


@pytest.mark.parametrize("umask", [0, 0o077, 0o777])
def test_only_the_owner_may_read_it(tmp_path: Path, umask: int):
    former = os.umask(umask)
    try:
        private_file.create(tmp_path / "secret.key", "x" * 40)
    finally:
        os.umask(former)
    mode = (tmp_path / "secret.key").stat().st_mode & 0o777
    assert mode == 0o600 & ~umask


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o666])
def test_a_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int):
    data_dir = tmp_path / "it's here"
    secret = load_or_create(data_dir)
    (data_dir / "secret.key").chmod(mode)
    with pytest.raises(UnusableSecretKey) as refused:
        load_or_create(data_dir)
    assert secret not in str(refused.value)
    command = str(refused.value).split("Run: ")[1]
    subprocess.run(["sh", "-c", command], check=True)
    assert load_or_create(data_dir) == secret


def test_a_file_that_holds_too_little_is_refused_and_left_alone(tmp_path: Path):
    path = tmp_path / "secret.key"
    path.touch(mode=0o600)
    for content in ("", "\n", "x" * 31):
        path.write_text(content)
        with pytest.raises(UnusableSecretKey, match="backup") as refused:
            load_or_create(tmp_path)
        assert "xx" not in str(refused.value)
        assert path.read_text() == content


def test_any_bytes_are_a_secret(tmp_path: Path):
    path = tmp_path / "secret.key"
    path.touch(mode=0o400)
    path.chmod(0o600)
    path.write_bytes(bytes(range(128, 192)))
    assert derive(load_or_create(tmp_path), Purpose.PROVIDER_KEYS)


def test_the_file_is_written_to_disk_before_it_appears_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    events: list[str] = []
    fsync, link = os.fsync, os.link

    def recorded_fsync(descriptor: int) -> None:
        events.append("folder" if os.path.samestat(os.fstat(descriptor), tmp_path.stat()) else "file")
        fsync(descriptor)

    def recorded_link(source: Path, target: Path) -> None:
        events.append("link")
        link(source, target)

    monkeypatch.setattr(os, "fsync", recorded_fsync)
    monkeypatch.setattr(os, "link", recorded_link)
    load_or_create(tmp_path)
    assert events == ["file", "link", "folder"]


START_TOGETHER = """
import sys, time
from pathlib import Path
from everloop.security.secret_key import load_or_create
root = Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for start in range(40):
    print(load_or_create(root / str(start)))
"""


def test_processes_that_start_together_end_with_the_same_secret(tmp_path: Path):
    command = [sys.executable, "-c", START_TOGETHER, str(tmp_path)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) for _ in range(4)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert len(set(answers[0])) == 40
    assert all(answer == answers[0] for answer in answers)
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["secret.key"] * 40


def test_another_process_that_was_faster_is_believed(tmp_path: Path):
    secret = load_or_create(tmp_path)
    private_file.create(tmp_path / "secret.key", "x" * 40)
    assert load_or_create(tmp_path) == secret
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


def hkdf(secret: bytes, info: bytes) -> bytes:
    """RFC 5869 for one block of SHA-256, written down once more."""
    extracted = hmac.digest(bytes(32), secret, sha256)
    return hmac.digest(extracted, info + b"\x01", sha256)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_keys_are_derived_by_hkdf(purpose: Purpose):
    assert derive(SECRET, purpose) == hkdf(SECRET.encode(), purpose.value.encode())


def test_what_is_stored_depends_on_these_words():
    assert {purpose.name: purpose.value for purpose in Purpose} == {
        "PROVIDER_KEYS": "everloop provider keys v1",
        "SESSION_IDS": "everloop session ids v1",
    }


def test_every_purpose_and_every_secret_has_a_key_of_its_own():
    keys = {derive(secret, purpose) for secret in (SECRET, SECRET + "!") for purpose in Purpose}
    assert len(keys) == 2 * len(Purpose)


def test_a_short_secret_is_refused_without_being_repeated():
    assert derive("s" * 32, Purpose.SESSION_IDS)
    with pytest.raises(UnusableSecretKey, match="31 characters") as refused:
        derive("hunter2" + "s" * 24, Purpose.SESSION_IDS)
    assert "hunter2" not in str(refused.value)
