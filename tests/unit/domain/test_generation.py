from everloop.domain.generation import Event, Finish, Sample, TextDelta, ToolCall, ToolCallDelta, joined


def test_pieces_that_follow_each_other_are_one():
    events: list[Event] = [
        TextDelta(0, "a"),
        TextDelta(0, "b"),
        TextDelta(1, "c"),
        ToolCallDelta(0, 0, "", "id", "f"),
        ToolCallDelta(0, 0, "{"),
        ToolCallDelta(0, 0, "}"),
        ToolCallDelta(0, 1, "x", "other", "g"),
        ToolCallDelta(1, 1, "y"),
        ToolCallDelta(1, 1, "", None, "late"),
        Finish(0, "stop", b""),
        TextDelta(1, "d"),
    ]
    assert joined(events) == [
        TextDelta(0, "ab"),
        TextDelta(1, "c"),
        ToolCallDelta(0, 0, "{}", "id", "f"),
        ToolCallDelta(0, 1, "x", "other", "g"),
        ToolCallDelta(1, 1, "y", None, "late"),
        Finish(0, "stop", b""),
        TextDelta(1, "d"),
    ]
    assert joined([]) == []


def test_all_that_a_model_wrote_is_counted():
    assert Sample(0, "text ", "stop", (ToolCall("id", "f", "{}"), ToolCall("id", "g", ""))).spoken == "text f{}g"
