"""The query of `GET /v4/logs`: which logs, and in which order."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from everloop.api.fields import Moment, NoNumber, Reference, Request, Text, milliseconds
from everloop.api.paging import FirstZero, Size
from everloop.domain.log_filter import FeedbackFilter, LogColumn, LogFilter, LogSort, VersionStatus, letters
from everloop.errors import FieldIssue, InvalidFields

_LENGTH_OF_A_DATE: Final = len("2024-02-29")
# Each is a function around another one in the query, and SQLite reads only so many of them.
_MOST_LETTERS: Final = 20
_MOST_VALUES: Final = 100
# Each is a query in the query; SQLite reads a thousand of them, and no plan of PostgreSQL's is good long before.
_MOST_FEEDBACK_FILTERS: Final = 20
_FILTER: Final = "_filter"
_FEEDBACK: Final = "feedback-"
_KNOWN: Final = frozenset({"source_filter", "model_filter"})
_DIRECTIONS: Final = ("asc", "desc")


def _few_letters(text: str) -> str:
    if sum(1 for _ in letters(text)) > _MOST_LETTERS:
        raise ValueError(f"at most {_MOST_LETTERS} different letters beyond ASCII")
    return text


def _kind_of_day(value: object) -> str:
    return "<date>" if isinstance(value, str) and len(value.strip()) == _LENGTH_OF_A_DATE else "<moment>"


Part = Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$"), AfterValidator(_few_letters)]
Day = Annotated[
    Annotated[date, NoNumber, Tag("<date>")] | Annotated[Moment, Tag("<moment>")], Discriminator(_kind_of_day)
]
Values = Annotated[list[Text], Field(max_length=_MOST_VALUES)]


class LogQuery(Request):
    """What may be asked of the logs of a project. The filters `feedback-<type>_filter` are beside these."""

    project_id: Text = Field(description="The project's id.", examples=["pr_2Zx0cLq9RkT4vB7nYpW1e"])
    search: Part | None = Field(None, description="Part of the inputs or the output, in any case.")
    metadata_search: Part | None = Field(None, description="Part of the metadata as JSON text, in any case.")
    version_status: VersionStatus | None = Field(None, description="Of the configs: all here are `committed`.")
    start_date: Day | None = Field(None, description="The first day or moment; UTC unless it says otherwise.")
    end_date: Day | None = Field(None, description="The last day or moment, included.")
    size: Size = 50
    page: FirstZero = 0
    sort: Annotated[list[Reference], Field(max_length=10)] | None = Field(
        None,
        description="`source`, `model`, `timestamp` or `feedback-<type>`, then `.asc` or `.desc`; may be repeated.",
    )
    source_filter: Values | None = Field(None, description="One of these sources; may be repeated.")
    model_filter: Values | None = Field(None, description="One of these models; may be repeated.")

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, given: Any) -> Any:  # noqa: ANN401 - what the caller sent
        """A parameter without a value asks for nothing."""
        return {name: each for name, each in dict(given).items() if each not in ("", [""])}

    def filter(self, more: Iterable[tuple[str, str]]) -> LogFilter:
        """Which logs, and in which order; `more` is the whole query, as names and values. Raises `InvalidFields`."""
        return LogFilter(
            search=self.search,
            metadata_search=self.metadata_search,
            version_status=self.version_status,
            since=_first_of(self.start_date),
            before=_end_of(self.end_date),
            sources=tuple(each for each in self.source_filter or () if each),
            models=tuple(each for each in self.model_filter or () if each),
            feedback=_feedback(more),
            order=tuple(_key(each) for each in self.sort or () if each),
        )


def _first_of(day: date | None) -> int | None:
    """The first Unix millisecond of a day or moment."""
    return milliseconds(_moment(day)) if day is not None else None


def _end_of(day: date | None) -> int | None:
    """The first Unix millisecond that is after a day or moment."""
    if day is None:
        return None
    if isinstance(day, datetime):
        return (_first_of(day) or 0) + 1
    return (_first_of(day) or 0) + timedelta(days=1) // timedelta(milliseconds=1)


def _moment(day: date) -> datetime:
    return day if isinstance(day, datetime) else datetime(day.year, day.month, day.day, tzinfo=UTC)


def _key(text: str) -> LogSort:
    name, _, direction = text.rpartition(".")
    if direction in _DIRECTIONS and name in list(LogColumn):
        return LogSort(LogColumn(name), descending=direction == "desc")
    if direction in _DIRECTIONS and name.startswith(_FEEDBACK) and name != _FEEDBACK:
        return LogSort(feedback_type=name.removeprefix(_FEEDBACK), descending=direction == "desc")
    message = "Logs are sorted by `source`, `model`, `timestamp` or `feedback-<type>`, then `.asc` or `.desc`."
    raise InvalidFields.one(("query", "sort"), message)


def _feedback(query: Iterable[tuple[str, str]]) -> tuple[FeedbackFilter, ...]:
    """The filters named `feedback-<type>_filter`. Raises `InvalidFields` for those and for other filters."""
    sent: dict[str, list[str]] = {}
    for name, value in query:
        if name.endswith(_FILTER) and name not in _KNOWN and value:
            sent.setdefault(name, []).append(value)
    issues = [FieldIssue(("query", name), wrong) for name, values in sent.items() if (wrong := _wrong(name, values))]
    if len(sent) > _MOST_FEEDBACK_FILTERS:
        last = list(sent)[_MOST_FEEDBACK_FILTERS]
        issues.append(FieldIssue(("query", last), f"At most {_MOST_FEEDBACK_FILTERS} types of feedback in one query."))
    if issues:
        raise InvalidFields(issues)
    return tuple(FeedbackFilter(_type_in(name), tuple(values)) for name, values in sent.items())


def _type_in(name: str) -> str:
    return name.removeprefix(_FEEDBACK).removesuffix(_FILTER)


def _wrong(name: str, values: list[str]) -> str | None:
    if name.startswith("evaluator-"):
        return "There are no evaluators yet; leave it out."
    if not name.startswith(_FEEDBACK) or not _type_in(name):
        return "There is no such filter: give `source_filter`, `model_filter` or `feedback-<type>_filter`."
    if len(values) > _MOST_VALUES or any("\x00" in each for each in (name, *values)):
        return f"At most {_MOST_VALUES} values, without NUL characters."
    return None
