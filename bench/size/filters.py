"""What is asked of `GET /v4/logs`: every filter and order that it has, and some together."""

import datetime as dt
from collections.abc import Callable, Mapping

from bench.calls import MODEL
from bench.size.past import RARE, TOPICS, Place

Query = list[tuple[str, str]]
HALF, DAY = 15, 14  # days before the end


def _day(place: Place, before: int) -> str:
    return dt.datetime.fromtimestamp(place.until / 1000 - before * 24 * 3600, dt.UTC).isoformat()


def _always(*query: tuple[str, str]) -> Callable[[Place], Query]:
    return lambda _: list(query)


def _between(*more: tuple[str, str]) -> Callable[[Place], Query]:
    return lambda place: [("start_date", _day(place, HALF)), ("end_date", _day(place, DAY)), *more]


_GOOD = ("feedback-rating_filter", "good")

# By what they are called. Texts that are searched are in a few, a fifth, all or none of the logs.
FILTERS: Mapping[str, Callable[[Place], Query]] = {
    "the older half": lambda place: [("end_date", _day(place, HALF))],
    "the newer half": lambda place: [("start_date", _day(place, HALF))],
    "a day": _between(),
    "of a source": _always(("source_filter", "web")),
    "of no source that there is": _always(("source_filter", "fax")),
    "of a model": _always(("model_filter", MODEL)),
    "of committed versions": _always(("version_status", "committed")),
    "rated good": _always(_GOOD),
    "by source": _always(("sort", "source.asc")),
    "by model": _always(("sort", "model.desc")),
    "by time, oldest first": _always(("sort", "timestamp.asc")),
    "by time, newest first": _always(("sort", "timestamp.desc")),
    "by rating": _always(("sort", "feedback-rating.asc")),
    "by source, then time": _always(("sort", "source.asc"), ("sort", "timestamp.asc")),
    "of a source, by time": _always(("source_filter", "web"), ("sort", "timestamp.asc")),
    "of a source, rated good": _always(("source_filter", "web"), _GOOD),
    "search, a few have it": _always(("search", RARE.upper())),
    "search, a fifth has it": _always(("search", TOPICS[1].title())),
    "search, all have it": _always(("search", "versions of one prompt")),
    "search, none has it": _always(("search", "antidisestablishmentarianism")),
    "search within a day": _between(("search", TOPICS[1].title())),
    "metadata, one in a thousand has it": _always(("metadata_search", '"customer": 77,')),
}
