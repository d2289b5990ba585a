"""A client in a process of its own that writes down what the server has acknowledged.

    python load.py PORT KEY FILE

Several threads make mixed calls until the server goes away. Each acknowledged id goes to the file at once, one a line,
with what it is: `log`, `feedback` or `config`.
"""

import http.client
import itertools
import json
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

THREADS: Final = 6
_PROJECT: Final = "kill"

_numbers = itertools.count()


class Client:
    """One thread's connection."""

    def __init__(self, port: int, key: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"X-API-KEY": key, "Content-Type": "application/json"}

    def post(self, path: str, body: Any) -> http.client.HTTPResponse:
        """The answer, which must be a good one."""
        self._connection.request("POST", path, json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {answer.read()!r}")
        return answer


def plain(client: Client) -> Iterator[tuple[str, str]]:
    """A plain call with two samples, and feedback on the first one."""
    answer = json.load(client.post("/v4/completion-deployed", {"project": _PROJECT, "num_samples": 2}))
    for sample in answer["data"]:
        yield "log", sample["id"]
    said = {"type": "rating", "value": "good", "data_id": answer["data"][0]["id"]}
    yield "feedback", json.load(client.post("/v4/feedback", said))["id"]


def streamed(client: Client) -> Iterator[tuple[str, str]]:
    """A streamed call: a sample counts from its finish event on."""
    for line in client.post("/v4/completion-deployed", {"project": _PROJECT, "stream": True, "num_samples": 2}):
        if line.startswith(b"data: "):
            sample = json.loads(line[6:])["data"][0]
            if sample["finish_reason"]:
                yield "log", sample["id"]


def registered(client: Client) -> Iterator[tuple[str, str]]:
    """A new version of the project's config."""
    body = {"project": _PROJECT, "provider": "mock", "model": "m", "prompt_template": f"{next(_numbers)} {id(client)}"}
    yield "config", json.load(client.post("/v4/model-configs", body))["config"]["id"]


def work(port: int, key: str, note: Callable[[str], object], first: int) -> None:
    """Calls until the server is gone; what the server says wrong ends the process."""
    client = Client(port, key)
    kinds = (plain, streamed, plain, streamed, registered)
    for kind in itertools.islice(itertools.cycle(kinds), first, None):
        for what, identifier in kind(client):
            note(f"{what} {identifier}\n")


def main() -> None:
    """Runs the threads; exits with 0 when all of them ended because the server went away."""
    port, key, path = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    failures: list[Exception] = []
    with path.open("a", buffering=1, encoding="ascii") as file:

        def run(first: int) -> None:
            try:
                work(port, key, file.write, first)
            except (OSError, http.client.HTTPException, json.JSONDecodeError):
                pass  # killed: this answer was not acknowledged
            except Exception as error:  # noqa: BLE001 - a thread cannot raise; the process does
                failures.append(error)

        threads = [threading.Thread(target=run, args=(first,)) for first in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]


if __name__ == "__main__":
    main()
