"""A server whose provider is a small vendor on loopback."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any

import pytest

from tests.server import RunningServer, serving
from tests.upstream import Received, Step, Upstream, completion, stream


def _vendor(request: Received) -> Iterable[Step]:
    """Repeats what it is told to repeat, all in one piece; says a digest of its key otherwise."""
    asked = request.json
    _, told, text = asked["messages"][0]["content"].partition("Repeat: ")
    if not told:
        return completion(sha256(request.headers.get("authorization", "").encode()).hexdigest())(request)
    if not asked.get("stream"):
        return completion(text)(request)
    return stream(_piece({"content": text}, None), _piece({}, "stop"))(request)


def _piece(delta: dict[str, str], finish_reason: str | None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}


@pytest.fixture(scope="session")
def server_with_vendor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with Upstream() as upstream:
        upstream.always(_vendor)
        data_dir = tmp_path_factory.mktemp("vendor") / "data"
        settings = {"OPENAI_BASE_URL": upstream.base_url, "EVERLOOP_ALLOWED_HOSTS": "127.0.0.1"}
        with serving(data_dir, settings) as server:
            # The same vendor by a name of the organisation's own.
            own = {"name": "our-vendor", "base_url": upstream.base_url, "key": "sk-our-vendors"}
            server.post("/api/connections", own).expect(201)
            yield server
            server.stop()
