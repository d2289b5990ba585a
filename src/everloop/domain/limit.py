"""Limits: what the calls of an API key, or of a project, may use in a minute or in a day."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from everloop.domain.ids import ApiKeyId, LimitId, ProjectId
from everloop.domain.value import value


class SubjectKind(StrEnum):
    """What has limits."""

    API_KEY = "api_key"
    PROJECT = "project"


class Measure(StrEnum):
    """What is limited: calls, prompt and output tokens together, or US dollars."""

    REQUESTS = "requests"
    TOKENS = "tokens"
    COST = "cost"


class Period(StrEnum):
    """The stretch of time in which it is counted: a minute or a day of UTC, one after the other."""

    MINUTE = "minute"
    DAY = "day"

    @property
    def milliseconds(self) -> int:
        """How long it is."""
        return _LENGTHS[self]

    def begins_at(self, now: int) -> int:
        """When the one began that `now` is in. Unix milliseconds, both."""
        return now - now % _LENGTHS[self]


_LENGTHS: Final[Mapping[Period, int]] = {Period.MINUTE: 60_000, Period.DAY: 86_400_000}


@value
class Subject:
    """An API key or a project, by its id."""

    kind: SubjectKind
    id: ApiKeyId | ProjectId


@value
class Limit:
    """At most `amount` of a measure in each period: a whole number, but of cost. Times are Unix milliseconds."""

    id: LimitId
    subject: Subject
    measure: Measure
    period: Period
    amount: float
    created_at: int
    updated_at: int

    @property
    def words(self) -> str:
        """Such as `100 requests per minute`."""
        return f"{amount_words(self.measure, self.amount)} per {self.period.value}"

    def ends_at(self, now: int) -> int:
        """When the present period ends, in Unix milliseconds."""
        return self.period.begins_at(now) + self.period.milliseconds


@value
class Spent:
    """What was used: calls, tokens, US dollars."""

    requests: float = 0.0
    tokens: float = 0.0
    cost: float = 0.0

    def of(self, measure: Measure) -> float:
        """The part that a limit looks at."""
        match measure:
            case Measure.REQUESTS:
                return self.requests
            case Measure.TOKENS:
                return self.tokens
            case Measure.COST:
                return self.cost

    def plus(self, other: "Spent") -> "Spent":
        """Both together."""
        return Spent(self.requests + other.requests, self.tokens + other.tokens, self.cost + other.cost)


NOTHING: Final = Spent()


def amount_words(measure: Measure, amount: float) -> str:
    """Such as `1 request`, `5000 tokens` or `2.5 US dollars`."""
    unit = {Measure.REQUESTS: "request", Measure.TOKENS: "token", Measure.COST: "US dollar"}[measure]
    number = f"{amount:.0f}" if float(amount).is_integer() else f"{amount:.12g}"
    return f"{number} {unit}" if number == "1" else f"{number} {unit}s"


def moment_words(milliseconds: int) -> str:
    """A moment of UTC, such as `2026-11-26T08:06:00Z`."""
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
