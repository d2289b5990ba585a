"""`everloop keys`, `orgs` and `doctor`, run on a real database."""

import subprocess
from pathlib import Path

import pytest

from tests.server import COMMAND, KEY

Done = subprocess.CompletedProcess[str]


def run(data_dir: Path, *arguments: str) -> Done:
    environment = {"PATH": "", "EVERLOOP_DATA_DIR": str(data_dir), "EVERLOOP_API_KEY": KEY}
    return subprocess.run(
        [COMMAND, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def told(data_dir: Path, *arguments: str) -> list[str]:
    """The lines that a command prints, which must end well."""
    done = run(data_dir, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house") / "data"
    told(folder, "init")
    return folder


def test_a_key_is_shown_once_then_listed_without_itself_and_revoked(data_dir: Path):
    (plain,) = told(data_dir, "keys", "create", "--name", "for tests")
    assert plain.startswith("hl_sk_")
    line = next(each for each in told(data_dir, "keys", "list") if each.endswith("for tests"))
    assert plain not in line
    assert "  valid  " in line
    key_id, hint = line.split()[:2]
    assert plain.endswith(hint.removeprefix("…"))

    assert told(data_dir, "keys", "revoke", key_id) == [f"{key_id} is revoked."]
    line = next(each for each in told(data_dir, "keys", "list") if each.endswith("for tests"))
    assert "  revoked 2" in line
    done = run(data_dir, "keys", "revoke", "key_unknown")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("everloop: There is no API key")


def test_organisations_are_listed_and_have_keys_of_their_own(data_dir: Path):
    (made,) = told(data_dir, "orgs", "create", "second")
    assert f"{made}  second" in told(data_dir, "orgs", "list")
    told(data_dir, "keys", "create", "--org", "second", "--name", "theirs")
    assert [each.split()[-1] for each in told(data_dir, "keys", "list", "--org", "second")] == ["theirs"]
    assert not [each for each in told(data_dir, "keys", "list") if each.endswith("theirs")]


@pytest.mark.parametrize("name", ["", " ", "x" * 256])
def test_an_organisation_has_a_name_that_can_be_kept_and_seen(data_dir: Path, name: str):
    done = run(data_dir, "orgs", "create", name)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("everloop: An organisation's name has 1 to 255 characters")


def test_names_that_callers_chose_cannot_speak_to_the_terminal(data_dir: Path):
    told(data_dir, "orgs", "create", "third\x1b[2J")
    told(data_dir, "keys", "create", "--name", "\x1b]0;owned\x07\r")
    assert [each for each in told(data_dir, "orgs", "list") if each.endswith("  third\\x1b[2J")]
    assert [each for each in told(data_dir, "keys", "list") if each.endswith("  \\x1b]0;owned\\x07\\r")]


def test_the_doctor_finds_a_healthy_house_well(data_dir: Path):
    lines = told(data_dir, "doctor")
    assert {each.split()[0] for each in lines} == {"ok"}
    assert "ok    database: writable, migrations are current" in lines
    assert any("the operator's key is set for: none" in each for each in lines)


def test_the_doctor_tells_what_is_wrong_and_what_to_do(data_dir: Path, tmp_path: Path):
    data_dir.chmod(0o755)
    done = run(data_dir, "doctor")
    data_dir.chmod(0o700)
    assert done.returncode == 1
    assert f"WRONG data directory: other users can look into it: chmod 700 '{data_dir}'" in done.stdout.splitlines()

    done = run(tmp_path / "nowhere", "doctor")
    assert done.returncode == 1
    assert "WRONG data directory: there is none yet" in done.stdout
    assert not (tmp_path / "nowhere").exists()
