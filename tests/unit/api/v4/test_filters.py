import pytest
from starlette.requests import Request

from everloop.api.v4.filters import refuse
from everloop.errors import InvalidFields


def request(query):
    return Request({"type": "http", "query_string": query.encode(), "headers": []})


@pytest.mark.parametrize("query", ["", "page=1", "search=", "source_filter=", "other=x"])
def test_what_filters_nothing_passes(query):
    refuse(request(query), {"search"}, "_filter")


def test_every_refused_filter_is_named():
    with pytest.raises(InvalidFields) as caught:
        refuse(request("search=a&search=b&x_filter=c&page=1"), {"search"}, "_filter")

    assert [each.location for each in caught.value.issues] == [("query", "search"), ("query", "x_filter")]
