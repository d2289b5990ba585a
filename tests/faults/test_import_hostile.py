"""`everloop import humanloop` of an export that somebody made to do harm: the rest is taken, and may be read."""

import json
from pathlib import Path

import pytest

from tests import exported
from tests.exported import GREETING, GREETING_NEW, judged, log_id
from tests.faults.databases import Kept
from tests.faults.test_import import counts, run, until_known
from tests.server import RunningServer, serving

MADE = exported.version(GREETING_NEW, template="Hello {{name}}!", created_at="2025-03-02T10:00:00Z", temperature=0.5)
TRAPS = "ds_traps"
# The numbers of the logs in `odd`, `bad` and `partly`.
ODD, BAD, PARTLY = range(100, 107), range(200, 211), range(300, 306)


def raw(number: int, key: str, text: str) -> str:
    """The line of a log in which a value is this JSON text."""
    return json.dumps(exported.log(number, MADE) | {key: "@@"}).replace('"@@"', text)


def deep(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


def odd() -> list[str]:
    """Kept, whatever is in them."""
    return [
        raw(100, "output", json.dumps("\x00 \x1a \x1b[2J")),
        raw(101, "inputs", json.dumps({"\x00": "\x00", "big": 10**400})),
        raw(102, "inputs", deep(190)),
        raw(103, "messages", '[{"role": 7, "content": {"\\u0000": 1e300}}]'),
        raw(104, "prompt_cost", "1e308"),
        raw(105, "output", json.dumps("x" * 3_000_000)),
        raw(106, "surprise\x1b]0;owned\x07", "1"),
    ]


def bad() -> list[str]:
    """Left out, each for a reason."""
    return [
        raw(200, "inputs", deep(500)),
        raw(201, "inputs", deep(990)),
        raw(202, "provider_latency", "1e999"),
        raw(203, "output", '"\\ud800"'),
        raw(204, "user", json.dumps("a\x00")),
        raw(205, "source", json.dumps("s" * 10_000_000)),
        raw(206, "prompt_tokens", str(2**63)),
        raw(207, "session_id", json.dumps("s" * 256)),
        raw(208, "created_at", '"0001-01-01T00:00:00+23:59"'),
        raw(209, "output", json.dumps("x" * 30_000_000)),
        raw(210, "environment", json.dumps("e" * 10_000_000)),
    ]


def partly() -> list[str]:
    """Kept, without what is wrong in them."""
    return [
        raw(300, "prompt", json.dumps(MADE | {"version_id": "prv_name", "model": "m" * 10_000_000})),
        raw(301, "prompt", json.dumps(MADE | {"version_id": "prv_nul", "provider": "\x00"})),
        raw(302, "evaluator_logs", json.dumps([judged("evl_big", "stars", 10**40, "number", [])])),
        raw(303, "evaluator_logs", json.dumps([judged("evl_long", "rating", "\u4e00" * 8_000, "select", [])])),
        raw(304, "evaluator_logs", json.dumps([judged("evl_nul", "comment", "\x00", "text", [])])),
        raw(305, "evaluator_logs", json.dumps([7, None, []])),
    ]


def write(folder: Path, secret: Path) -> Path:
    exported.write(folder)
    lines = [*odd(), *bad(), *partly()]
    assert len(lines) == len(ODD) + len(BAD) + len(PARTLY)
    exported.put_lines(folder, f"{GREETING}/logs/9.jsonl", lines)
    files = folder / "files"
    (files / GREETING / "logs" / "10.jsonl").symlink_to(secret / "1.jsonl")
    (files / "pr_linked").symlink_to(secret)
    exported.put(folder, "pr_named/file.json", exported.file("pr_named", "n" * 10_000_000, "prompt"))
    exported.put(folder, "pr_poem/file.json", {"type": "p" * 10_000_000})
    exported.put(folder, f"{TRAPS}/file.json", exported.file(TRAPS, "traps", "dataset"))
    for number, name in enumerate((f"../../../../{secret.name}", "..")):
        version = {"version_id": name, "created_at": f"2025-04-0{number + 1}T00:00:00"}
        exported.put(folder, f"{TRAPS}/versions/{number}", version)
    return folder


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A folder beside the export with what would be a log and a prompt in it."""
    beside = tmp_path / "beside"
    beside.mkdir()
    (beside / "file.json").write_text(json.dumps(exported.file("pr_secret", "secret", "prompt")))
    lines = [exported.log(900, MADE, output="secret"), {"id": "dp_secret", "inputs": {"secret": "secret"}}]
    (beside / "1.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))
    return beside


def test_what_is_wrong_is_told_and_the_rest_is_taken_and_can_be_read(database: Kept, tmp_path: Path, secret: Path):
    folder = write(tmp_path / "export", secret)
    with serving(database.data_dir, database.settings) as server:
        done = run(server.environment, folder)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert counts(done)["logs"] == (7 + len(ODD) + len(PARTLY), 0)
        until_known(server, f"/v4/projects/{GREETING}")
        assert_told(done.stdout + done.stderr)
        assert_readable(server)
        server.stop()
    assert database.query("SELECT count(*) FROM log WHERE source = 'sdk'") == [(7 + len(ODD) + len(PARTLY),)]
    assert not [each for each in database.dump(("project", "log_body", "datapoint"), "true") if "secret" in each]
    database.check()


def assert_told(said: str) -> None:
    """Each in a line of its own, and nothing of what is in them that is long or that a terminal obeys."""
    for number in range(len(ODD) + 1, len(ODD) + len(BAD) + len(PARTLY) + 1):
        assert said.count(f"{GREETING}/logs/9.jsonl:{number}: ") >= 1, number
    for place in (f"{GREETING}/logs/10.jsonl", "pr_linked", f"{TRAPS}/datapoints/../../../../beside"):
        assert f"everloop: files/{place}: It leads out of the export." in said
    for place in ("pr_named/file.json", "pr_poem/file.json"):
        assert f"everloop: files/{place}: " in said
    assert "`surprise\\x1b]0;owned\\x07` of a log" in said
    assert "\x1b" not in said
    assert max(map(len, said.splitlines())) < 2_000


def assert_readable(server: RunningServer) -> None:
    """Whatever was kept is shown, alone and in lists."""
    for number in (*ODD, *PARTLY):
        assert server.get(f"/v4/logs/{log_id(number)}").expect(200)["id"] == log_id(number)
    for number in BAD:
        assert server.get(f"/v4/logs/{log_id(number)}").status == 404
    page = server.get(f"/v4/logs?project_id={GREETING}&size=100").expect(200)
    assert page["total"] == 5 + len(ODD) + len(PARTLY)
    for path in (f"/v4/projects/{GREETING}", f"/v4/projects/{GREETING}/configs", f"/v4/sessions?project_id={GREETING}"):
        assert server.get(path).status == 200
    odd = server.get(f"/v4/logs/{log_id(100)}").expect(200)
    assert odd["output"] == "\x00 \x1a \x1b[2J"
