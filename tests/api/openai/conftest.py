"""Every test here calls one running server with OpenAI's own client; behind the server stands a vendor."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

from tests.application import Application
from tests.server import Reply, RunningServer

USER: Any = {"role": "user", "content": "What is 1 and 1?"}
ADD: Any = {
    "type": "function",
    "function": {
        "name": "add",
        "description": "Adds.",
        "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": False},
        "strict": True,
    },
}

_numbers = count(1)


def client_of(server: RunningServer, **options: Any) -> OpenAI:
    """OpenAI's client as an application would make it; it gives up at once."""
    return OpenAI(api_key=server.key, base_url=f"{server.base_url}/openai/v1", max_retries=0, **options)


def strictly(kind: type[BaseModel], body: Any) -> None:
    """The body is one of these without a conversion, and has nothing that the official package does not know."""
    _nothing_more(kind.model_validate(body, strict=True))


def _nothing_more(part: Any) -> None:
    if isinstance(part, BaseModel):
        assert not part.model_extra, part
        for _, each in part:
            _nothing_more(each)
    elif isinstance(part, list):
        for each in part:
            _nothing_more(each)


@dataclass(frozen=True, slots=True)
class Door:
    """The server as OpenAI's client sees it, and as its operator does."""

    app: Application
    client: OpenAI

    def chats(self, project: str | None = None, **config: Any) -> str:
        """The name of a project (a new one unless named) that has such a chat config live."""
        own = {"prompt_template": None, "chat_template": [{"role": "system", "content": "Be {{how}}."}]}
        return self._register(project, own | config)

    def completes(self, project: str | None = None, **config: Any) -> str:
        """The same with a completion config."""
        return self._register(project, {"prompt_template": "Say {{it}}"} | config)

    def mocks(self, script: dict[str, Any] | None = None, project: str | None = None, **config: Any) -> str:
        """The same with a chat config of the mock provider."""
        own = {"provider": "mock", "model": "m", "chat_template": None, "endpoint": "chat"}
        return self.chats(project, **own | {"other": {"mock": script or {}}} | config)

    def post(self, path: str, body: Any) -> Reply:
        """A call by no client, with the key as a bearer's."""
        return self.app.server.send("POST", f"/openai/v1/{path}", _encoded(body), self.bearer)

    @property
    def bearer(self) -> dict[str, str]:
        """The header with the key."""
        return {"Authorization": f"Bearer {self.app.server.key}", "Content-Type": "application/json"}

    def asked(self, place: int = -1) -> Any:
        """What the vendor was asked."""
        return self.app.upstream.requests[place].json

    def _register(self, project: str | None, config: dict[str, Any]) -> str:
        made: str = self.app.register(project or f"door {next(_numbers)}", **config)["project_name"]
        return made


def _encoded(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


@pytest.fixture
def client(app: Application) -> Iterator[OpenAI]:
    with client_of(app.server) as client:
        yield client


@pytest.fixture
async def asynchronous(app: Application) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(
        api_key=app.server.key, base_url=f"{app.server.base_url}/openai/v1", max_retries=0
    ) as client:
        yield client


@pytest.fixture
def door(app: Application, client: OpenAI) -> Door:
    return Door(app, client)
