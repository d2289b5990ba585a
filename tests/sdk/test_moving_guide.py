"""The guide "Moving from Humanloop" does what it says: its blocks are run one after the other, as they stand there."""

import os
import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests import exported
from tests.server import COMMAND, RunningServer, fresh_server

__all__ = ["fresh_server"]

ROOT: Final = Path(__file__).parents[2]
GUIDE: Final = ROOT / "docs" / "how-to" / "moving-from-humanloop.md"
PYTHON: Final = ROOT / ".venv-sdk-0.7.35" / "bin" / "python"
MODULES: Final = Path(__file__).parent / "typescript" / "node_modules"
ADDRESS: Final = "export URL=http://127.0.0.1:8000\n"
SECONDS: Final = 100


def blocks() -> list[tuple[str, str]]:
    """Language and text of every fenced block."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def commands(language: str, text: str) -> str:
    """What runs a block in a shell; what the shell sets is known to the later blocks."""
    match language:
        case "sh":
            return text
        case "python":
            return f"'{PYTHON}' - <<'BLOCK'\n{text}BLOCK\n"
        case "javascript":
            return f"cat > block.mjs <<'BLOCK'\n{text}BLOCK\nnode block.mjs\n"
        case _:
            raise AssertionError(f"Nobody runs a block of {language}.")


def test_the_guide_is_followed_from_its_first_block_to_its_last(fresh_server: RunningServer, tmp_path: Path):
    for needed in (PYTHON, MODULES / ".done"):
        if not needed.exists():
            pytest.fail("There are no official clients to test with: run make sdk-envs.", pytrace=False)
    exported.write(tmp_path / "exports" / "20250605-120000")
    (tmp_path / "node_modules").symlink_to(MODULES)
    found = blocks()
    assert found[0] == ("sh", ADDRESS)
    script = "".join(f"echo; echo '=== {number}'\n{commands(*each)}" for number, each in enumerate(found))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace(ADDRESS, f"export URL={fresh_server.base_url}\n")],
        cwd=tmp_path,
        env={**fresh_server.environment, "PATH": f"{COMMAND.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = dict(enumerate(re.split(r"^=== \d+$", done.stdout, flags=re.MULTILINE)[1:]))
    assert "7 would be new" in said[1]
    assert "7 new" in said[2]
    python, typescript = (number for number, (language, _) in enumerate(found) if language != "sh")
    assert said[python].strip() == said[typescript].strip() != ""
    assert '"staging"' in said[python + 2]
    fresh_server.stop()
    logs = fresh_server.command("import", "humanloop", str(tmp_path / "exports" / "20250605-120000"))
    assert "0 new           7 already there" in logs
