"""Datapoints on the wire."""

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from everloop.api.fields import MAX_ITEMS, Answer, Items, Reference, Request, Shape, document
from everloop.api.v4.message_models import ChatMessageWithToolCall, Message
from everloop.domain.dataset import DatapointContent, input_texts

# What a target may hold; anything but null.
_Target = str | int | float | bool | list[Any] | dict[str, Any]

_ONE: Final = "<one>"
_MANY: Final = "<many>"
_LOGS: Final = "<logs>"


def _without_nulls(target: dict[str, Any]) -> dict[str, Any]:
    if any(each is None for each in target.values()):
        raise ValueError("no value of a target is null: leave out what you do not compare")
    return target


class CreateDatapointRequest(Request):
    """What is asked, and what the answer is to be compared with."""

    inputs: dict[str, Any] | None = Field(None, description="For the template; what is no text is written as one.")
    messages: Items[ChatMessageWithToolCall] | None = Field(None, description="What a chat goes on from.")
    target: Annotated[dict[str, Any], AfterValidator(_without_nulls)] | None = Field(
        None, description="What evaluators compare with, such as `output`."
    )

    def content(self) -> DatapointContent:
        """What to keep."""
        return DatapointContent(
            inputs=_text(None if self.inputs is None else input_texts(self.inputs)),
            messages=_text(None if self.messages is None else [each.stored() for each in self.messages]),
            target=_text(self.target),
        )


class UpdateDatapointRequest(CreateDatapointRequest):
    """What is absent stays as it is; what is there is replaced as a whole."""


class CreateDatapointsByLogsRequest(Request):
    """Logs to copy: their inputs, their messages, and their output as the target."""

    log_ids: Items[Reference] = Field(description="Logs of the dataset's project (`data_…`).")

    @model_validator(mode="before")
    @classmethod
    def _alone(cls, value: Any) -> Any:  # noqa: ANN401 - what the caller sent
        if isinstance(value, dict) and any(value.get(each) is not None for each in ("inputs", "messages", "target")):
            raise ValueError("give either `log_ids` or `inputs`, `messages` and `target`")
        return value


def _shape(value: object) -> str:
    if isinstance(value, list):
        return _MANY
    return _LOGS if isinstance(value, dict) and value.get("log_ids") is not None else _ONE


# Said through tags, so that an error is about the one shape that was sent.
NewDatapoints = Annotated[
    Annotated[CreateDatapointsByLogsRequest, Tag(_LOGS)]
    | Annotated[CreateDatapointRequest, Tag(_ONE)]
    | Annotated[list[CreateDatapointRequest], Field(max_length=MAX_ITEMS, fail_fast=True), Tag(_MANY)],
    Discriminator(_shape),
]


class DatapointResponse(Answer):
    """A datapoint, as it is now; `source_project_data_id` is the log that it was copied from."""

    id: str
    dataset_id: str | None
    inputs: dict[str, str] | None
    messages: list[Message] | None
    target: dict[str, Annotated[Any, Shape(_Target)]] | None
    created_at: datetime | None
    updated_at: datetime | None
    source_project_data_id: str | None


def _text(value: Any) -> bytes | None:  # noqa: ANN401 - any JSON value
    kept = document(value)
    return None if kept is None else kept.text
