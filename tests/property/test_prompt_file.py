"""A configuration written as a `.prompt` file and read again is the same one, whatever is in it."""

import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from everloop.api.v4.config_models import ModelConfigRequest
from everloop.api.v4.prompt_file_parsing import config_in
from everloop.domain.config import ModelConfig, fingerprint
from everloop.domain.prompt_file_writing import write
from everloop.errors import InvalidFields

CHARACTERS = st.characters(codec="utf-8")
# What could be taken for the format itself.
PIECES = st.sampled_from(
    [
        *(
            "---",
            "\n",
            "\n\n",
            "  ",
            " ",
            "\t",
            "\r",
            "\r\n",
            "\\",
            "\ufeff",
            "\x85",
            "\u2028",
            "\x00",
            "&quot;",
            "&amp;",
        ),
        *(
            "<user>",
            "</user>",
            "<system/>",
            "<assistant>",
            "</assistant>",
            "<text>",
            "</text>",
            '<tool name="a" id="b">',
        ),
        *("</tool>", '<image url="x"/>', "<image>", "<text", "a: b", "{{name}}", "# no", "null", "true", "1", "'", '"'),
    ]
)
TEXTS = st.one_of(st.text(CHARACTERS, max_size=20), st.lists(PIECES, max_size=12).map("".join))
NAMES = TEXTS.filter(lambda text: "\x00" not in text)
ROUND = st.floats(allow_nan=False, allow_infinity=False)
WHOLE = st.integers(-(2**63), 2**63 - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | ROUND | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=3)


def some(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


FUNCTIONS = st.fixed_dictionaries({"name": NAMES}, optional={"arguments": some(TEXTS)})
CALLS = st.fixed_dictionaries(
    {"id": NAMES, "type": st.just("function"), "function": FUNCTIONS}, optional={"name": NAMES, "arguments": VALUES}
)
IMAGES = st.fixed_dictionaries({"url": TEXTS}, optional={"detail": some(st.sampled_from(["high", "low", "auto"]))})
PARTS = st.fixed_dictionaries({"type": st.just("text"), "text": TEXTS}) | st.fixed_dictionaries(
    {"type": st.just("image_url"), "image_url": IMAGES}
)
MESSAGES = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "tool"])},
    optional={
        "content": some(TEXTS | st.lists(PARTS, max_size=3)),
        "name": NAMES,
        "tool_call_id": NAMES,
        "tool_calls": st.lists(CALLS, max_size=2),
        "tool_call": FUNCTIONS,
        "thinking": st.lists(OBJECTS, max_size=1),
    },
)
TOOLS = st.fixed_dictionaries(
    {"name": NAMES.filter(bool)},
    optional={
        "id": NAMES,
        "description": TEXTS,
        "parameters": OBJECTS,
        "strict": st.booleans(),
        "source": NAMES | st.just("organization"),
        "other": OBJECTS,
        "setup_schema": OBJECTS,
        "signature": TEXTS,
    },
)
REQUESTS = st.fixed_dictionaries(
    {"model": NAMES.filter(bool), "endpoint": st.sampled_from(["chat", "chat", "complete", None])},
    optional={
        "name": NAMES,
        "description": NAMES,
        "provider": NAMES.filter(bool),
        "max_tokens": WHOLE,
        "temperature": ROUND,
        "top_p": ROUND,
        "presence_penalty": ROUND,
        "frequency_penalty": ROUND,
        "stop": some(TEXTS | st.lists(TEXTS, max_size=3)),
        "other": OBJECTS,
        "seed": WHOLE,
        "response_format": st.just({"type": "json_object"})
        | st.fixed_dictionaries({"type": st.just("json_schema"), "json_schema": OBJECTS}),
        "prompt_template": some(TEXTS),
        "chat_template": some(st.lists(MESSAGES, max_size=3)),
        "tools": st.lists(TOOLS, max_size=2),
        "reasoning_effort": st.sampled_from(["high", "low", 1024]),
    },
)


@given(REQUESTS)
def test_what_is_written_is_read(request: dict[str, Any]):
    sent = ModelConfigRequest.model_validate(request)
    config = sent.config()

    text = write(config, sent.name, sent.description)
    read = config_in(text)

    assert read.config() == config
    assert fingerprint(read.config()) == fingerprint(config)
    assert (read.name, read.description) == (sent.name, sent.description)
    assert write(read.config(), read.name, read.description) == text


def outcome(text: str) -> ModelConfig | list[str]:
    """The config in a file, or what is wrong with it."""
    try:
        return config_in(text).config()
    except InvalidFields as error:
        return [issue.message for issue in error.issues]


@given(st.lists(PIECES | st.just("---\nmodel: m\nendpoint: chat\n---\n"), max_size=20).map("".join), st.booleans())
def test_what_is_read_is_a_config_or_wrong_in_a_line(text: str, whole: bool):
    found = outcome(f"---\nmodel: m\n---\n{text}" if whole else text)

    if isinstance(found, ModelConfig):
        assert outcome(write(found)) == found
    else:
        assert all(re.match(r"Line [1-9]\d*: .", each) for each in found)


@given(st.dictionaries(TEXTS, VALUES).map(json.dumps) | st.text(CHARACTERS))
def test_any_header_is_read_or_wrong_in_a_line(header: str):
    found = outcome(f"---\nmodel: m\nother: {header}\n---\n")

    if isinstance(found, ModelConfig):
        assert outcome(write(found)) == found
    else:
        assert all(re.match(r"Line [1-9]\d*: .", each) for each in found)


# JSON leaves U+007F as it is, which no YAML has.
@given(st.dictionaries(TEXTS, VALUES).filter(lambda values: "\x7f" not in json.dumps(values)))
def test_json_is_yaml_however_it_was_escaped(values: dict[str, Any]):
    found = outcome(f"---\nmodel: m\nother: {json.dumps(values, indent=2)}\n---\n")

    assert isinstance(found, ModelConfig), found
    assert found.other == values
