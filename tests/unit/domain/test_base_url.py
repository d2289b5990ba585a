"""Base URLs that come through the API."""

import pytest

from everloop.domain.base_url import Place, checked, place_of
from everloop.errors import InvalidFields


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://llm.example.com/v1", Place("https", "llm.example.com", 443)),
        ("https://llm.example.com/v1/", Place("https", "llm.example.com", 443)),
        ("HTTPS://LLM.Example.com", Place("https", "llm.example.com", 443)),
        ("http://localhost:8000/v1", Place("http", "localhost", 8000)),
        ("http://10.0.0.5:1/a/b%20c", Place("http", "10.0.0.5", 1)),
        ("http://[fd00::5]:8000/v1", Place("http", "fd00::5", 8000)),
        ("https://xn--bcher-kva.example/v1", Place("https", "xn--bcher-kva.example", 443)),
        ("http://my_service:8000", Place("http", "my_service", 8000)),
        ("http://10.example", Place("http", "10.example", 80)),
    ],
)
def test_where_it_leads(url: str, place: Place):
    assert checked(url) == url.rstrip("/")
    assert place_of(checked(url)) == place


@pytest.mark.parametrize(
    "url",
    [
        "", "localhost:8000", "//host/v1", "/v1", "ftp://host/v1", "file:///etc/passwd", "gopher://host",
        "javascript:x", "http://host:+80", "http://host:8_0",
        "https://", "https:///v1", "https:/host", "https:host", "http://:80", "http://host:", "http://host:0",
        "http://host:65536", "http://host:-1", "http://host:1e3", "http://host:80:80", "http://host: 80",
        "http://ho st",
        "https://user@host/v1", "https://u:p@host", "https://good.example@10.0.0.1",
        "https://good.example%40evil.example",
        "https://host?x=1", "https://host/v1?x", "https://host/v1#x", "https://host#@good.example",
        "https://host\\@good",
        "https://host\\.good.example", "https://host/\r\nX-Evil: 1", "https://host/\x00", "https://host\t",
        "\nhttps://host",
        "https://bücher.example", "https://ⓔxample.com", "https://\uff11\uff12\uff17.0.0.1", "https://host\u3002example",
        "https://host.",
        "https://127.0.0.1.", "https://.host", "https://a..b", "https://-a.example", "https://*.example",
        "http://2130706433", "http://0x7f000001", "http://0x7f.1", "http://0177.0.0.1", "http://127.1", "http://1.2.3",
        "http://127.0.0.0x1", "http://256.0.0.1", "http://1.2.3.4.5", "http://[::1", "http://[fe80::1%25eth0]",
        "http://[fe80::1%eth0]", "http://[1.2.3.4]", "http://[v1.a]", "http://[::1]evil", "http://::1/",
        "https://" + "a" * 64 + ".example", "https://" + "a." * 127 + "example", "https://host/" + "a" * 2_000,
    ],
)  # fmt: skip
def test_what_could_lead_elsewhere_than_it_seems_is_refused(url: str):
    with pytest.raises(InvalidFields) as caught:
        checked(url)
    (issue,) = caught.value.issues
    assert issue.location == ("body", "base_url")
    assert issue.message.startswith("`base_url` ")
