import pytest

from everloop.providers.target import Target


@pytest.mark.parametrize(
    ("url", "place", "line", "host"),
    [
        ("https://api.openai.com/v1/chat", (True, "api.openai.com", 443), "/v1/chat", "api.openai.com"),
        ("http://127.0.0.1:8000", (False, "127.0.0.1", 8000), "/", "127.0.0.1:8000"),
        ("http://[::1]:8000/a/b?c=d&e", (False, "::1", 8000), "/a/b?c=d&e", "[::1]:8000"),
        ("https://API.Example.com:443/", (True, "api.example.com", 443), "/", "api.example.com:443"),
        ("http://host/a%20b", (False, "host", 80), "/a%20b", "host"),
    ],
)
def test_the_parts_of_a_url(url: str, place: tuple[bool, str, int], line: str, host: str):
    target = Target.of(url)
    assert (target.tls, target.host, target.port) == place
    first, second, *rest = target.head.decode().split("\r\n")
    assert (first, second) == (f"POST {line} HTTP/1.1", f"Host: {host}")
    assert rest[-1] == ""


def test_a_question():
    assert Target.of("https://host/a", method="GET").head.startswith(b"GET /a HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.openai.com/v1",
        "ftp://host/",
        "http://",
        "http:///path",
        "http://host:port/",
        "http://host:0/",
        "http://host:70000/",
        "http://[::1/",
        "http://host/a b",
        "http://host/a\r\nX-Forged: 1",
        "http://host/ä",
        "file:///etc/passwd",
    ],
)
def test_what_cannot_be_called(url: str):
    with pytest.raises(ValueError, match="no URL that can be called"):
        Target.of(url)
