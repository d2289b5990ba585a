import json
from typing import Any

import pytest

from everloop.api.openai.chat_models import ChatCompletionRequest
from everloop.api.openai.completion_models import TextCompletionRequest
from everloop.api.openai.parsing import parse
from everloop.errors import InvalidFields

CALL: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "x"}]}


def ignored(**more: Any) -> list[str]:
    return parse(ChatCompletionRequest, json.dumps(CALL | more).encode())[1]


def test_what_nobody_hears_is_named_in_its_order():
    assert ignored() == []
    assert ignored(n=1, stream=True, inputs={}) == []
    assert ignored(top_k=1, temperature=0, stop=None) == ["top_k", "temperature"]


@pytest.mark.parametrize("name", ["a b", "a\nb", "a:b", "é", "", "x" * 65, "a,b"])
def test_a_name_that_fits_into_no_header_is_not_told(name):
    assert ignored(**{name: 1}) == []


def test_a_million_names_are_not_looked_at():
    assert len(ignored(**dict.fromkeys((f"a{number}" for number in range(5_000)), 1))) == 32
    hidden = dict.fromkeys((f"é{number}" for number in range(5_000)), 1) | {"seen": 1}
    assert ignored(**hidden) == []


@pytest.mark.parametrize("body", [b"", b"7", b"[]", b"null", b'"x"', b"{}", b'{"model": "m"}'])
def test_what_is_no_request(body):
    with pytest.raises(InvalidFields) as caught:
        parse(ChatCompletionRequest, body)
    assert {issue.location[0] for issue in caught.value.issues} == {"body"}


def test_the_error_never_has_the_value():
    with pytest.raises(InvalidFields) as caught:
        parse(TextCompletionRequest, b'{"model": "m", "prompt": {"secret": "canary"}, "metadata": {"canary": 7}}')
    assert "prompt" in str(caught.value.issues)
    assert "7" not in str(caught.value)
    assert '"secret"' not in str(caught.value)
