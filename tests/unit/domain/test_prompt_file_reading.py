from textwrap import dedent

import pytest

from everloop.domain.prompt_file_reading import begins_with_a_message, messages
from everloop.errors import InvalidFields


def read(body):
    return [message for _, message in messages(dedent(body), 1)]


def user(content):
    return {"role": "user", "content": content}


def text(value):
    return {"type": "text", "text": value}


def image(**where):
    return {"type": "image_url", "image_url": where}


def call(name, called, arguments):
    return {"id": called, "type": "function", "function": {"name": name, "arguments": arguments}}


def test_one_level_of_indentation_is_the_files_and_the_rest_the_texts():
    body = """
        <system>
          Be kind.

            - always
          Bye.
        </system>
        """
    assert read(body) == [{"role": "system", "content": "Be kind.\n\n  - always\nBye."}]


@pytest.mark.parametrize(
    ("body", "content"),
    [
        ("<user>\n</user>", ""),
        ("<user>\n\n</user>", ""),
        ("<user>\n\n\n</user>", "\n"),
        ("<user>\n\n  a\n\n</user>", "\na\n"),
        ("<user>\n   \n  a\n</user>", " \na"),
        ("<user>\n \n  a\n</user>", "\na"),
        ("<user>\n    a\n  b\n</user>", "  a\nb"),
        ("<user>\na\n  b\n</user>", "a\n  b"),
        ("<user>\n\ta\n</user>", "\ta"),
        ("  <user>\n    a\n  </user>", "a"),
        ("  <user>\n  a\n    b\n  </user>", "a\n  b"),
        ("<user>Hi </user>", "Hi "),
        ("<user></user>", ""),
        ("<user>\n  </user>\n</user>", "</user>"),
        ("<user>\n  <b>x</b> & &quot;y&quot;\n</user>", "<b>x</b> & &quot;y&quot;"),
        ("<user>\n  a\n</user>  \r", "a"),
    ],
)
def test_a_text_is_kept_to_the_blank_line(body, content):
    assert messages(body, 1) == [(1, user(content))]


def test_each_message_knows_its_line():
    assert messages("\n<system/>\n\n<user>\n  a\n</user>\n<assistant>b</assistant>\n", 10) == [
        (11, {"role": "system"}),
        (13, user("a")),
        (16, {"role": "assistant", "content": "b"}),
    ]


def test_attributes():
    body = """\
        <user name="A &quot;B&quot; &amp;quot; &c=1 &#10;!" />
        <tool id='c"1' name=''>
          ok
        </tool>"""
    assert read(body) == [
        {"role": "user", "name": 'A "B" &quot; &c=1 \n!'},
        {"role": "tool", "name": "", "tool_call_id": 'c"1', "content": "ok"},
    ]


def test_a_user_shows_images():
    body = """\
        <user>
          <text>
            What is
              this?
          </text>
          <image url="https://example.com/a.png?b=1&c=2" detail="low"/>
          <text>And this?</text>

          <image url="{{picture}}"></image>
        </user>"""
    (message,) = read(body)
    assert message["content"] == [
        text("What is\n  this?"),
        image(url="https://example.com/a.png?b=1&c=2", detail="low"),
        text("And this?"),
        image(url="{{picture}}"),
    ]


def test_an_assistant_calls_tools_and_they_answer():
    body = """\
        <assistant>
          <tool name="weather" id="call_1">
            {
              "city": "{{city}}"
            }
          </tool>
        </assistant>

        <tool name="weather" id="call_1">
          Sunny
        </tool>

        <assistant name="Bo">
          <text>
            Let me see.
          </text>
          <tool name="weather" id="call_2">{}</tool>
          <tool name="weather" id="call_3"/>
        </assistant>"""
    assert read(body) == [
        {"role": "assistant", "tool_calls": [call("weather", "call_1", '{\n  "city": "{{city}}"\n}')]},
        {"role": "tool", "name": "weather", "tool_call_id": "call_1", "content": "Sunny"},
        {
            "role": "assistant",
            "name": "Bo",
            "content": "Let me see.",
            "tool_calls": [
                call("weather", "call_2", "{}"),
                {"id": "call_3", "type": "function", "function": {"name": "weather"}},
            ],
        },
    ]


