from typing import Any

import msgspec
import pytest

from bench.calls import NOBODY, PROMPT_TEXTS, Calls, Kind, openai_calls, v4_calls

STREAMED, PLAIN, LONG = Kind("streamed", "short"), Kind("plain", "short"), Kind("plain", "long")


def body_of(raw: bytes) -> Any:
    head, _, body = raw.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    return msgspec.json.decode(body)


def test_prompts_are_of_one_and_of_a_hundred_kilobytes():
    assert 1_000 <= len(PROMPT_TEXTS["short"]) <= 1_100
    assert 100_000 <= len(PROMPT_TEXTS["long"]) <= 101_000


def test_every_side_is_asked_with_the_same_prompt():
    ready_made = body_of(openai_calls(1, {})[LONG].raw()[0])
    rendered = body_of(v4_calls(1, {})[LONG].raw()[0])
    assert ready_made["messages"][0]["content"] == PROMPT_TEXTS["long"]
    assert PROMPT_TEXTS["long"].endswith(rendered["inputs"]["question"])


def test_streams_ask_for_their_usage_and_plain_calls_do_not():
    calls = openai_calls(1, {})
    assert body_of(calls[STREAMED].raw()[0])["stream_options"] == {"include_usage": True}
    assert "stream" not in body_of(calls[PLAIN].raw()[0])


@pytest.mark.parametrize("calls", [openai_calls(1, {}), v4_calls(1, {})], ids=["ready-made", "rendered"])
@pytest.mark.parametrize(("kind", "users"), [(PLAIN, 1_000), (LONG, 10)])
def test_calls_of_users_differ_in_the_user_alone(calls: Calls, kind: Kind, users: int):
    bodies = [body_of(raw) for raw in calls[kind].raw()]
    assert len({body.pop("user") for body in bodies}) == len(bodies) == users
    assert all(body == bodies[0] for body in bodies)


def test_calls_of_nobody_name_no_user():
    [raw] = v4_calls(1, {}, users=NOBODY)[PLAIN].raw()
    assert "user" not in body_of(raw)
