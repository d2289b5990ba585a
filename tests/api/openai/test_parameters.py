"""Which of OpenAI's parameters are heard, and which are ignored and named."""

import re
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from openai.types import completion_create_params as texts
from openai.types.chat import completion_create_params as chats

from everloop.api.openai.chat_models import ChatCompletionRequest
from everloop.api.openai.completion_models import TextCompletionRequest
from tests.api.openai.conftest import USER

GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "openai-clients.md"
IGNORED = "x-everloop-ignored"


def parameters(*kinds: Any) -> set[str]:
    return {name for kind in kinds for name in get_type_hints(kind)}


CHAT = parameters(chats.CompletionCreateParamsNonStreaming, chats.CompletionCreateParamsStreaming)
TEXT = parameters(texts.CompletionCreateParamsNonStreaming, texts.CompletionCreateParamsStreaming)


@pytest.mark.parametrize(("all_of_them", "model"), [(CHAT, ChatCompletionRequest), (TEXT, TextCompletionRequest)])
def test_the_guide_names_every_parameter_of_the_official_package_as_heard_or_ignored(all_of_them, model):
    _, _, after = GUIDE.read_text().partition("## What the deployed config decides")
    ignored = set(re.findall(r"`([a-z_]+)`", after.partition("\n\n## ")[0].partition("Ignored:")[2].partition(".")[0]))
    heard = set(model.model_fields)
    assert all_of_them - heard <= ignored
    assert not heard & ignored


@pytest.mark.parametrize("stream", [False, True])
def test_what_the_config_decides_is_ignored_and_named(door, stream):
    project = door.chats(chat_template=[], endpoint="chat", temperature=0.5, max_tokens=5)
    raw = door.client.chat.completions.with_raw_response.create(
        model=project,
        messages=[USER],
        temperature=1.5,
        max_tokens=100,
        max_completion_tokens=100,
        stop=["x"],
        top_p=None,
        stream=stream,
        parallel_tool_calls=False,
        extra_body={"top_k": 3},
    )
    ignored = raw.headers[IGNORED].split(", ")
    assert sorted(ignored) == [
        "max_completion_tokens",
        "max_tokens",
        "parallel_tool_calls",
        "stop",
        "temperature",
        "top_k",
    ]
    asked = door.asked()
    assert (asked["temperature"], asked["max_tokens"]) == (0.5, 5)
    assert not {"stop", "parallel_tool_calls", "top_k", "max_completion_tokens"} & set(asked)
    raw.http_response.close()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, None),
        ({"temperature": None}, None),
        ({"x\r\nset-cookie: a": 1, "é": 2, "": 3, "y" * 65: 4, "good-name": 5}, "good-name"),
        (dict.fromkeys((f"p{number}" for number in range(100)), 1), ", ".join(f"p{number}" for number in range(32))),
    ],
)
def test_what_is_named_cannot_break_the_header(door, more, told):
    reply = door.post("completions", {"model": "hello", "inputs": {"name": "Ada"}, **more})
    reply.expect(200)
    assert reply.headers.get(IGNORED) == told
    assert "set-cookie" not in reply.headers


def test_what_is_null_says_nothing(door):
    call = dict.fromkeys(CHAT | set(ChatCompletionRequest.model_fields), None)
    reply = door.post("chat/completions", {**call, "model": door.mocks(), "messages": [USER]})
    reply.expect(200)
    assert IGNORED not in reply.headers
