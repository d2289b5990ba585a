"""S6: whatever base URL comes through the API, nothing is reached that is not public, unless the operator listed it.

A server of the tests listens on every address of this machine that a URL below could mean.
"""

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.application import Application, with_vendor
from tests.upstream import Reply, Upstream, completion, http, raw

# `{port}` is where the listener is. What is no URL that may be at all, and what is one but leads to nobody's business.
HOSTILE = [
    # This machine by its names and numbers.
    "http://127.0.0.1:{port}/v1", "http://localhost:{port}/v1", "http://LOCALHOST:{port}/v1", "http://127.1:{port}/v1",
    "http://127.0.1:{port}/v1", "http://2130706433:{port}/v1", "http://0x7f000001:{port}/v1", "http://0x7f.0.0.1:{port}",
    "http://0177.0.0.1:{port}/v1", "http://017700000001:{port}/v1", "http://127.0.0.1.:{port}/v1",
    "http://localhost.:{port}/v1", "http://127.255.255.254:{port}/v1", "http://127.000.000.001:{port}/v1",
    "http://0:{port}/v1", "http://0.0.0.0:{port}/v1", "http://00.00.00.00:{port}", "http://[::]:{port}/v1",
    "http://[::1]:{port}/v1", "http://[0:0:0:0:0:0:0:1]:{port}/v1", "http://[::0001]:{port}", "http://127.0.0.1:0{port}/v1",
    # IPv4 inside of IPv6.
    "http://[::ffff:127.0.0.1]:{port}/v1", "http://[::ffff:7f00:1]:{port}/v1", "http://[0:0:0:0:0:ffff:127.0.0.1]:{port}",
    "http://[::127.0.0.1]:{port}/v1", "http://[64:ff9b::127.0.0.1]:{port}/v1", "http://[64:ff9b::7f00:1]:{port}/v1",
    "http://[64:ff9b:1::7f00:1]:{port}/v1", "http://[2002:7f00:1::1]:{port}/v1",
    "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]:{port}/v1",
    # Zones, link-local, and the services that hand out credentials.
    "http://[fe80::1%25lo]:{port}/v1", "http://[fe80::1%lo]:{port}/v1", "http://[::1%25lo]:{port}/v1",
    "http://[fe80::1]:{port}/v1", "http://169.254.169.254/latest/meta-data", "http://[::ffff:169.254.169.254]/latest",
    "http://2852039166/latest/meta-data", "http://0xa9fea9fe/latest", "http://[fd00:ec2::254]/latest",
    "http://100.100.100.200/latest", "http://168.63.129.16/machine", "http://[64:ff9b::a9fe:a9fe]/latest",
    # Private, shared, multicast, reserved.
    "http://10.0.0.1:{port}/v1", "http://172.16.0.1:{port}/v1", "http://192.168.0.1:{port}/v1", "http://100.64.0.1:{port}",
    "http://[fd00::1]:{port}/v1", "http://224.0.0.1:{port}/v1", "http://[ff02::1]:{port}/v1", "http://240.0.0.1:{port}/v1",
    "http://255.255.255.255:{port}/v1", "http://198.18.0.1:{port}/v1",
    # Users, queries, fragments, slashes and spaces in odd places.
    "http://good.example@127.0.0.1:{port}/v1", "http://good.example:80@127.0.0.1:{port}/v1",
    "http://127.0.0.1:{port}@good.example/v1", "http://good.example#@127.0.0.1:{port}/v1",
    "http://127.0.0.1:{port}#good.example", "http://127.0.0.1:{port}?good.example", "http://127.0.0.1:{port}\\@good.example",
    "http:\\\\127.0.0.1:{port}/v1", "http:///127.0.0.1:{port}/v1", "http:/127.0.0.1:{port}/v1", "//127.0.0.1:{port}/v1",
    "http://127.0.0.1:{port}%2f@good.example", "http://127.0.0.1%00.good.example:{port}", " http://127.0.0.1:{port}",
    "http://127.0.0.1\t:{port}/v1", "http://127.0.0.1:{port}/v1\r\nHost: good.example", "http://127.0.0.1: {port}/v1",
    # Other alphabets that are read as digits or dots, other schemes, ports that are none.
    "http://\u2460\u2461\u2466.0.0.1:{port}/v1", "http://127\u30020\u30020\u30021:{port}/v1",
    "http://\uff11\uff12\uff17.0.0.1:{port}/v1", "http://\u24db\u24de\u24d2\u24d0lhost:{port}/v1",
    "file:///etc/passwd", "gopher://127.0.0.1:{port}/_GET", "ftp://127.0.0.1:{port}/v1", "unix:///var/run/docker.sock",
    "dict://127.0.0.1:{port}/", "http://127.0.0.1:{port}{port}/v1", "http://127.0.0.1:-{port}/v1",
]  # fmt: skip


