"""Chats as the inputs of Replicate's models."""

from typing import Any

import pytest

from everloop.domain.message import Message
from everloop.errors import Unprocessable
from everloop.providers.replicate.facts import inputs_of
from everloop.providers.replicate.messages import written

LLAMA, GPT, CLAUDE = (inputs_of(model) for model in ("meta/meta-llama-3-8b-instruct", "openai/gpt-5.1", "anthropic/c"))
SYSTEM: Message = {"role": "system", "content": "Be kind."}
HI: Message = {"role": "user", "content": "Hi"}
HELLO: Message = {"role": "assistant", "content": "Hello."}


def image(*urls: str) -> Message:
    parts: list[dict[str, Any]] = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return {"role": "user", "content": [{"type": "text", "text": "What?"}, *parts]}


def test_one_message_is_the_prompt():
    assert written([HI], LLAMA) == {"prompt": "Hi"}


def test_the_systems_messages_have_a_place_of_their_own():
    more = {"role": "developer", "content": [{"type": "text", "text": "Be"}, {"type": "text", "text": "brief."}]}
    assert written([SYSTEM, HI, more], GPT) == {"prompt": "Hi", "system_prompt": "Be kind.\n\nBe\n\nbrief."}


def test_several_turns_are_a_transcript():
    assert written([SYSTEM, HI, HELLO, {"role": "user", "content": "Who?"}], LLAMA) == {
        "system_prompt": "Be kind.",
        "prompt": "User: Hi\n\nAssistant: Hello.\n\nUser: Who?\n\nAssistant:",
    }


def test_several_turns_are_a_list_where_the_model_takes_one():
    assert written([SYSTEM, HI, HELLO, {"role": "user", "content": None, "name": "Ann"}], GPT) == {
        "messages": [SYSTEM, HI, HELLO, {"role": "user", "content": ""}]
    }


@pytest.mark.parametrize("messages", [[], [SYSTEM], [HELLO]])
def test_a_chat_without_a_question_is_a_transcript(messages: list[Message]):
    assert str(written(messages, LLAMA)["prompt"]).endswith("Assistant:")


def test_images_have_the_models_name():
    assert written([image("https://a", "data:b")], GPT) == {"prompt": "What?", "image_input": ["https://a", "data:b"]}
    assert written([image("https://a")], CLAUDE) == {"prompt": "What?", "image": "https://a"}


@pytest.mark.parametrize(
    ("messages", "inputs", "words"),
    [
        ([image("https://a", "https://b")], CLAUDE, "takes one image"),
        ([image("https://a")], LLAMA, "in `other`"),
        ([image("https://a"), HELLO, HI], GPT, "one message of the user"),
        ([HI, {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f"}}]}], GPT, "no tools"),
        ([HI, {"role": "assistant", "tool_call": {"name": "f"}}], GPT, "no tools"),
        ([HI, {"role": "tool", "tool_call_id": "c", "content": "2"}], LLAMA, "no tools"),
    ],
)
def test_what_cannot_be_said(messages: list[Message], inputs: Any, words: str):
    with pytest.raises(Unprocessable, match=words):
        written(messages, inputs)
