"""What the guide and the README show for OpenAI's clients works as it is written."""

import re
from pathlib import Path

import pytest

from tests.api.openai.conftest import Door

ROOT = Path(__file__).parents[3]
GUIDE = ROOT / "docs" / "how-to" / "openai-clients.md"
KIND = {"role": "system", "content": "Speak {{language}}."}


def blocks(page: Path) -> list[str]:
    found: list[str] = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    return [each for each in found if "openai" in each or "client." in each]


def run(door: Door, code: str, **names: object) -> None:
    server = door.app.server
    written = code.replace("http://127.0.0.1:8000", server.base_url).replace("hl_sk_…", server.key)
    assert written != code or names, "the code names its server and its key"
    exec(compile(written, "guide", "exec"), dict(names))  # noqa: S102 - our own documentation


@pytest.fixture
def bot(door: Door):
    config = {"provider": "mock", "model": "m", "chat_template": [KIND], "other": {"mock": {"text": "Bonjour"}}}
    door.chats("support-bot", **config)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_guide(door, bot, capsys):
    calls, headers = blocks(GUIDE)
    run(door, calls)
    chat, text = capsys.readouterr().out.splitlines()
    assert (chat, text) == ("Bonjour", "[mock demo] You said: Say hello to Ada in one friendly sentence.")
    run(door, headers, client=door.client)
    log_ids, ignored = capsys.readouterr().out.splitlines()
    assert [each[:5] for each in log_ids.split(", ")] == ["data_", "data_"]
    assert ignored == "temperature"


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_readme(door, capsys):
    (code,) = blocks(ROOT / "README.md")
    run(door, code)
    assert "Say hello to Ada" in capsys.readouterr().out
