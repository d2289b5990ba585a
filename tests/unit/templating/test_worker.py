import io
import signal

import msgspec
import pytest

from everloop.templating import limits, worker
from everloop.templating.wire import HEAD, Called, Done, Given, Order, Reply, frame, length_of, read_reply


@pytest.fixture(autouse=True)
def _no_clock(monkeypatch):
    # The real one would end the tests a second of computing later.
    monkeypatch.setattr(limits, "start_clock", lambda: None)


def said(outgoing: io.BytesIO) -> list[Reply]:
    outgoing.seek(0)
    replies = []
    while head := outgoing.read(HEAD):
        replies.append(read_reply.decode(outgoing.read(length_of(head))))
    return replies


def test_orders_are_carried_out_one_after_the_other_until_the_line_is_closed():
    orders = [Order("render", [f"{{{{ a }}}} {number}"], msgspec.Raw(b'{"a":"x"}')) for number in range(3)]
    outgoing = io.BytesIO()
    worker.serve(io.BytesIO(b"".join(map(frame, orders))), outgoing)
    assert said(outgoing) == [Done([f"x {number}"]) for number in range(3)]


def test_a_tool_is_asked_for_in_between():
    order = Order("render", ["{{ f('a') }}{{ f('b') }}"], tools=["f"])
    outgoing = io.BytesIO()
    worker.serve(io.BytesIO(frame(order) + frame(Given("1")) + frame(Given("2"))), outgoing)
    assert said(outgoing) == [Called("f", ["a"]), Called("f", ["b"]), Done(["12"])]


def test_a_process_without_memory_ends(monkeypatch):
    ended = []

    def without_memory(*_):
        raise MemoryError

    monkeypatch.setattr(worker, "reply_to", without_memory)
    monkeypatch.setattr("os.abort", lambda: ended.append(signal.SIGABRT))
    worker.serve(io.BytesIO(frame(Order("render", ["x"]))), io.BytesIO())
    assert ended == [signal.SIGABRT]
