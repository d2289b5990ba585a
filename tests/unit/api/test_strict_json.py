import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.api.strict_json import decode
from everloop.errors import InvalidFields

REFUSED = {
    "nothing": b"",
    "half": b'{"a": 1',
    "two": b"{} {}",
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "1e999": b'{"a": 1e999}',
    "-1e999": b"[-1e999]",
    "5,000 digits": b"[" + b"9" * 5000 + b"]",
    "leading zero": b"[01]",
    "lone high surrogate": b'"\\ud800"',
    "lone low surrogate": b'"\\udc00"',
    "swapped surrogates": b'"\\udc00\\ud800"',
    "half a pair and more": b'"\\ud800x"',
    "surrogate in UTF-8": b'"\xed\xa0\x80"',
    "invalid UTF-8": b'"\xff"',
    "cut UTF-8": b'"\xc3"',
    "overlong UTF-8": b'"\xc0\x80"',
    "raw NUL": b'"\x00"',
    "raw newline": b'"\n"',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "single quotes": b"{'a': 1}",
    "comment": b"{} // x",
    "deep arrays": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep and open": b"[" * 100_000,
    "201 levels": b"[" * 201 + b"]" * 201,
    "201 levels beside many": b"[" + b"[]," * 500 + b"[" * 200 + b"]" * 200 + b"]",
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_kept_unaltered_is_refused(what):
    with pytest.raises(InvalidFields) as caught:
        decode(REFUSED[what])
    (issue,) = caught.value.issues
    assert issue.location == ("body",)
    assert issue.kind == "value_error.jsondecode"
    assert issue.message.startswith("The body is not valid JSON: ")
    assert len(issue.message) < 200


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
        (b' {"a" : 1 }\n', {"a": 1}),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b"[9223372036854775808, -9223372036854775809, 18446744073709551616]", [2**63, -(2**63) - 1, 2**64]),
        (b"[" + b"9" * 4000 + b"]", [int("9" * 4000)]),
        (b'"\\u0000"', "\x00"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b"[" * 200 + b"]" * 200, json.loads("[" * 200 + "]" * 200)),
        (b"[" + b"[]," * 5000 + b"[]]", [[]] * 5001),
        (b"[1e2, 1.0, -0.0, 5e-324]", [100.0, 1.0, -0.0, 5e-324]),
        (b"null", None),
    ],
)
def test_what_can_be_kept_is_read(body, value):
    assert decode(body) == value


def test_whole_numbers_stay_whole_and_are_written_as_they_came():
    text = b'{"n":' + b"9" * 4000 + b',"m":123456789012345678901234567890,"f":1.5}'
    assert msgspec.json.encode(decode(text)) == text


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(body):
    try:
        value = decode(body)
    except InvalidFields:
        return
    assert msgspec.json.decode(msgspec.json.encode(value)) == value
