from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from everloop.api.v4.log_query import LogQuery
from everloop.domain.log_filter import (
    EVERYTHING,
    FeedbackFilter,
    LogColumn,
    LogFilter,
    LogSort,
    VersionStatus,
)
from everloop.errors import InvalidFields

DAY = 24 * 60 * 60 * 1000


def asked(*query: tuple[str, str]) -> LogFilter:
    """What a query asks for; what comes once is a text where one is expected, as in the framework."""
    lists = ("sort", "source_filter", "model_filter")
    given_ = {name: [each for key, each in query if key == name] for name, _ in query}
    plain = {name: values if name in lists else values[-1] for name, values in given_.items()}
    return LogQuery.model_validate({"project_id": "pr_1", **plain}).filter(query)


def at(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type,misc]


def test_nothing_asked():
    assert asked() == EVERYTHING
    names = ["search", "metadata_search", "version_status", "start_date", "end_date", "sort", "source_filter"]
    names += ["model_filter", "feedback-rating_filter", "evaluator-x_filter"]
    assert asked(*((name, "") for name in names)) == EVERYTHING


def test_everything_asked():
    assert asked(
        ("search", "a"),
        ("metadata_search", "b"),
        ("version_status", "deleted"),
        ("source_filter", "c"),
        ("source_filter", "d"),
        ("model_filter", "e"),
        ("feedback-rating_filter", "good"),
        ("feedback-own type_filter", "x"),
        ("feedback-rating_filter", "bad"),
        ("sort", "source.asc"),
        ("sort", "feedback-own.type.desc"),
        ("sort", "timestamp.desc"),
    ) == LogFilter(
        search="a",
        metadata_search="b",
        version_status=VersionStatus.DELETED,
        sources=("c", "d"),
        models=("e",),
        feedback=(FeedbackFilter("rating", ("good", "bad")), FeedbackFilter("own type", ("x",))),
        order=(
            LogSort(LogColumn.SOURCE),
            LogSort(feedback_type="own.type", descending=True),
            LogSort(LogColumn.TIMESTAMP, descending=True),
        ),
    )


@pytest.mark.parametrize("text", ["0", "1700006400", "1700006400000"])
def test_a_number_is_no_day(text):
    for name in ("start_date", "end_date"):
        with pytest.raises(ValidationError, match="a number does not say"):
            asked((name, text))


@pytest.mark.parametrize(
    ("text", "first", "end"),
    [
        ("2024-02-29", at(2024, 2, 29), at(2024, 3, 1)),
        ("1970-01-01", 0, DAY),
        ("2024-02-29T00:00:00", at(2024, 2, 29), at(2024, 2, 29) + 1),
        ("2024-02-29T12:30:15.250Z", at(2024, 2, 29, 12, 30, 15) + 250, at(2024, 2, 29, 12, 30, 15) + 251),
        ("2024-02-29T12:30:15+02:00", at(2024, 2, 29, 10, 30, 15), at(2024, 2, 29, 10, 30, 15) + 1),
    ],
)
def test_days_and_moments(text, first, end):
    assert asked(("start_date", text)) == LogFilter(since=first)
    assert asked(("end_date", text)) == LogFilter(before=end)


@given(st.dates(min_value=date(1970, 1, 1)))
def test_a_day_is_one_day_long(day):
    chosen = asked(("start_date", day.isoformat()), ("end_date", day.isoformat()))
    assert chosen.since is not None
    assert chosen.before == chosen.since + DAY


@pytest.mark.parametrize(
    "query",
    [
        ("search", "x" * 501),
        ("search", "\x00"),
        ("search", "ÉÈÊËÀÂÄÔÖÛÜÇÑÅØÆŒŠŽÝÞ"),
        ("version_status", "unheard of"),
        ("start_date", "yesterday"),
        ("start_date", "2024-02-30"),
        ("end_date", "2024-02-29T25:00:00"),
        ("end_date", "1234567890"),
        ("end_date", "9999-12-31T00:00:00"),
        ("source_filter", "\x00"),
        ("page", "-1"),
        ("size", "0"),
    ],
)
def test_values_that_cannot_be(query):
    with pytest.raises(ValidationError):
        asked(query)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (("sort", "source"), "timestamp"),
        (("sort", "source.up"), "timestamp"),
        (("sort", "size.asc"), "timestamp"),
        (("sort", "feedback-.asc"), "timestamp"),
        (("evaluator-evfn_1_filter", "true"), "no evaluators yet"),
        (("feedback-_filter", "x"), "no such filter"),
        (("user_filter", "x"), "no such filter"),
        (("feedback-rating_filter", "\x00"), "NUL"),
    ],
)
def test_what_is_not_there_is_said(query, words):
    with pytest.raises(InvalidFields) as refused:
        asked(query)
    (issue,) = refused.value.issues
    assert issue.location == ("query", query[0])
    assert words in issue.message


def test_many_values_are_refused():
    with pytest.raises(InvalidFields, match="At most 100 values"):
        asked(*[("feedback-rating_filter", str(number)) for number in range(101)])
