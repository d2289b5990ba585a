"""The content of messages."""

from typing import Any

import pytest

from everloop.errors import Unprocessable
from everloop.providers.anthropic.parts import blocks, folded


def image(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url, "detail": "low"}}


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, []),
        ("", []),
        (" \n", []),
        (" Hi\n", [text(" Hi\n")]),
        ([], []),
        ([text("a"), text(""), text("b")], [text("a"), text("b")]),
        (
            [text("What?"), image("https://x.invalid/y.png?z=1")],
            [text("What?"), {"type": "image", "source": {"type": "url", "url": "https://x.invalid/y.png?z=1"}}],
        ),
        (
            [image("data:image/png;base64,iVBORw0KGgo=")],
            [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}],
        ),
        (
            [image("DATA:IMAGE/WebP;x=1;BASE64,AAAA")],
            [{"type": "image", "source": {"type": "base64", "media_type": "image/webp", "data": "AAAA"}}],
        ),
    ],
)
def test_each_content(content: Any, expected: list[dict[str, Any]]):
    assert blocks(content) == expected


@pytest.mark.parametrize(
    "url", ["", "x.png", "ftp://x.invalid/y", "data:image/png,raw", "data:text/plain;base64,AAAA", "data:", "gs://a/b"]
)
def test_other_addresses_are_refused(url: str):
    with pytest.raises(Unprocessable, match="https: URL or a data: URL"):
        blocks([image(url)])


def test_a_single_text_is_one():
    assert folded([text("Hi")]) == "Hi"
    assert folded([text("Hi"), text("there")]) == [text("Hi"), text("there")]
    assert folded(blocks([image("https://x.invalid/y")])) == blocks([image("https://x.invalid/y")])
