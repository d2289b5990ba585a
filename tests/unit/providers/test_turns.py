"""Chats in which two sides take turns."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.errors import Unprocessable
from everloop.providers.turns import in_turns

Said = dict[str, Any]


def said(role: str, content: str = "") -> Said:
    return {"role": role, "content": content}


def blocks(message: Any) -> list[Said]:
    return [{"text": message["content"]}] if message["content"] else []


def instruction(message: Any) -> list[Said]:
    return [{"told": message["content"]}] if message["content"] else []


def turns(*messages: Said) -> tuple[list[Said], list[tuple[str, list[Said]]]]:
    return in_turns(messages, instruction, blocks, "The vendor")


def test_the_system_is_apart_wherever_it_spoke():
    chat = [said("system", "a"), said("user", "b"), said("developer", "c")]
    assert turns(*chat) == ([{"told": "a"}, {"told": "c"}], [("user", [{"text": "b"}])])


def test_a_system_that_talks_to_itself_is_a_user():
    assert turns(said("system", "a"), said("user")) == ([], [("user", [{"told": "a"}])])


@pytest.mark.parametrize("chat", [(), (said("system"), said("user")), (said("assistant"),)])
def test_somebody_has_to_say_something(chat: tuple[Said, ...]):
    with pytest.raises(Unprocessable, match="The vendor needs at least one message with content"):
        turns(*chat)


@given(st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), st.sampled_from(["", "a", "b", "c"]))))
def test_sides_alternate_and_nothing_is_lost_or_changes_its_place(chat: list[tuple[str, str]]):
    spoken = [text for role, text in chat if role != "system" and text]
    if not spoken:
        return
    system, found = turns(*(said(role, text) for role, text in chat))
    assert all(before[0] != after[0] for before, after in pairwise(found))
    assert [block["text"] for _, each in found for block in each] == spoken
    assert [each["told"] for each in system] == [text for role, text in chat if role == "system" and text]
