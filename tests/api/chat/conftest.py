"""Every test here chats on one running server with one vendor behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from tests.application import Application, Streamed
from tests.contract_v4 import answers
from tests.server import Reply

USER = {"role": "user", "content": "What is 1 and 1?"}
TEMPLATE = [{"role": "system", "content": "You are {{who}}."}]
ADD = {
    "name": "add",
    "description": "Adds.",
    "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}},
    "strict": True,
}

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Chatting:
    """What chats do beside what completions do."""

    app: Application

    def config(self, **config: Any) -> dict[str, Any]:
        """A chat config, as it is sent."""
        return {"provider": "openai", "model": "gpt-4o", "chat_template": TEMPLATE, "tools": [ADD]} | config

    def register(self, project: str | None = None, **config: Any) -> dict[str, Any]:
        """A chat config in a project (a new one unless named), live if it is the first; the answer."""
        name = project or self.name()
        return self.app.register(name, **self.config(prompt_template=None) | config)

    def project(self, **config: Any) -> str:
        """The name of a new project with such a config live."""
        name: str = self.register(**config)["project_name"]
        return name

    def name(self) -> str:
        """A name for a project that is not there yet."""
        return f"chat {next(_numbers)}"

    def send(self, route: str, body: Mapping[str, Any]) -> Reply:
        """A plain call of `/v4/{route}`."""
        return self.app.server.post(f"/v4/{route}", {"messages": [USER], "inputs": {"who": "Ada"}, **body})

    def call(self, project: str | None = None, **body: Any) -> Reply:
        """A plain chat with what is deployed."""
        return self.send("chat-deployed", body if project is None else {"project": project} | body)

    def chat(self, project: str, **body: Any) -> dict[str, Any]:
        """The same, which must succeed in the contract's shape."""
        answer: dict[str, Any] = self.call(project, **body).expect(200)
        answers.check(answer, "POST", "/chat-deployed")
        return answer

    def stream(self, project: str, **body: Any) -> Streamed:
        """The same as a stream, read to its end."""
        reply = self.call(project, stream=True, **body)
        return Streamed(reply.status, reply.headers, reply.body)

    def asked(self, place: int = -1) -> Any:
        """What the vendor was asked."""
        return self.app.upstream.requests[place].json


@pytest.fixture
def chats(app: Application) -> Chatting:
    return Chatting(app)