@pytest.mark.parametrize(
    ("body", "content"),
    [
        ("<user>\n  <text>\n    a\n  </text>\n  Sum it up.\n</user>", "<text>\n  a\n</text>\nSum it up."),
        ("<user>\n  <text>\n</user>", "<text>"),
        ("<user>\n  See <image>.\n</user>", "See <image>."),
        ("<user>\n  <texts>a</texts>\n</user>", "<texts>a</texts>"),
        ("<user>\n  \\<text>a</text>\n</user>", "<text>a</text>"),
        ("<user>\n    \\\\<image/>\n</user>", "  \\<image/>"),
        ("<user>\n  \\<b>\\<text>\n</user>", "\\<b>\\<text>"),
        ("<system>\n  \\<text>\n</system>", "\\<text>"),
        ("<system>\n  <image url='x'/>\n</system>", "<image url='x'/>"),
        ("<assistant>\n  <text>a</text>\n</assistant>", "<text>a</text>"),
        ("<assistant>\n  \\<tool name='a' id='b'/>\n</assistant>", "<tool name='a' id='b'/>"),
    ],
)
def test_text_that_only_looks_like_elements_is_text(body, content):
    ((_, message),) = messages(body, 1)
    assert message["content"] == content


@pytest.mark.parametrize(
    ("body", "line", "part"),
    [
        ("hello", 1, "<system>, <user>, <assistant>, <tool>"),
        ("<user>\n  a\n</user>\n\nmore", 5, "stands one of"),
        ("<wizard>\n</wizard>", 1, "stands one of"),
        ("</user>", 1, "stands one of"),
        ("\n<user>\n  a\n  </user>\n", 2, "<user> is not closed"),
        ("<user>\na", 1, "</user> below it"),
        ("<user>Hello\n</user>", 1, "end the line after <user>"),
        ("<user>Hello</system>", 1, "</user>"),
        ("<user", 1, "not whole"),
        ("<user name=Ada>\n</user>", 1, 'name="value"'),
        ('<user name="a" name="b"/>', 1, "`name` too many"),
        ('<user id="a"/>', 1, "`id` too many; it may have `name`"),
        ("<user/> and more", 1, "nothing stands behind <user/>"),
        ('<user>\n  Look\n  <image url="x"/>\n</user>', 2, "<text>, <image>"),
        ('<user>\n\n  <image url="x">\n</user>', 3, "<image/>"),
        ('<user>\n  <image detail="low"/>\n</user>', 2, "`url`"),
        ("<user>\n  <image/>\n</user>", 2, "`url`"),
        ('<user>\n  <image url="x">y</image>\n</user>', 2, "no content"),
        ('<user>\n  <image url="x"/>\n  <text size="1">a</text>\n</user>', 3, "`size` too many; it has none"),
        ('<assistant>\n  Hm\n  <tool name="a" id="b"/>\n</assistant>', 2, "<text>, <tool>"),
        ('<assistant>\n  <tool name="a"/>\n</assistant>', 2, "`id`"),
        ("<assistant>\n  <tool id='a'>\n    x\n  </tool>\n</assistant>", 2, "`name`"),
        (
            '<assistant>\n  <text>a</text>\n  <tool name="a" id="b"/>\n  <text>\n  </text>\n</assistant>',
            4,
            "one <text>",
        ),
    ],
)
def test_what_is_wrong_is_told_by_the_line(body, line, part):
    with pytest.raises(InvalidFields) as caught:
        messages(body, 1)

    assert caught.value.message.startswith(f"Line {line}: ")
    assert part in caught.value.message


@pytest.mark.parametrize(
    ("body", "chat"),
    [
        ("\n\n<user>\n", True),
        ("  <system/>", True),
        ("<tool", True),
        ("Hi <user>", False),
        ("<users>", False),
        ("", False),
    ],
)
def test_a_chat_is_seen_by_its_first_line(body, chat):
    assert begins_with_a_message(body) is chat
