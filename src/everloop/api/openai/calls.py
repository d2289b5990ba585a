"""The one handler of both calls: from a body to an answer, whole or as it comes."""

from collections.abc import Iterator, Sequence
from typing import Final

from everloop.api import sse
from everloop.api.attendance import while_there
from everloop.api.exchange import JSON, Exchange, Header
from everloop.api.hot import Handler
from everloop.api.idempotency import Once
from everloop.api.openai.call_models import CallRequest
from everloop.api.openai.events import frames
from everloop.api.openai.parsing import parse
from everloop.api.openai.whole import whole
from everloop.api.openai.wire import Wire
from everloop.api.relay import relay
from everloop.domain.config import Endpoint
from everloop.domain.ids import ConfigId, LogId
from everloop.domain.live_model import LiveModel
from everloop.domain.scope import Scope
from everloop.errors import InvalidFields, Unprocessable
from everloop.services.answer import StreamedAnswer
from everloop.services.completion import CompletionService
from everloop.services.live_models import LiveModelService

_LOG_IDS: Final = b"x-everloop-log-ids"
_IGNORED: Final = b"x-everloop-ignored"

PATHS: Final = {Endpoint.CHAT: "/openai/v1/chat/completions", Endpoint.COMPLETE: "/openai/v1/completions"}


def handler(
    service: CompletionService,
    models: LiveModelService,
    once: Once,
    operation: str,
    request_model: type[CallRequest],
    wire: Wire,
) -> Handler:
    """The handler of one operation, whose body is a `request_model`."""

    async def handle(caller: Scope, body: bytes, exchange: Exchange) -> None:
        request, ignored = parse(request_model, body)
        if exchange.idempotency_key is not None:
            _require_kept(request)
            await once.answer(operation, handle, caller, body, exchange, save=True)
            return
        model = await models.find(caller, request.model)
        _require(model, wire.endpoint)
        command = request.command(model)
        if request.stream:
            streamed = await service.stream(caller, command)
            await relay(exchange, frames(streamed, request, wire), _streamed_headers(request, model, streamed, ignored))
        else:
            answer = await while_there(exchange, service.complete(caller, command))
            if answer is None:
                return
            log_ids, config_ids = zip(*((each.log_id, each.config_id) for each in answer.samples), strict=True)
            told = _headers(request, model, log_ids, config_ids, ignored)
            await exchange.answer(200, whole(answer, request, wire), [JSON, *told])

    return handle


def _require(model: LiveModel, endpoint: Endpoint) -> None:
    """Raises `InvalidFields` when the model is called another way."""
    present = model.endpoint
    if present is endpoint or present is None:
        return
    raise InvalidFields.one(
        ("body", "model"),
        f"What is deployed as {model.name!r} is called by POST {PATHS[present]}, as its config is for {present.value}"
        f" calls. Call it there, or deploy one for {endpoint.value} calls.",
    )


def _require_kept(request: CallRequest) -> None:
    if not request.save:
        raise Unprocessable(
            "`store: false` says that nothing is to be kept, and an Idempotency-Key asks to keep the answer: leave one"
            " of them out."
        )


def _streamed_headers(
    request: CallRequest, model: LiveModel, answer: StreamedAnswer, ignored: list[str]
) -> Iterator[Header]:
    """Made with the first piece: until then a fallback may have taken the place of what is live."""
    yield from sse.HEADERS
    yield from _headers(request, model, answer.log_ids, answer.config_ids, ignored)


def _headers(
    request: CallRequest,
    model: LiveModel,
    log_ids: Sequence[LogId],
    config_ids: Sequence[ConfigId],
    ignored: list[str],
) -> list[Header]:
    """Where the logs are, and what of the request was for nothing."""
    if request.brings_tools and any(model.has_tools(each) for each in config_ids):
        ignored = [*ignored, "tools"]
    headers = [(_LOG_IDS, ", ".join(log_ids).encode())]
    if ignored:
        headers.append((_IGNORED, ", ".join(ignored).encode()))
    return headers
