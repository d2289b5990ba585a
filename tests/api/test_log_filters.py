"""The filters and orders of `GET /v4/logs` over HTTP; what they mean is shown with the stores."""

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.contract_v4.answers import check

LOGS: list[dict[str, Any]] = [
    {"output": "Grüße", "source": "web", "metadata": {"env": "Prod"}, "created_at": "2024-02-28T23:59:59.999Z"},
    {"output": "b", "source": "api", "inputs": {"q": 'say "Hi"'}, "created_at": "2024-02-29T00:00:00Z"},
    {"output": "c", "config": {"model": "m2"}, "created_at": "2024-03-01T00:00:00Z"},
    {
        "output": "d",
        "source": "web",
        "feedback": {"type": "rating", "value": "good"},
        "created_at": "2024-03-02T00:00:00Z",
    },
    {
        "output": "e",
        "feedback": [{"type": "rating", "value": "bad"}, {"type": "issue", "value": "late"}],
        "created_at": "2024-03-03T00:00:00Z",
    },
]


@pytest.fixture(scope="module")
def ask(running_server):
    """The outputs of the logs that are found."""
    logs = [{"project": "filters of logs", "config": {"model": "m1"}} | each for each in LOGS]
    project = running_server.post("/v4/logs", logs).expect(200)[0]["project_id"]

    def found(*query):
        answer = running_server.get(f"/v4/logs?{urlencode([('project_id', project), *query])}").expect(200)
        check(answer, "get", "/logs")
        assert answer["total"] >= len(answer["records"])
        return "".join(each["output"][0] for each in answer["records"])

    return found


@pytest.mark.parametrize(
    ("query", "outputs"),
    [
        ([], "edcbG"),
        ([("search", "gRÜSSE")], ""),
        ([("search", "GRÜß")], "G"),
        ([("search", 'SAY "hi"')], "b"),
        ([("metadata_search", '"env":"prod"')], "G"),
        ([("version_status", "committed")], "edcbG"),
        ([("version_status", "uncommitted")], ""),
        ([("start_date", "2024-02-29"), ("end_date", "2024-02-29")], "b"),
        ([("end_date", "2024-02-29T00:00:00+00:00")], "bG"),
        ([("start_date", "2024-03-01T00:00:00")], "edc"),
        ([("source_filter", "web")], "dG"),
        ([("source_filter", "web"), ("source_filter", "api"), ("sort", "source.asc")], "bdG"),
        ([("model_filter", "m2")], "c"),
        ([("sort", "model.desc"), ("sort", "timestamp.asc")], "cGbde"),
        ([("feedback-rating_filter", "good")], "d"),
        ([("feedback-rating_filter", "good"), ("feedback-rating_filter", "bad")], "ed"),
        ([("feedback-rating_filter", "bad"), ("feedback-issue_filter", "late")], "e"),
        ([("feedback-rating_filter", "good"), ("feedback-issue_filter", "late")], ""),
        ([("sort", "feedback-rating.asc")], "edcbG"),
        ([("sort", "feedback-rating.desc")], "decbG"),
        ([("sort", "timestamp.asc"), ("size", "2"), ("page", "1")], "cd"),
        ([("search", ""), ("start_date", ""), ("sort", ""), ("evaluator-x_filter", "")], "edcbG"),
    ],
)
def test_a_filter(ask, query, outputs):
    assert ask(*query) == outputs


@pytest.mark.parametrize(
    "query",
    [
        [("search", "x" * 501)],
        [("search", "\x00")],
        [("version_status", "x")],
        [("start_date", "x")],
        [("end_date", "2024-02-30")],
        [("sort", "size.asc")],
        [("evaluator-evfn_1_filter", "true")],
        [("other_filter", "x")],
        [("feedback-rating_filter", "\x00")],
        [("source_filter", str(number)) for number in range(101)],
    ],
)
def test_what_cannot_be_asked_is_said(running_server, register, query):
    project = register()["project_id"]
    reply = running_server.get(f"/v4/logs?{urlencode([('project_id', project), *query])}")
    assert reply.expect(422)["detail"][0]["loc"][:2] == ["query", query[0][0]]


def test_so_many_types_of_feedback_may_be_asked_for_and_no_more(ask, running_server, register):
    filters = [(f"feedback-{number}_filter", str(value)) for number in range(20) for value in range(20)]
    assert ask(*filters) == ""
    for number in (20, 1200):
        more = [(f"feedback-{each}_filter", "x") for each in range(number + 1)]
        reply = running_server.get(f"/v4/logs?{urlencode([('project_id', register()['project_id']), *more])}")
        (issue,) = reply.expect(422)["detail"]
        assert issue["loc"] == ["query", "feedback-20_filter"]
        assert "20 types" in issue["msg"]


HOSTILE = ["'", '"', "\\", "%", "{}", "[", "(", "\x1a", "\x7f", "🦜" * 100, "(?:", "';--", "\r\n", "1e999", "NaN"]


@pytest.mark.parametrize("name", ["metadata_search", "source_filter", "model_filter", "feedback-rating_filter"])
def test_hostile_texts_are_texts(ask, name):
    for value in HOSTILE:
        assert ask((name, value)) == ("G" if (name, value) == ("metadata_search", '"') else "")


def test_hostile_texts_are_searched(ask):
    found = {value: ask(("search", value)) for value in HOSTILE}
    assert {value: each for value, each in found.items() if each} == {'"': "b", "{}": "edcG"}


def test_a_type_may_have_any_name(ask):
    for name in HOSTILE:
        assert ask((f"feedback-{name}_filter", "x")) == ""
        assert ask(("sort", f"feedback-{name}.desc")) == "edcbG"
