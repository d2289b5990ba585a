import pytest

from everloop.api.front_matter import read
from everloop.errors import InvalidFields


def test_values_and_their_lines():
    front = read('model: gpt-4o\n\ntools:\n  - name: a\n    parameters: {"x": [1]}\n  - name: b', 1)

    assert front.values == {
        "model": "gpt-4o",
        "tools": [{"name": "a", "parameters": {"x": [1]}}, {"name": "b"}],
    }
    assert [front.line(path) for path in [("model",), ("tools",), ("tools", 0, "name"), ("tools", 1)]] == [2, 4, 5, 7]
    assert front.line(("tools", 0, "parameters", "x", 0, "deeper")) == 6
    assert front.line(("seed",)) == 1


@pytest.mark.parametrize("header", ["", "\n", "# nothing\n"])
def test_an_empty_header_has_no_values(header):
    assert read(header, 3).values == {}
    assert read(header, 3).line(("model",)) == 3


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("null", None), ("~", None), ("", None), ("true", True), ("False", False), ("yes", "yes"), ("off", "off"),
        ("1", 1), ("-7", -7), ("+1", 1), ("010", 10), ("1e3", 1000.0), ("1e-07", 1e-7), (".5", 0.5), ("1.", 1.0),
        ("12:30", "12:30"), ("2024-01-01", "2024-01-01"), ("1_000", "1_000"), ("0x1F", "0x1F"), ("1.2.3", "1.2.3"),
        ("'1'", "1"), ('"\\u00e9\\/\\t"', "é/\t"), ('"\\ud83d\\ude00"', "\U0001f600"),
        ('"\\\\ud83d\\\\ude00"', "\\ud83d\\ude00"), ("|\n  a\n   b", "a\n b"), (">-\n  a\n  b", "a b"),
        ("gpt-4o", "gpt-4o"),
        ("[]", []), ("{}", {}), ("{1: a, null: b}", {"1": "a", "null": "b"}), ("{<<: 1}", {"<<": 1}),
        ('"a" # b', "a"), ("a#b", "a#b"), ("\U0001f600", "\U0001f600"),
    ],
)  # fmt: skip
def test_scalars_mean_what_they_mean_in_json(written, meant):
    (value,) = read(f"key: {written}", 1).values.values()

    assert (value, type(value)) == (meant, type(meant))


@pytest.mark.parametrize(
    ("header", "line", "part"),
    [
        ("a: &x 1\nb: *x", 2, "anchors and aliases"),
        ("a: 1\nb: *x", 3, "anchors and aliases"),
        ("a: &x [1]", 2, "anchors and aliases"),
        ("a: 1\n!!python/name:os.system : 1", 3, "tags"),
        ("&x a: 1", 2, "anchors and aliases"),
        ("*x : 1", 2, "a key is a text"),
        ("a: !!python/object/apply:os.system [x]", 2, "tags"),
        ("a: !!str 1", 2, "tags"),
        ("a: ! 1", 2, "tags"),
        ("a: 1\nb: 2\na: 3", 4, "`a` is there twice"),
        ("? [a]\n: 1", 2, "a key is a text"),
        ("- a", 2, "model: gpt-4o"),
        ("just text", 2, "model: gpt-4o"),
        ("a: 1\n...\n---\nb: 1", 4, "one YAML document"),
        ("a: .inf", 2, "finite"),
        ("a: .NaN", 2, "finite"),
        ("a: 1e999", 2, "too large"),
        ("a: " + "9" * 301, 2, "300 digits"),
        ("a: [1,\nb", 4, "not YAML"),
        ("a: 'x", 2, "not YAML"),
        ("a: b: c", 2, "not YAML"),
        ("a:\n\t- b", 3, "not YAML"),
        ("%YAML 9.9", 2, "not YAML"),
        ("a: 1\nb: @x", 3, "not YAML"),
        ('a: "\\ud83d"', 2, "not YAML"),
        ("a: 1\nb: \x00", 3, "U+0000"),
        ("a: '\x1b'", 2, "U+001B"),
        ("a: " + "[" * 150 + "[" * 60, 2, "deeper than 200"),
        ("a: " + "[" * 100_000, 2, "maximum nesting depth"),
        ("a: [" + "1," * 60_000 + "]", 2, "50,000 values"),
        ("\n".join(f"k{each}: {{}}" for each in range(30_000)), 16_667, "50,000 values"),
    ],
)  # fmt: skip
def test_everything_else_is_refused_with_its_line(header, line, part):
    with pytest.raises(InvalidFields) as caught:
        read(header, 1)

    assert caught.value.message.startswith(f"Line {line}: "), caught.value.message
    assert part in caught.value.message


def test_as_deep_as_a_request_may_be_is_not_too_deep():
    assert read("a: " + "[" * 200 + "]" * 200, 1).values["a"] != []
