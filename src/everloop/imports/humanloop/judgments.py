"""Judgments of people as feedback. v5 keeps them as logs of human evaluators, one for each judgment."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from everloop.domain.feedback import (
    LABELLED,
    Feedback,
    FeedbackClass,
    FeedbackType,
    Sentiment,
    Value,
    fits,
    label_of,
)
from everloop.domain.feedback_room import LABEL_BYTES, is_too_long
from everloop.domain.ids import FeedbackId, LogId
from everloop.domain.imported import Judgment, LeftOut, Problem, Remark
from everloop.imports.humanloop.shapes import Id, Int64, Name, Unmappable, milliseconds, shaped

_CLASSES: Final = {
    "boolean": FeedbackClass.SELECT,
    "select": FeedbackClass.SELECT,
    "multi_select": FeedbackClass.MULTI_SELECT,
    "text": FeedbackClass.TEXT,
    "number": FeedbackClass.NUMBER,
}
_MACHINES: Final = LeftOut("judgment of an evaluator that is no person", "results of evaluators are not kept here yet")


# Longer lists are no honest judgment; each costs some statements in a transaction that others wait for.
_MOST: Final = 1_000

_Label = Annotated[str, Meta(max_length=LABEL_BYTES, pattern=r"^[^\x00]*$")]
_Text = Annotated[str, Meta(pattern=r"^[^\x00]*$")]
_User = Annotated[str, Meta(max_length=500, pattern=r"^[^\x00]*$")]


class _Option(msgspec.Struct):
    name: _Label
    valence: str | None = None


class _Spec(msgspec.Struct):
    evaluator_type: str | None = None
    return_type: str | None = None
    options: Annotated[list[_Option], Meta(max_length=_MOST)] | None = None


class _Evaluator(msgspec.Struct):
    name: Name
    spec: _Spec


class _Judged(msgspec.Struct):
    id: Id
    evaluator: _Evaluator
    judgment: bool | Int64 | float | _Text | Annotated[list[_Label], Meta(max_length=_MOST)] | None = None
    created_at: datetime | None = None
    user: _User | None = None


def judgments(values: list[Any], log_id: LogId, created_at: int, place: str) -> tuple[list[Judgment], list[Remark]]:
    """The feedback in the evaluator logs of a log, and what is not feedback. `created_at` is for one without a time."""
    found: list[Judgment] = []
    remarks: list[Remark] = []
    if len(values) > _MOST:
        remarks.append(Problem(place, f"Of {len(values):,} judgments the first {_MOST:,} are kept."))
    for value in values[:_MOST]:
        try:
            read = shaped(value, _Judged)
            if read.judgment is None:
                continue
            if read.evaluator.spec.evaluator_type != "human":
                remarks.append(_MACHINES)
            else:
                found.append(_judgment(read, read.judgment, log_id, created_at))
        except Unmappable as error:
            remarks.append(Problem(place, f"A judgment is left out. {error}"))
    return found, remarks


def _judgment(read: _Judged, said: Any, log_id: LogId, created_at: int) -> Judgment:  # noqa: ANN401 - JSON
    spec, name = read.evaluator.spec, read.evaluator.name
    kind = _CLASSES.get(spec.return_type or "")
    if kind is None:
        raise Unmappable(f"Evaluator {name!r} gives {spec.return_type!r}, which is no kind of feedback.")
    made = created_at if read.created_at is None else milliseconds(read.created_at)
    values: list[Value] = said if isinstance(said, list) else [said]
    for value in values:
        if not fits(kind, value) or (isinstance(said, list) and kind is not FeedbackClass.MULTI_SELECT):
            raise Unmappable(f"Evaluator {name!r} gives {spec.return_type}, and this is {value!r}.")
    pieces = tuple(
        Feedback(FeedbackId(read.id if number == 0 else f"{read.id}_{number}"), log_id, name, value, made, read.user)
        for number, value in enumerate(values)
    )
    labels = _labels(kind, spec, values)
    if any(map(is_too_long, labels)):
        raise Unmappable(f"Evaluator {name!r} gives a label of more than {LABEL_BYTES} bytes.")
    return Judgment(FeedbackType(name, kind, labels), pieces)


def _labels(kind: FeedbackClass, spec: _Spec, values: list[Value]) -> dict[str, Sentiment]:
    """Those of the evaluator, and those that were given."""
    if kind not in LABELLED:
        return {}
    known = {each.name: _sentiment(each.valence) for each in spec.options or ()}
    return known | {label: Sentiment.UNSET for value in values if (label := label_of(value)) not in known}


def _sentiment(valence: str | None) -> Sentiment:
    return Sentiment(valence) if valence in list(Sentiment) else Sentiment.UNSET
