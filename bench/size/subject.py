"""The server: what is made in it before it is filled, what is called, and what is read."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode

import msgspec

from bench import targets
from bench.answers import WrongAnswerError
from bench.calls import JSON, MODEL, PROJECT, QUESTIONS, TEMPLATE, Call, Kind, exchange, v4_calls
from bench.processes import Launch, Server, free_port, serving
from bench.size.databases import Database
from bench.size.filters import FILTERS
from bench.size.past import LONG_SESSION, SHORT_SESSION, Place, session_named

PAGE = 50
OTHER = "other"
VERSIONS = 3


class Made(msgspec.Struct):
    """What the answers to creations have in common."""

    id: str


class Registered(msgspec.Struct):
    """What registering a configuration answers."""

    config: Made


class Total(msgspec.Struct):
    """How many records there are, of which a page shows some."""

    total: int
    records: list[Made]


@dataclass(frozen=True, slots=True)
class Read:
    """A request that reads, and what it is called."""

    name: str
    path: str
    method: str = "GET"


@dataclass(frozen=True, slots=True)
class Subject:
    """A server on a database that grows; not running."""

    launch: Launch
    headers: Mapping[str, str]
    database: Database
    place: Place
    experiment_id: str

    def call(self) -> Call:
        """Return the call whose cost should not depend on the past."""
        return v4_calls(self.launch.port, self.headers, ("short",))[Kind("plain", "short")]

    def page(self, number: int, more: str = "") -> Total:
        """Return a page of the project's logs from the running server. Raises WrongAnswerError."""
        status, body = exchange(self.launch.port, "GET", self._logs(number) + more, self.headers)
        if status != HTTPStatus.OK:
            message = f"a page of logs gave {status}: {body[:300]!r}"
            raise WrongAnswerError(message)
        return msgspec.json.decode(body, type=Total)

    def reads(self) -> list[Read]:
        """Return what is read of the running server."""
        total = self.page(0).total
        last = max(total - 1, 0) // PAGE
        oldest = self.page(last).records[-1].id
        project = f"/v4/projects/{self.place.project_id}"
        return [
            Read("GET /v4/logs, first page", self._logs(0)),
            Read("GET /v4/logs, page in the middle", self._logs(last // 2)),
            Read("GET /v4/logs, last page", self._logs(last)),
            *self._filtered(),
            Read("GET /v4/logs/{id}, the oldest", f"/v4/logs/{oldest}"),
            Read("POST /v4/projects/{id}/export, last page", f"{project}/export?size={PAGE}&page={last}", "POST"),
            Read(f"GET /v4/sessions/{{id}}, {SHORT_SESSION} logs", _session(LONG_SESSION // SHORT_SESSION)),
            Read(f"GET /v4/sessions/{{id}}, {LONG_SESSION} logs", _session(0)),
            Read("GET /v4/projects", "/v4/projects"),
            Read("GET /v4/projects/{id}", project),
            Read("GET /v4/projects/{id}/configs", f"{project}/configs"),
            Read("GET /v4/model-configs/{id}, the live one", f"/v4/model-configs/{self.place.config_ids[0]}"),
            Read("GET /v4/projects/{id}/experiments", f"{project}/experiments"),
            Read("GET /api/experiments/{id}/results", f"/api/experiments/{self.experiment_id}/results"),
        ]

    def _filtered(self) -> list[Read]:
        """The first page and the one in the middle of what each filter finds, in each order."""
        reads = []
        for name, query in FILTERS.items():
            more = f"&{urlencode(query(self.place))}"
            middle = max(self.page(0, more).total - 1, 0) // PAGE // 2
            reads += [
                Read(f"GET /v4/logs, {name}", self._logs(0) + more),
                Read(f"GET /v4/logs, {name}, in the middle", self._logs(middle) + more),
            ]
        return reads

    def _logs(self, page: int) -> str:
        return f"/v4/logs?project_id={self.place.project_id}&size={PAGE}&page={page}"


def prepare(work: Path, upstream: Server, database: Database) -> Subject:
    """Let a server make its database, two projects, versions, an experiment that is not live, and a log to copy."""
    port, key = free_port(), secrets.token_hex(20)
    launch = targets.everloop_launch(work, port, key, upstream)
    headers = {"X-API-KEY": key}
    launch = replace(launch, environment={**launch.environment, **database.environment()})
    with serving(launch):
        world = _World(port, headers)
        project, other = (world.made("/v4/projects", {"name": name}) for name in (PROJECT, OTHER))
        versions = [world.registered(PROJECT, number) for number in range(VERSIONS)]
        other_version = world.registered(OTHER, 0)
        labels = [{"type": "rating", "value": "good"}]
        body = {"name": "bench", "config_ids": versions[:2], "positive_labels": labels}
        experiment = world.made(f"/v4/projects/{project}/experiments", body)
        called = {"project": PROJECT, "inputs": {"question": QUESTIONS["short"]}, "session_reference_id": "first"}
        world.post("/v4/completion-deployed", called)
    place = Place(project, versions, other, other_version, int(time.time() * 1000))
    return Subject(launch, headers, database, place, experiment)


class _World:
    """What is made over the server's own API."""

    def __init__(self, port: int, headers: Mapping[str, str]) -> None:
        self._port = port
        self._headers = headers

    def post(self, path: str, payload: object) -> bytes:
        """Return the answer. Raises WrongAnswerError."""
        headers = {**JSON, **self._headers}
        status, body = exchange(self._port, "POST", path, headers, msgspec.json.encode(payload))
        if status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
            message = f"POST {path} gave {status}: {body[:500]!r}"
            raise WrongAnswerError(message)
        return body

    def made(self, path: str, payload: object) -> str:
        """Return the id of what a POST makes."""
        return msgspec.json.decode(self.post(path, payload), type=Made).id

    def registered(self, project: str, number: int) -> str:
        """Return the id of a version; the first one of a project goes live by itself."""
        config = {
            "project": project,
            "provider": "openai",
            "model": MODEL,
            "endpoint": "complete",
            "prompt_template": TEMPLATE,
            "temperature": 1 - number / 10,
        }
        return msgspec.json.decode(self.post("/v4/model-configs", config), type=Registered).config.id


def _session(number: int) -> str:
    return f"/v4/sessions/{session_named(number)}"
