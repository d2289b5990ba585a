"""A streamed answer, put together."""

import json
from typing import Any

from everloop.providers.cohere.assembly import Assembly


def body(assembly: Assembly, usage: Any = None) -> Any:
    return json.loads(assembly.body("COMPLETE", usage))


def test_nothing_but_an_end():
    assert body(Assembly()) == {
        "id": None,
        "finish_reason": "COMPLETE",
        "message": {"role": "assistant"},
        "usage": None,
    }


def test_everything_there_is():
    made = Assembly()
    made.id = "x"
    made.content(1, "text", "He")
    made.content(0, "thinking", "Hm.")
    made.content(1, "text", "llo")
    made.plan("I ")
    made.plan("will.")
    made.call("a", "add")
    made.call("b", "sub")
    made.arguments(0, '{"a"')
    made.arguments(1, "{}")
    made.arguments(0, ":1}")
    made.citation({"start": 0})
    made.logprobs({"token_ids": [1]})
    assert body(made, {"cached_tokens": 1.0}) == {
        "id": "x",
        "finish_reason": "COMPLETE",
        "message": {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Hello"}],
            "tool_plan": "I will.",
            "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}},
                {"id": "b", "type": "function", "function": {"name": "sub", "arguments": "{}"}},
            ],
            "citations": [{"start": 0}],
        },
        "usage": {"cached_tokens": 1.0},
        "logprobs": [{"token_ids": [1]}],
    }
