"""More is asked than the server takes on: each answer is right or a clean refusal, and afterwards all is well."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.application import Application, Streamed, with_vendor
from tests.faults.databases import Kept
from tests.server import Reply
from tests.upstream import Received, Step, completion

CAPACITY = 8
CALLERS = 2 * CAPACITY
CALLS = 15  # of each caller


class Vendor:
    """Takes its time, and counts how many calls are under way at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = 0
        self.most = 0
        self.asked: list[str] = []

    def __call__(self, request: Received) -> Iterator[Step]:
        with self._lock:
            self._open += 1
            self.most = max(self.most, self._open)
            self.asked.append(request.json["messages"][-1]["content"])
        yield 0.05
        *all_but_last, last = completion(pause=0.02)(request)
        yield from all_but_last
        with self._lock:
            self._open -= 1
        yield last


@pytest.fixture
def app(database: Kept) -> Iterator[Application]:
    with with_vendor(database.data_dir, {**database.settings, "EVERLOOP_MAX_CALLS": str(CAPACITY)}) as application:
        yield application
        application.server.stop()


def is_refused(answer: Reply | Streamed) -> bool:
    """Whether it says that it was not taken on, as it has to be said."""
    if answer.status != 503:
        return False
    assert int(answer.headers["retry-after"]) >= 1
    assert b"The server is busy" in answer.body
    assert b'"origin":"Everloop"' in answer.body
    return True


def test_each_answer_is_right_or_a_clean_refusal(app: Application, database: Kept):
    project, vendor = app.project(), Vendor()
    app.upstream.always(vendor)

    def call(name: str) -> str | None:
        """The id of the answer, if it was not refused."""
        if name.endswith("0"):
            streamed = app.stream(project, inputs={"it": name})
            if is_refused(streamed):
                return None
            assert streamed.text() == f"You said: Say {name}"
            assert streamed.chunks[-1]["finish_reason"] == "stop"
            return str(streamed.chunks[-1]["id"])
        reply = app.call(project, inputs={"it": name})
        if is_refused(reply):
            return None
        (sample,) = reply.expect(200)["data"]
        assert sample["output"] == f"You said: Say {name}"
        return str(sample["id"])

    def caller(number: int) -> dict[str, str | None]:
        return {name: call(name) for name in (f"{number} {each}" for each in range(CALLS))}

    with ThreadPoolExecutor(CALLERS) as callers:
        running = [callers.submit(caller, number) for number in range(CALLERS)]
        while not all(each.done() for each in running):
            # A crowd of calls stops nobody who looks after the server.
            assert app.server.get("/v4/projects").status == 200
            assert app.server.get("/readyz").status == 200
        outcomes = {name: answer for each in running for name, answer in each.result().items()}

    answered = {f"Say {name}" for name, answer in outcomes.items() if answer is not None}
    assert len(answered) >= CAPACITY
    assert len(outcomes) - len(answered) >= CAPACITY, "nothing was refused, so nothing was shown"
    assert sorted(vendor.asked) == sorted(answered), "the vendor was asked for what was refused, or asked twice"
    assert vendor.most <= CAPACITY
    logs = database.query(f"SELECT id FROM log WHERE project_id = '{app.project_id(project)}'")  # noqa: S608 - an id
    assert sorted(row[0] for row in logs) == sorted(answer for answer in outcomes.values() if answer is not None)
    afterwards(app, project)


def afterwards(app: Application, project: str) -> None:
    """Every place is free again, and nothing is left open."""
    with ThreadPoolExecutor(CAPACITY) as callers:
        again = list(callers.map(lambda n: app.call(project, inputs={"it": str(n)}).status, range(CAPACITY)))
    assert again == [200] * CAPACITY
    descriptors = list(Path(f"/proc/{app.server.process.pid}/fd").iterdir())
    assert len(descriptors) < 40 + 2 * CAPACITY
