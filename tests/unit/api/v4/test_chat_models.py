from typing import Any

import pytest

from everloop.api.v4.calls import parse
from everloop.api.v4.chat_models import ChatDeployedRequest, ChatRequest
from everloop.api.v4.message_models import message_view
from everloop.domain.config import Endpoint, ModelConfig, fingerprint
from everloop.errors import InvalidFields
from everloop.services.command import Chat

USER = {"role": "user", "content": "Hi"}


def command(model=ChatDeployedRequest, **body: Any):
    return model.model_validate({"project": "p", "messages": [USER]} | body).command()


def test_a_chat_is_a_call_with_messages():
    made = command(environment="staging", inputs=None)
    assert (made.environment, made.inputs.value, made.endpoint) == ("staging", {}, Endpoint.CHAT)
    assert made.chat == Chat((USER,))
    assert (made.config, made.config_id, made.experiment_id) == (None, None, None)


@pytest.mark.parametrize(
    ("given", "choice"),
    [
        ({}, None),
        ({"tool_choice": "required"}, "required"),
        ({"tool_call": "none"}, "none"),
        ({"tool_call": {"name": "f"}}, {"type": "function", "function": {"name": "f"}}),
        (
            {"tool_choice": {"type": "function", "function": {"name": "f", "more": 1}}},
            {"type": "function", "function": {"name": "f"}},
        ),
    ],
)
def test_a_choice_is_said_in_one_of_two_ways(given, choice):
    assert command(**given).chat.tool_choice == choice


def test_a_config_of_its_own_is_the_one_that_would_be_registered():
    made = command(ChatRequest, model_config={"model": "m", "name": "n", "description": "d"})
    assert fingerprint(made.config) == fingerprint(ModelConfig("m", endpoint=Endpoint.CHAT))
    assert (made.labels.name, made.labels.description) == ("n", "d")


def test_places_of_wrong_fields_are_those_of_the_body():
    body = (
        b'{"project": "p", "messages": [{"role": "user", "content": [{"type": "text"}]}], "tool_choice": {"type": 1}}'
    )
    with pytest.raises(InvalidFields) as caught:
        parse(ChatDeployedRequest, body)
    places = [issue.location for issue in caught.value.issues]
    assert places[0][:5] == ("body", "messages", 0, "content", 0)
    assert not any(str(part).startswith("<") for place in places for part in place)


def test_a_message_is_shown_as_it_was_asked():
    shown = message_view(command(messages=[{**USER, "name": None}]).chat.messages[0])
    assert shown == dict.fromkeys(("tool_call_id", "tool_calls", "tool_call", "name")) | USER
