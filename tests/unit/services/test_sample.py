from everloop.domain.generation import ToolCall, ToolCallDelta
from everloop.domain.ids import LogId
from everloop.services.sample import Chunk, StreamedSample, ToolCallPiece

LOG = LogId("data_1")


def test_text_adds_up_and_is_stripped_on_the_way():
    sample = StreamedSample(0, 4, LOG)
    assert not sample.begun
    chunks = [sample.push(each) for each in (" a ", "b\n")]
    assert chunks == [Chunk(LOG, 4, "a", " a "), Chunk(LOG, 4, " b", "b\n")]
    assert (sample.text, sample.spoken, sample.tool_calls, sample.begun) == (" a b\n", " a b\n", (), True)


def test_each_piece_of_a_call_names_it_and_the_call_adds_up():
    sample = StreamedSample(0, 4, LOG)
    deltas = [
        ToolCallDelta(0, 0, "", "c0", "f"),
        ToolCallDelta(0, 1, "x", "c1"),
        ToolCallDelta(0, 0, "{}"),
        ToolCallDelta(0, 1, "y", None, "g"),
    ]
    assert [sample.push_call(each).tool_call for each in deltas] == [
        ToolCallPiece(0, ToolCall("c0", "f", "")),
        ToolCallPiece(1, ToolCall("c1", "", "x")),
        ToolCallPiece(0, ToolCall("c0", "f", "{}")),
        ToolCallPiece(1, ToolCall("c1", "g", "y")),
    ]
    assert sample.tool_calls == (ToolCall("c0", "f", "{}"), ToolCall("c1", "g", "xy"))
    assert (sample.text, sample.spoken, sample.begun) == ("", "f{}gxy", True)
