"""Tool calls of the OpenAI format, whole and in pieces."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from everloop.domain.generation import Secret, ToolCall, ToolCallDelta
from everloop.providers.openai.calls import Call, Function, StreamedCalls, whole
from everloop.providers.redaction import REDACTED, Redactor

KEY = "sk-canary-5f0c9d7b21e8"
PLAIN = Redactor(None)


def calls(*pieces: Mapping[str, Any]) -> dict[str, Any]:
    return {"tool_calls": list(pieces)}


def piece(index: int | None = None, call_id: str | None = None, **function: Any) -> dict[str, Any]:
    named = {"index": index, "id": call_id, "type": "function", "function": function}
    return {key: value for key, value in named.items() if value is not None}


def read(*deltas: Mapping[str, Any], redactor: Redactor = PLAIN) -> list[ToolCallDelta]:
    stream = StreamedCalls(3, redactor)
    return [said for delta in deltas for said in stream.read(delta)] + stream.rest()


def test_whole_calls_keep_their_ids_and_get_one_where_there_is_none():
    said = [Call(id="a", function=Function("f", "{}")), Call(function=Function("g", {"x": [1]})), Call(id="custom")]
    assert whole(said, None, PLAIN) == (ToolCall("a", "f", "{}"), ToolCall("call_1", "g", '{"x":[1]}'))


def test_the_deprecated_call_is_one_without_an_id():
    assert whole((), Function("f", None), PLAIN) == (ToolCall("call_0", "f", ""),)
    assert whole((), None, PLAIN) == ()


def test_the_key_is_taken_out_of_whole_arguments():
    said = [Call(id="a", function=Function("f", f'{{"k": "{KEY}"}}'))]
    assert whole(said, None, Redactor(Secret(KEY)))[0].arguments == f'{{"k": "{REDACTED}"}}'


def test_pieces_are_told_by_their_call():
    assert read(
        calls(piece(0, "a", name="f", arguments="")),
        calls(piece(0, arguments='{"x"')),
        calls(piece(1, "b", name="g", arguments="{}"), piece(0, arguments=": 1}")),
    ) == [
        ToolCallDelta(3, 0, "", "a", "f"),
        ToolCallDelta(3, 0, '{"x"'),
        ToolCallDelta(3, 1, "{}", "b", "g"),
        ToolCallDelta(3, 0, ": 1}"),
    ]


def test_servers_that_give_no_index_or_always_the_same_are_understood():
    expected = [
        ToolCallDelta(3, 0, "1", "a", "f"),
        ToolCallDelta(3, 0, "2"),
        ToolCallDelta(3, 1, "3", "b", "g"),
        ToolCallDelta(3, 1, "4"),
    ]
    for index in (None, 0):
        said = [
            piece(index, "a", name="f", arguments="1"),
            piece(index, arguments="2"),
            piece(index, "b", name="g", arguments="3"),
            piece(index, arguments="4"),
        ]
        assert read(*(calls(each) for each in said)) == expected


def test_numbers_of_calls_follow_their_first_pieces():
    said = read(calls(piece(7, "a", name="f")), calls(piece(2, name="g")), calls(piece(7, arguments="x")))
    assert [(each.call, each.id) for each in said] == [(0, "a"), (1, "call_1"), (0, None)]


def test_the_deprecated_call_comes_in_pieces_too():
    assert read({"function_call": {"name": "f", "arguments": ""}}, {"function_call": {"arguments": "{}"}}) == [
        ToolCallDelta(3, 0, "", "call_0", "f"),
        ToolCallDelta(3, 0, "{}"),
    ]


@pytest.mark.parametrize("cut", range(1, len(KEY)))
def test_the_key_is_taken_out_of_pieces_wherever_it_is_cut(cut: int):
    said = read(
        calls(piece(0, "a", name="f", arguments=f'"{KEY[:cut]}')),
        calls(piece(0, arguments=f'{KEY[cut:]}"')),
        redactor=Redactor(Secret(KEY)),
    )
    text = "".join(each.arguments for each in said)
    assert KEY not in text
    assert text.endswith(f'{REDACTED}"')


def test_what_is_held_back_comes_in_the_end():
    said = read(calls(piece(0, "a", name="f", arguments="sk-can")), redactor=Redactor(Secret(KEY)))
    assert "".join(each.arguments for each in said) == "sk-can"


@pytest.mark.parametrize(
    "delta",
    [
        {"tool_calls": {"0": {}}},
        {"tool_calls": "x"},
        {"tool_calls": [1]},
        {"tool_calls": [{"index": "0"}]},
        {"tool_calls": [{"function": {"arguments": 1}}]},
        {"function_call": "x"},
    ],
)
def test_another_shape_is_refused(delta: dict[str, Any]):
    with pytest.raises(msgspec.ValidationError):
        read(delta)


def test_nulls_say_nothing():
    assert read({"tool_calls": None, "function_call": None}, {}, calls({"index": 0, "type": "custom"})) == []
