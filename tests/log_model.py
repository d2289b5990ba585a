"""How logs are filtered and ordered, in a few plain lines: what databases are held against."""

import json
from collections.abc import Mapping, Sequence
from functools import cmp_to_key
from typing import Any

from everloop.domain.feedback import Feedback, label_of
from everloop.domain.ids import LogId
from everloop.domain.log import Log
from everloop.domain.log_filter import LogColumn, LogFilter, LogSort, VersionStatus, folded

Said = Mapping[LogId, Sequence[Feedback]]
"""The feedback of each log, oldest first."""
Models = Mapping[str | None, str]
"""The model of each configuration."""


def found(logs: Sequence[Log], chosen: LogFilter, said: Said, models: Models) -> list[Log]:
    """The logs that pass, in order."""
    passing = [each for each in logs if passes(each, chosen, said.get(each.id, ()), models)]
    passing.sort(key=lambda each: each.id, reverse=True)
    for key in reversed(chosen.order):
        passing = ordered(passing, key, said, models)
    return passing


def passes(log: Log, chosen: LogFilter, said: Sequence[Feedback], models: Models) -> bool:
    """Whether the log meets all that is asked."""
    body = log.body
    inputs = (body.inputs or b"").decode()
    written = json.dumps(chosen.search, ensure_ascii=False)[1:-1]
    return (
        (not chosen.search or holds(inputs, written) or holds(body.output or "", chosen.search))
        and (not chosen.metadata_search or holds((body.metadata or b"").decode(), chosen.metadata_search))
        and (
            chosen.version_status is None
            or (chosen.version_status is VersionStatus.COMMITTED and log.config_id is not None)
        )
        and (chosen.since is None or log.created_at >= chosen.since)
        and (chosen.before is None or log.created_at < chosen.before)
        and (not chosen.sources or log.source in chosen.sources)
        and (not chosen.models or models.get(log.config_id) in chosen.models)
        and all(
            any(piece.type == each.type and label_of(piece.value) in each.values for piece in said)
            for each in chosen.feedback
        )
    )


def holds(text: str, part: str) -> bool:
    """Whether a text has another one in it, in any case."""
    return folded(part) in folded(text)


def ordered(logs: Sequence[Log], key: LogSort, said: Said, models: Models) -> list[Log]:
    """The logs by one key, equal ones as they were."""

    def value(log: Log) -> Any:
        if key.column is LogColumn.SOURCE:
            return _text(log.source)
        if key.column is LogColumn.MODEL:
            return _text(models.get(log.config_id))
        if key.column is LogColumn.TIMESTAMP:
            return (0, log.created_at)
        last = [piece for piece in said.get(log.id, ()) if piece.type == key.feedback_type][-1:]
        return None if not last else _said(last[0].value)

    def compare(one: Log, two: Log) -> int:
        mine, other = value(one), value(two)
        if mine is None or other is None:
            return (mine is None) - (other is None)
        if mine[0] != other[0]:
            return 1 if mine[0] > other[0] else -1
        order = 1 if mine > other else -1 if mine < other else 0
        return -order if key.descending else order

    return sorted(logs, key=cmp_to_key(compare))


def _text(text: str | None) -> tuple[int, bytes] | None:
    return None if text is None else (1, text.encode())


def _said(value: Any) -> tuple[int, Any]:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return (0, float(value))
    return (1, json.dumps(value, ensure_ascii=False).encode())
