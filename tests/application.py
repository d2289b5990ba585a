"""An application of Everloop for tests: it has projects, calls what is deployed in them, and reads its logs.

Behind its server stands a vendor (`tests.upstream`) that does as it is told and keeps what it was asked.
"""

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

from tests.server import CALL_SECONDS, Reply, RunningServer, serving
from tests.upstream import Upstream

OPERATOR_KEY: Final = "sk-operator-CANARY-7391"
ROUTE: Final = "/v4/completion-deployed"

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer with `stream: true`, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def events(self) -> list[dict[str, Any]]:
        """The parsed events, errors included."""
        return [json.loads(line[6:]) for line in self.body.split(b"\n") if line.startswith(b"data: ")]

    @property
    def chunks(self) -> list[dict[str, Any]]:
        """`data[0]` of each event that has one."""
        return [event["data"][0] for event in self.events if "data" in event]

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The details of error events."""
        return [event["detail"] for event in self.events if "detail" in event]

    def of(self, index: int) -> list[dict[str, Any]]:
        """The chunks of one sample."""
        return [chunk for chunk in self.chunks if chunk["index"] == index]

    def text(self, key: str = "output", index: int = 0) -> str:
        """The pieces of one sample, put together."""
        return "".join(chunk[key] for chunk in self.of(index))


@dataclass(frozen=True, slots=True)
class Application:
    """Speaks to `server`, which speaks to `upstream`."""

    server: RunningServer
    upstream: Upstream = field(repr=False)

    def register(self, project: str | None = None, **config: Any) -> dict[str, Any]:
        """A config in a project (a new one unless named), live if it is the first; the answer."""
        name = project or f"project {next(_numbers)}"
        body = {"project": name, "provider": "openai", "model": "gpt-4o", "prompt_template": "Say {{it}}"} | config
        answer: dict[str, Any] = self.server.post("/v4/model-configs", body).expect(200)
        return answer

    def project(self, **config: Any) -> str:
        """The name of a new project with such a config live."""
        name: str = self.register(**config)["project_name"]
        return name

    def call(self, project: str | None = None, **body: Any) -> Reply:
        """A plain call."""
        return self.server.post(ROUTE, self._body(project, body))

    def complete(self, project: str | None = None, **body: Any) -> dict[str, Any]:
        """A plain call that must succeed."""
        answer: dict[str, Any] = self.call(project, **body).expect(200)
        return answer

    def stream(self, project: str | None = None, **body: Any) -> Streamed:
        """A streamed call, read to its end."""
        reply = self.server.post(ROUTE, self._body(project, body) | {"stream": True})
        return Streamed(reply.status, reply.headers, reply.body)

    @contextmanager
    def open_stream(self, project: str, **body: Any) -> Iterator[http.client.HTTPResponse]:
        """A streamed call as it comes; hung up on at the end of the block."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=CALL_SECONDS)
        headers = {"X-API-KEY": self.server.key, "Content-Type": "application/json"}
        connection.request("POST", ROUTE, json.dumps(self._body(project, body) | {"stream": True}).encode(), headers)
        answer = connection.getresponse()
        try:
            yield answer
        finally:
            answer.close()
            connection.close()

    def log(self, log_id: str) -> dict[str, Any]:
        """One log."""
        answer: dict[str, Any] = self.server.get(f"/v4/logs/{log_id}").expect(200)
        return answer

    def calm(self) -> None:
        """Makes the vendor forget what it was told, and the server that the vendor ever failed.

        A server leaves a vendor alone for seconds that failed time and again, which the next test is not to feel.
        """
        self.upstream.reset()
        config = {"provider": "openai", "model": "gpt-4o", "prompt_template": "Are you well?"}
        deadline = time.monotonic() + 30
        while self.server.post("/v4/completion", {"project": "calm", "model_config": config}).status != 200:
            assert time.monotonic() < deadline, "the vendor is not called any more"
            time.sleep(0.1)
        self.upstream.reset()

    def project_id(self, project: str) -> str:
        """The id of a project by its name."""
        page = self.server.post("/v4/projects", {"name": project}).expect(201)
        found: str = page["id"]
        return found

    def logs(self, project: str, at_least: int = 0, seconds: float = 5.0) -> list[dict[str, Any]]:
        """All logs of a project, newest first, once there are so many."""
        deadline = time.monotonic() + seconds
        project_id = self.project_id(project)
        while True:
            records: list[dict[str, Any]] = self.server.get(f"/v4/logs?project_id={project_id}").expect(200)["records"]
            if len(records) >= at_least or time.monotonic() > deadline:
                return records
            time.sleep(0.01)

    @staticmethod
    def _body(project: str | None, body: dict[str, Any]) -> dict[str, Any]:
        named = {} if project is None else {"project": project, "inputs": {"it": "hello"}}
        return named | body


@contextmanager
def with_vendor(data_dir: Path, settings: Mapping[str, str] | None = None) -> Iterator[Application]:
    """An application whose server has the operator's key and is sent to a vendor of its own."""
    with Upstream() as upstream:
        environment = {"OPENAI_API_KEY": OPERATOR_KEY, "OPENAI_BASE_URL": upstream.base_url, **(settings or {})}
        with serving(data_dir, environment) as server:
            yield Application(server, upstream)
