"""What a prompt of ten megabytes does to everybody else: how long the event loop answers nobody."""

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from bench.answers import WrongAnswerError
from bench.calls import PROJECT, Call, exchange
from bench.processes import HOST

_MEGABYTES = 10
_OK = 200


@dataclass(frozen=True, slots=True)
class Stalled:
    """Milliseconds: the long call itself, and the slowest of the small requests beside it and before it."""

    call_ms: float
    slowest_ms: float
    slowest_before_ms: float


def stall(call: Call) -> Stalled:
    """Ask once for a prompt of that size, which is the longest, while small requests go on on another connection."""
    body = msgspec.json.encode(
        {"project": PROJECT, "inputs": {"question": "0123456789" * 999_000}, "return_inputs": False}
    )
    before = _slowest(call.port, lambda began: time.perf_counter() - began > 1)
    answers: list[tuple[int, float]] = []

    def ask() -> None:
        began = time.perf_counter()
        status, _ = exchange(call.port, "POST", call.path, call.headers, body)
        answers.append((status, time.perf_counter() - began))

    asking = threading.Thread(target=ask)
    asking.start()
    slowest = _slowest(call.port, lambda _: not asking.is_alive())
    asking.join()
    if [status for status, _ in answers] != [_OK]:
        message = f"a prompt of {_MEGABYTES} MB got {answers}"
        raise WrongAnswerError(message)
    return Stalled(answers[0][1] * 1000, slowest * 1000, before * 1000)


def _slowest(port: int, is_over: Callable[[float], bool]) -> float:
    """Return the longest time, in seconds, that a request waited which costs the server nothing."""
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    began, slowest = time.perf_counter(), 0.0
    while not is_over(began):
        sent = time.perf_counter()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        slowest = max(slowest, time.perf_counter() - sent)
    connection.close()
    return slowest
