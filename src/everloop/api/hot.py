"""The hot routes: answered by plain ASGI handlers before the framework, yet documented beside all others."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from everloop.api.exchange import Exchange
from everloop.domain.scope import Scope

Handler = Callable[[Scope, bytes, Exchange], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class HotRoute:
    """Who is asking and the body are known when `handler` is called; it raises `errors` until its answer has begun."""

    method: str
    path: str
    handler: Handler
    operation_id: str
    summary: str
    description: str
    request_model: type[BaseModel]
    response_model: type[BaseModel]
    example: Mapping[str, Any]
