"""Feedback on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from everloop.api.fields import Answer, Moment, Name, Plain, Reference, Request, milliseconds
from everloop.domain.feedback import Value
from everloop.services.feedback import FeedbackCommand

Location = tuple[str | int, ...]


def _without_nul(value: Plain) -> Plain:
    texts = value if isinstance(value, list) else [value]
    if any(isinstance(each, str) and "\x00" in each for each in texts):
        raise ValueError("a label holds no NUL character")
    return value


FeedbackValue = Annotated[Plain, AfterValidator(_without_nul)]


class Feedback(Request):
    """Feedback that comes along with a log."""

    type: Name = Field(description="`rating`, `action`, `issue`, `correction`, `comment`, or a type of your own.")
    value: FeedbackValue | None = None
    user: Reference | None = None
    created_at: Moment | None = None

    def command(self, log_id: str, location: Location, *, unset: bool = False) -> FeedbackCommand:
        """What to do."""
        return FeedbackCommand(
            type=self.type,
            value=_value(self.value),
            log_id=log_id,
            user=self.user,
            created_at=milliseconds(self.created_at),
            unset=unset,
            location=location,
        )


class FeedbackRequest(Feedback):
    """What somebody said of a log, or (`unset`) does not say any more."""

    data_id: Reference = Field(description="The log (`data_…`).")
    unset: bool | None = None


class FeedbackResponse(Answer):
    """One piece of feedback."""

    type: str
    value: bool | int | float | str | list[str]
    data_id: str | None
    user: str | None
    created_at: datetime | None
    id: str


def _value(value: Plain | None) -> Value | None:
    return tuple(value) if isinstance(value, list) else value
