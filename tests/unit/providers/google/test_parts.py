"""Images of messages; the good ones are compared with Google's own client in tests/contract/providers/official."""

import pytest

from everloop.errors import Unprocessable
from everloop.providers.google.parts import written


def image(url: str) -> list[dict[str, object]]:
    return written({"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]})


@pytest.mark.parametrize(
    ("url", "kind", "data"),
    [
        ("data:image/png;base64,iVBO", "image/png", "iVBO"),
        ("DATA:Image/PNG;BASE64,iVBO", "image/png", "iVBO"),
        ("data:image/svg+xml;charset=utf-8;base64,PHN2", "image/svg+xml", "PHN2"),
        ("data:image/png;base64,iV\nBO", "image/png", "iV\nBO"),
    ],
)
def test_data_urls(url: str, kind: str, data: str):
    assert image(url) == [{"inlineData": {"mimeType": kind, "data": data}}]


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://example.com/a.webp", "image/webp"),
        ("HTTPS://example.com/a.JPEG?b=c.png#d.gif", "image/jpeg"),
        ("https://example.com/a.tar", None),
        ("https://example.com/a", None),
        ("https://[", None),
    ],
)
def test_urls(url: str, kind: str | None):
    assert image(url) == [{"fileData": {"fileUri": url} | ({"mimeType": kind} if kind else {})}]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://example.com/a.png",
        "file:///etc/passwd",
        "data:image/png,raw",
        "data:;base64,iVBO",
        "data:image/png;base64,",
    ],
)
def test_urls_that_google_takes_no_images_from(url: str):
    with pytest.raises(Unprocessable, match="https: URLs"):
        image(url)


def test_a_long_url_is_told_in_short():
    with pytest.raises(Unprocessable) as caught:
        image("data:image/png," + "x" * 100_000)
    assert len(caught.value.message) < 300


def test_no_content_is_no_part():
    assert written({"role": "assistant"}) == written({"role": "assistant", "content": None}) == []
