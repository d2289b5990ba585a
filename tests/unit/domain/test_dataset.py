import json

from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.dataset import DatapointContent, content_of, input_texts
from everloop.domain.filling import Filling
from everloop.domain.log import LogBody

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_texts_stay_and_null_is_missing():
    given = {"a": " x\n", "b": 1, "c": True, "d": None, "e": [1, "x"], "f": ""}
    assert input_texts(given) == {"a": " x\n", "b": "1", "c": "True", "e": "[1, 'x']", "f": ""}


@given(JSON.filter(lambda each: each is not None))
def test_a_template_says_the_same_with_the_texts_as_with_the_inputs(each):
    texts, inputs = Filling(input_texts({"it": each})), Filling({"it": each})
    assert texts.fill("It is {{it}}.") == inputs.fill("It is {{it}}.")


def test_the_content_of_a_log():
    body = LogBody(inputs=b"(read by the caller)", messages=b'[{"role": "user"}]', output='say "hi" \u00e9')
    content = content_of(body, {"q": "\u00e9", "n": 2, "gone": None})
    assert json.loads(content.inputs or b"") == {"q": "\u00e9", "n": "2"}
    assert content.messages == body.messages
    assert json.loads(content.target or b"") == {"output": 'say "hi" \u00e9'}


def test_an_empty_output_is_a_target_and_none_is_not():
    assert content_of(LogBody(output=""), {}).target == b'{"output":""}'
    assert content_of(LogBody(error="it broke"), {}) == DatapointContent(b"{}", None, None)


def test_the_size_is_that_of_the_texts():
    assert DatapointContent().size == 0
    assert DatapointContent(b"123", None, b"45").size == 5
