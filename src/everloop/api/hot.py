"""The hot routes: answered by plain ASGI handlers before the framework, yet documented beside all others."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from everloop.api.documentation import ERRORS, KEY, KEYED_ERRORS, Responses
from everloop.api.exchange import Exchange
from everloop.domain.scope import Scope

Handler = Callable[[Scope, bytes, Exchange], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class HotRoute:
    """Who is asking and the body are known when `handler` is called; it raises `errors` until its answer has begun.

    `errors` are its answers besides the good one, `keys` the ways in which it takes an API key: for the documentation.
    """

    method: str
    path: str
    handler: Handler
    operation_id: str
    summary: str
    description: str
    request_model: type[BaseModel]
    response_model: type[BaseModel]
    example: Mapping[str, Any]
    errors: Responses = field(default_factory=lambda: ERRORS | KEYED_ERRORS)
    keys: Sequence[Any] = (KEY,)
