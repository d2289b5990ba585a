"""Messages that are put together again."""

from everloop.providers.anthropic.assembly import MessageAssembly, StreamedBlock


def test_texts_grow_from_what_they_began_with():
    block = StreamedBlock({"type": "text", "text": "He"}, None)
    block.grow("text", "l")
    block.grow("text", "lo")
    block.cite({"type": "char_location", "cited_text": "a"})
    block.cite({"type": "char_location", "cited_text": "b"})
    cited = [{"type": "char_location", "cited_text": "a"}, {"type": "char_location", "cited_text": "b"}]
    assert block.body() == {"type": "text", "text": "Hello", "citations": cited}


def test_sources_may_have_been_null():
    block = StreamedBlock({"type": "text", "text": "", "citations": None}, None)
    block.cite({"type": "char_location"})
    assert block.body()["citations"] == [{"type": "char_location"}]


def test_arguments_become_an_object():
    block = StreamedBlock({"type": "tool_use", "id": "a", "name": "f", "input": {}}, 0)
    block.grow("input", '{"a": ')
    block.grow("input", "1}")
    assert block.body() == {"type": "tool_use", "id": "a", "name": "f", "input": {"a": 1}}


def test_arguments_that_were_cut_off_are_wrapped():
    block = StreamedBlock({"type": "tool_use", "id": "a", "name": "f", "input": {}}, 0)
    block.grow("input", '{"a": ')
    assert block.body()["input"] == {"INVALID_JSON": '{"a": '}


def test_empty_pieces_change_nothing():
    block = StreamedBlock({"type": "tool_use", "id": "a", "name": "f", "input": {"a": 1}}, 0)
    block.grow("input", "")
    assert not block.grown
    assert block.body()["input"] == {"a": 1}


def test_the_end_completes_the_message():
    usage = {"input_tokens": 5, "output_tokens": 1, "cache_read_input_tokens": 2}
    message = MessageAssembly({"id": "x", "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage})
    message.blocks[0] = StreamedBlock({"type": "text", "text": "Hi"}, None)
    message.end({"stop_reason": "end_turn", "stop_sequence": None}, {"output_tokens": 9, "input_tokens": None})
    message.end({"stop_reason": None}, {})
    assert message.body() == {
        "id": "x",
        "content": [{"type": "text", "text": "Hi"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 5, "output_tokens": 9, "cache_read_input_tokens": 2},
    }
