"""What `other` may add to a request, and how a body is written."""

import json

import pytest

from everloop.errors import Unprocessable
from everloop.providers.request_body import check_other, encoded, given

OURS = frozenset({"model", "stream"})


def test_what_everloop_sets_itself_is_refused_by_name():
    with pytest.raises(Unprocessable, match=r"^`other` cannot set `model`, `stream`: Everloop sets that itself.$"):
        check_other({"stream": True, "top_k": 1, "model": "x"}, OURS)


@pytest.mark.parametrize(
    "name",
    ["api_base", "api_key", "base_url", "extra_body", "extra_headers", "extra_query", "headers", "host", "url"],
)
def test_nothing_changes_where_a_call_goes(name: str):
    with pytest.raises(Unprocessable, match=f"^`other` cannot set `{name}`: it never changes where a call goes.$"):
        check_other({name: "x"}, OURS)


def test_anything_else_may_be_added():
    check_other({"top_k": 1, "Model": "not ours"}, OURS)


def test_a_body_is_json_and_half_a_character_is_refused():
    assert json.loads(encoded({"a": [1, "ü"]})) == {"a": [1, "ü"]}
    with pytest.raises(Unprocessable, match="surrogate"):
        encoded({"a": "\ud800"})


def test_only_none_is_left_out():
    assert given(a=None, b=0, c="", d=False) == {"b": 0, "c": "", "d": False}
