"""The command line as a whole."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from everloop.cli import command_line

COMMANDS = (
    ["serve"],
    ["init"],
    ["doctor"],
    ["backup"],
    ["restore"],
    ["migrate"],
    ["import", "humanloop"],
    ["keys", "create"],
    ["keys", "list"],
    ["keys", "revoke"],
    ["orgs", "create"],
    ["orgs", "list"],
)


def test_help_waits_for_nothing_that_only_servers_need():
    heavy = "{'alembic', 'asyncpg', 'fastapi', 'pydantic', 'sqlalchemy', 'uvicorn'}"
    script = f"import sys, everloop.cli; print(sorted({heavy} & sys.modules.keys()))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_teaches_itself(command: list[str]):
    result = CliRunner().invoke(command_line, [*command, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output
