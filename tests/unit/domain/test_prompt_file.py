import pytest

from everloop.domain.prompt_file import PromptFile, join, split
from everloop.errors import InvalidFields


def test_a_file_is_its_header_and_its_body():
    assert split("---\nmodel: m\nseed: 1\n---\nWrite.\n---\n") == PromptFile("model: m\nseed: 1", 1, "Write.\n---\n", 5)


@pytest.mark.parametrize(
    "body", ["", "\n", " x", "\n\nx\n\n", "---\n", "---", "a\r\nb\r", "\ufeff", "  <user>", "\x00"]
)
def test_what_was_joined_comes_apart_again(body):
    file = split(join("model: m\n", body))

    assert (file.header, file.body, file.body_line) == ("model: m", body, 4)


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("\ufeff---\n---\nx", PromptFile("", 1, "x", 3)),
        ("\n \n---\n---\nx", PromptFile("", 3, "x", 5)),
        ("--- \n---\t\nx", PromptFile("", 1, "x", 3)),
        ("---\r\na: 1\r\n---\r\nx\r\n\r\ny", PromptFile("a: 1", 1, "x\n\ny", 4)),
        ("\n    ---\n    a: 1\n    ---\n      x\n\n  \n    y\n    ", PromptFile("a: 1", 2, "  x\n\n\ny\n", 5)),
        ("  ---\n  ---\n less", PromptFile("", 1, " less", 3)),
    ],
)
def test_indentation_and_line_ends_of_the_whole_file_are_no_part_of_it(text, file):
    assert split(text) == file


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("", 1, "begins with a header"),
        ("\n\n  ", 3, "begins with a header"),
        ("\nmodel: m", 2, "begins with a header"),
        ("--- # no", 1, "begins with a header"),
        ("\n---\nmodel: m\n", 2, "does not end"),
        ("  ---\n ---\n", 1, "does not end"),
    ],
)
def test_what_is_no_file_is_told_by_the_line(text, line, part):
    with pytest.raises(InvalidFields, match=part) as caught:
        split(text)

    (issue,) = caught.value.issues
    assert issue.location == ("body", "config")
    assert issue.message.startswith(f"Line {line}: ")
