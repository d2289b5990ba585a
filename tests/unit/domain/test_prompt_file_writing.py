from dataclasses import replace

import pytest

from everloop.domain.config import Endpoint, ModelConfig
from everloop.domain.prompt_file_writing import write

HEADER = """\
---
model: gpt-4o
temperature: 1.0
max_tokens: -1
top_p: 1.0
presence_penalty: 0.0
frequency_penalty: 0.0
provider: openai
"""


def chat(*template, **changes):
    return ModelConfig(model="gpt-4o", endpoint=Endpoint.CHAT, chat_template=template, **changes)


def body(*template):
    text = write(chat(*template))
    assert text.startswith(f"{HEADER}endpoint: chat\n---\n")
    return text.removeprefix(f"{HEADER}endpoint: chat\n---\n")


def test_a_completion():
    prompt = "\n Write about {{topic}}.\n---\n<user>\n"
    assert write(ModelConfig(model="gpt-4o", prompt_template=prompt)) == f"{HEADER}endpoint: complete\n---\n{prompt}"


@pytest.mark.parametrize(("prompt", "more"), [(None, ""), ("", 'prompt_template: ""\n')])
def test_a_completion_without_a_prompt_is_not_one_with_an_empty_prompt(prompt, more):
    assert write(ModelConfig(model="gpt-4o", prompt_template=prompt)) == f"{HEADER}endpoint: complete\n{more}---\n"


def test_messages():
    assert (
        body(
            {"role": "system", "content": "Be kind.\n\n  Always."},
            {"role": "user"},
            {"role": "assistant", "content": ""},
        )
        == """\
<system>
  Be kind.

    Always.
</system>

<user/>

<assistant>
</assistant>
"""
    )


def test_images_and_names():
    parts = [
        {"type": "text", "text": "What?"},
        {"type": "image_url", "image_url": {"url": 'x?a="1"&b=2&quot;', "detail": "high"}},
    ]
    assert (
        body({"role": "user", "name": "Ada\nL", "content": parts})
        == """\
<user name="Ada&#10;L">
  <text>
    What?
  </text>
  <image url="x?a=&quot;1&quot;&b=2&amp;quot;" detail="high"/>
</user>
"""
    )


def test_tool_calls_and_what_came_of_them():
    function = {"name": "weather", "arguments": '{"city": "Bern"}'}
    asked = {"role": "assistant", "tool_calls": [{"id": "call_1", "type": "function", "function": function}]}
    answered = {"role": "tool", "tool_call_id": "call_1", "name": "weather", "content": "Sunny"}
    assert (
        body(asked, asked | {"content": "Let me see."}, answered)
        == """\
<assistant>
  <tool name="weather" id="call_1">
    {"city": "Bern"}
  </tool>
</assistant>

<assistant>
  <text>
    Let me see.
  </text>
  <tool name="weather" id="call_1">
    {"city": "Bern"}
  </tool>
</assistant>

<tool name="weather" id="call_1">
  Sunny
</tool>
"""
    )


@pytest.mark.parametrize(
    ("role", "content", "lines"),
    [
        ("user", "<text>\na\n</text>", ["\\<text>", "a", "</text>"]),
        ("user", "<text>\na\n</text>\nSum it up.", ["<text>", "a", "</text>", "Sum it up."]),
        ("user", 'a\n  <image url="x"/>', ["a", '  \\<image url="x"/>']),
        ("user", "\\<text>", ["\\\\<text>"]),
        ("assistant", '<tool name="a" id="b"/>', ['\\<tool name="a" id="b"/>']),
        ("assistant", "<text>a</text>", ["<text>a</text>"]),
        ("system", '<image url="x"/>', ['<image url="x"/>']),
    ],
)
def test_only_what_would_be_misread_has_a_backslash(role, content, lines):
    inside = "".join(f"  {line}\n" for line in lines)
    assert body({"role": role, "content": content}) == f"<{role}>\n{inside}</{role}>\n"


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": []},
        {"role": "assistant", "content": "x", "thinking": [{"type": "thinking", "thinking": "hm"}]},
        {"role": "assistant", "tool_call": {"name": "f", "arguments": "{}"}},
        {"role": "system", "content": [{"type": "text", "text": "a"}]},
        {"role": "user", "tool_call_id": "x"},
        {"role": "assistant", "tool_calls": []},
    ],
)
def test_what_no_tag_says_is_in_the_header(message):
    text = write(chat({"role": "system", "content": "a"}, message))

    assert "endpoint: chat\nchat_template: [\n  {\n" in text
    assert text.endswith("\n]\n---\n")


def test_the_template_that_is_not_used_is_in_the_header():
    config = ModelConfig(model="gpt-4o", prompt_template="a\nb", chat_template=({"role": "user"},))

    unused_chat = write(config)
    unused_prompt = write(replace(config, endpoint=Endpoint.CHAT))

    assert unused_prompt == f'{HEADER}endpoint: chat\nprompt_template: "a\\nb"\n---\n<user/>\n'
    chat_template = 'chat_template: [\n  {\n    "role": "user"\n  }\n]\n'
    assert unused_chat == f"{HEADER}endpoint: complete\n{chat_template}---\na\nb"


def test_a_chat_without_a_template_is_not_one_with_an_empty_template():
    assert write(chat()) == f"{HEADER}endpoint: chat\nchat_template: []\n---\n"
    assert write(ModelConfig(model="gpt-4o", endpoint=Endpoint.CHAT)) == f"{HEADER}endpoint: chat\n---\n"
