import re
from pathlib import Path
from textwrap import dedent

import pytest

from everloop.api.v4.prompt_file_parsing import config_in
from everloop.domain.config import Endpoint, ModelConfig
from everloop.domain.prompt_file_writing import write
from everloop.errors import InvalidFields

GUIDE = Path(__file__).parents[4] / "docs" / "how-to" / "prompt-files.md"


def examples() -> list[str]:
    blocks = re.findall(r"(?:^(?: {4}.*)?\n)+", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    return [text for block in blocks if (text := dedent(block).strip("\n") + "\n").startswith("---")]


def test_the_guide_shows_files_that_are_read_and_written_as_they_stand_there():
    complete, chat = map(config_in, examples())

    assert complete.config() == ModelConfig(model="gpt-4o", temperature=0.7, prompt_template="Write about {{topic}}.\n")
    assert chat.config().endpoint is Endpoint.CHAT
    assert [each["role"] for each in chat.config().chat_template or ()] == ["system", "user", "assistant", "tool"]
    assert write(chat.config()).endswith(examples()[1].partition("]\n---\n")[2])


def test_labels_and_settings_of_the_header():
    request = config_in("---\nname: First\ndescription: Tried\nmodel: m\nstop: x\nother: {a: [~]}\n---\nHi")

    assert (request.name, request.description) == ("First", "Tried")
    assert request.config() == ModelConfig(model="m", stop=("x",), other={"a": [None]}, prompt_template="Hi")


def test_the_error_of_a_message_says_its_line():
    with pytest.raises(InvalidFields) as caught:
        config_in("---\nmodel: m\n---\n<user/>\n\n<user name='\0'/>\n<tool id='\0'/>")

    assert [issue.message.split(": ")[:2] for issue in caught.value.issues] == [
        ["Line 6", "`chat_template.1.name`"],
    ]


def test_a_hundred_errors_are_enough():
    header = "tools:\n" + "- {name: a, strict: x}\n" * 150 + "model: 1\nseed: x\n"

    with pytest.raises(InvalidFields) as caught:
        config_in(f"---\n{header}---\n")

    assert 1 < len(caught.value.issues) <= 100
