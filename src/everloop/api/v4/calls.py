"""The one handler of all generating calls: from a body to an answer, whole or as it comes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import msgspec
from pydantic import ValidationError

from everloop.api.attendance import while_there
from everloop.api.exchange import Exchange
from everloop.api.hot import Handler
from everloop.api.idempotency import Once
from everloop.api.relay import relay
from everloop.api.strict_json import decode
from everloop.api.v4.call_events import Describe, frames, usage_view
from everloop.api.v4.call_models import CallRequest
from everloop.api.wrong_fields import wrong_fields
from everloop.domain.scope import Scope
from everloop.errors import InvalidFields
from everloop.services.answer import Answer
from everloop.services.command import CompletionCommand
from everloop.services.completion import CompletionService

_Request = TypeVar("_Request", bound=CallRequest)


@dataclass(frozen=True, slots=True)
class Wire(Generic[_Request]):
    """How completions, or chats, are written: a whole answer, and one event of a stream."""

    whole: Callable[[Answer, CompletionCommand, _Request], bytes]
    event: Describe


def handler(
    service: CompletionService, once: Once, operation: str, model: type[_Request], wire: Wire[_Request]
) -> Handler:
    """The handler of one operation, whose body is a `model`."""

    async def handle(caller: Scope, body: bytes, exchange: Exchange) -> None:
        request = parse(model, body)
        command = request.command()
        if exchange.idempotency_key is not None:
            await once.answer(operation, handle, caller, body, exchange, save=command.save)
            return
        if request.stream:
            answer = await service.stream(caller, command)
            await relay(exchange, frames(answer, wire.event))
        else:
            whole = await while_there(exchange, service.complete(caller, command))
            if whole is not None:
                await exchange.answer(200, wire.whole(whole, command, request))

    return handle


def parse(model: type[_Request], body: bytes) -> _Request:
    """The body as its model. Raises `InvalidFields` that say where and what, but never the value: it may be secret."""
    try:
        return model.model_validate(decode(body))
    except ValidationError as error:
        wrong = wrong_fields(error.errors(include_input=False, include_url=False))
        raise InvalidFields([replace(each, location=("body", *each.location)) for each in wrong]) from None


def answer_view(answer: Answer, command: CompletionCommand, data: list[dict[str, Any]]) -> dict[str, Any]:
    """A whole answer with these samples."""
    return {
        "project_id": answer.project_id,
        "num_samples": command.num_samples,
        "logprobs": command.logprobs,
        "suffix": command.suffix,
        "user": command.user,
        "data": data,
        "usage": usage_view(answer.usage),
        "metadata": msgspec.Raw(command.metadata.text) if command.metadata else None,
        "provider_responses": [msgspec.Raw(each) for each in answer.provider_responses],
        "provider_request": msgspec.Raw(answer.provider_request),
        "session_id": answer.session_id,
    }