def anywhere() -> socket.socket:
    return socket.create_server(("::", 0), dualstack_ipv6=True, family=socket.AF_INET6)


@dataclass
class Listener:
    """Counts who connects to any address of this machine."""

    server: socket.socket = field(default_factory=anywhere)
    reached: list[Any] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.server.getsockname()[1])

    def run(self) -> None:
        while True:
            try:
                connection, peer = self.server.accept()
            except OSError:  # closed
                return
            self.reached.append(peer)
            connection.close()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    made = Listener()
    thread = threading.Thread(target=made.run)
    thread.start()
    with socket.create_connection(("127.0.0.1", made.port)), socket.create_connection(("::1", made.port)):
        pass  # it can be reached, else the tests could not fail
    while len(made.reached) < 2:
        pass
    made.reached.clear()
    yield made
    made.server.shutdown(socket.SHUT_RDWR)
    made.server.close()
    thread.join()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with with_vendor(tmp_path_factory.mktemp("egress") / "data") as application:
        yield application
        application.server.stop()


def test_they_are_sixty_at_least():
    assert len(set(HOSTILE)) == len(HOSTILE) >= 60


@pytest.mark.parametrize("url", HOSTILE)
def test_nothing_is_reached(app: Application, listener: Listener, url: str):
    name = f"hostile-{HOSTILE.index(url)}"
    body = {"name": name, "base_url": url.replace("{port}", str(listener.port)), "key": "sk-canary-egress"}
    made = app.server.post("/api/connections", body)
    assert made.status in {201, 422}, made
    if made.status == 201:
        project = app.project(provider=name)
        for streamed in (False, True):
            reply = app.call(project, stream=streamed)
            assert reply.status in {500, 502, 503, 504}, reply
            assert reply.detail["origin"] == name
        assert app.server.patch(f"/api/connections/{name}", {"base_url": body["base_url"] + "/v2"}).status == 200
        app.call(project)
    other = {"name": f"{name}-b", "base_url": "https://llm.example.com"}
    app.server.post("/api/connections", other).expect(201)
    assert app.server.patch(f"/api/connections/{name}-b", {"base_url": body["base_url"]}).status in {200, 422}
    assert listener.reached == []


def test_the_operators_server_is_not_reached_through_the_api(app: Application):
    """It is listed for the operator's own connection, whose open connections are not lent to others."""
    app.upstream.always(completion("Hello"))
    app.complete(app.project())
    body = {"name": "neighbour", "base_url": app.upstream.base_url.replace("127.0.0.1", "localhost"), "key": "sk-x"}
    app.server.post("/api/connections", body).expect(201)
    accepted, asked = app.upstream.accepted, len(app.upstream.requests)
    assert app.call(app.project(provider="neighbour")).status == 503
    assert (app.upstream.accepted, len(app.upstream.requests)) == (accepted, asked)
    direct = body | {"name": "direct", "base_url": app.upstream.base_url}
    assert app.server.post("/api/connections", direct).status == 422


def test_redirects_lead_nowhere(tmp_path_factory: pytest.TempPathFactory, listener: Listener):
    data = tmp_path_factory.mktemp("redirects") / "data"
    with Upstream() as redirecting, with_vendor(data, {"EVERLOOP_ALLOWED_HOSTS": "127.0.0.1"}) as app:
        made = {"name": "redirecting", "base_url": redirecting.base_url, "key": "sk-x"}
        app.server.post("/api/connections", made).expect(201)
        project = app.project(provider="redirecting")
        for code in (301, 302, 303, 307, 308):
            redirecting.reset()
            redirecting.always(redirect(code, f"http://127.0.0.1:{listener.port}/v1/chat/completions"))
            for streamed in (False, True):
                assert app.call(project, stream=streamed).status in {500, 502, 503}
            assert len(redirecting.requests) == 2
        assert listener.reached == []
        app.server.stop()


def redirect(code: int, location: str) -> Reply:
    return raw(http(code, b"", {"location": location}))
