"""Provider keys are planted wherever one may be given, and looked for everywhere afterwards."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import RunningServer, serving
from tests.upstream import Upstream, completion, event, status, stream

OPERATORS = "sk-canary-operator-Zq81LmPx77"
ORGANISATIONS = "sk-canary-organisation-Yw52KnRt"
CALLS = "sk-canary-call-Xv93JbHd46ScQe"
CONNECTIONS = "sk-canary-connection-Ut64GhWe9"
LATER = "sk-canary-later-Bn27YcQx50KfRs"
STRANGERS = "sk-canary-stranger-Pk31VdSw84MhTz"
CANARIES = (OPERATORS, ORGANISATIONS, CALLS, CONNECTIONS, LATER, STRANGERS)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        yield server


@pytest.fixture
def server(tmp_path: Path, upstream: Upstream) -> Iterator[RunningServer]:
    settings = {
        "OPENAI_API_KEY": OPERATORS,
        "OPENAI_BASE_URL": upstream.base_url,
        "EVERLOOP_LOG_LEVEL": "debug",
        "EVERLOOP_ALLOWED_HOSTS": "127.0.0.1",
    }
    with serving(tmp_path / "data", settings) as running:
        body = {"project": "p", "provider": "openai", "model": "gpt-4o", "prompt_template": "Hi"}
        running.post("/v4/model-configs", body).expect(200)
        yield running


def echoes(key: str):
    """What a careless vendor says: the key in an answer, in an error, in a stream, split over two pieces of it."""
    half = len(key) // 2
    pieces = [{"choices": [{"index": 0, "delta": {"content": text}}]} for text in (key[:half], key[half:], f" {key}")]
    return (
        completion(f"Your key is {key}, is it not?"),
        status(401, f"Incorrect API key provided: {key}"),
        status(400, {"error": {"message": f"bad {key}", "param": key}, "seen": f"Bearer {key}"}),
        stream(*pieces, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
        stream(pieces[0], event({"error": {"message": f"no more of {key}"}}), done=False),
    )


def calls_as_openai(server: RunningServer, upstream: Upstream) -> list[bytes]:
    """What OpenAI's clients are told, and those who show a key that is none."""
    upstream.reset()
    upstream.answer(*echoes(OPERATORS))
    call = {"model": "p", "metadata": {"a": "1"}, "logprobs": 1}
    path = "/openai/v1/completions"
    told = [server.post(path, call | {"stream": each}).body for each in (False, False, False, True, True)]
    assert [request.headers["authorization"] for request in upstream.requests] == [f"Bearer {OPERATORS}"] * 5
    bearers = (STRANGERS, f"Bearer {STRANGERS}")
    refused = [server.send("POST", path, b"{}", {"Authorization": each}) for each in bearers]
    assert [each.status for each in refused] == [401, 401]
    return told + [each.body for each in refused]


def test_no_key_is_ever_seen_again(server: RunningServer, upstream: Upstream, tmp_path: Path):
    answers = []

    def calls(key: str, given: dict[str, str], project: str = "p") -> None:
        upstream.reset()
        upstream.answer(*echoes(key))
        for streamed in (False, False, False, True, True):
            call = {"project": project, "provider_api_keys": given, "stream": streamed, "metadata": {"a": 1}}
            answers.append(server.post("/v4/completion-deployed", call).body)
        assert [request.headers["authorization"] for request in upstream.requests] == [f"Bearer {key}"] * 5

    calls(OPERATORS, {})
    answers += calls_as_openai(server, upstream)
    calls(CALLS, {"openai": CALLS})
    answers.append(server.put("/api/provider-keys/openai", {"key": ORGANISATIONS}).body)
    calls(ORGANISATIONS, {})
    own = {"name": "own", "base_url": upstream.base_url, "key": CONNECTIONS}
    answers.append(server.post("/api/connections", own).body)
    config = {"project": "own", "provider": "own", "model": "m", "prompt_template": "Hi"}
    server.post("/v4/model-configs", config).expect(200)
    calls(CONNECTIONS, {}, "own")
    answers.append(server.patch("/api/connections/own", {"key": LATER}).body)
    calls(LATER, {}, "own")
    calls(CALLS, {"own": CALLS}, "own")
    # Where the name is taken, where a field is wrong, and where what is there cannot be called.
    answers.append(server.post("/api/connections", own).body)
    answers.append(server.post("/api/connections", own | {"name": "bad", "base_url": "smoke"}).body)
    answers.append(server.post("/api/connections", own | {"name": "bad", "key": [CONNECTIONS]}).body)
    nowhere = {"base_url": "http://127.0.0.1:9/v1", "key": LATER}
    answers.append(server.patch("/api/connections/own", nowhere).body)
    answers.append(server.post("/v4/completion-deployed", {"project": "own"}).body)
    project = server.get("/v4/projects?filter=p").expect(200)["records"][0]["id"]
    own_id = server.get("/v4/projects?filter=own").expect(200)["records"][0]["id"]
    lists = ("/api/provider-keys", "/api/connections", "/api/connections/own", "/metrics", "/api/api-keys")
    read_back = (*lists, *(f"/v4/logs?project_id={each}" for each in (project, own_id)))
    answers += [server.get(path).body for path in read_back]
    # Keys in places where they do not belong are refused without being repeated.
    answers.append(
        server.post("/v4/completion-deployed", {"project": "p", "provider_api_keys": {"openai": [CALLS]}}).body
    )
    answers.append(server.put("/api/provider-keys/openai", {"key": [ORGANISATIONS]}).body)
    answers.append(server.put("/api/provider-keys/nobody", {"key": ORGANISATIONS}).body)
    server.process.kill()  # so that the write-ahead log is still there
    server.process.wait()

    assert (tmp_path / "data" / "everloop.db-wal").stat().st_size > 0
    places = {f"answer {number}": body for number, body in enumerate(answers)}
    places |= {str(path): path.read_bytes() for path in (tmp_path / "data").iterdir()}
    places["log"] = server.log.read_bytes()
    found = [(key, place) for key in CANARIES for place, data in places.items() if key.encode() in data]
    assert found == []
    # The search looked at what it was meant to look at: the redacted echoes are there.
    assert b"[redacted]" in b"".join(answers)
    assert b"[redacted]" in b"".join(data for place, data in places.items() if "everloop.db" in place)


def test_keys_at_rest_are_sealed_and_hashed(server: RunningServer, tmp_path: Path):
    server.put("/api/provider-keys/openai", {"key": ORGANISATIONS}).expect(200)
    database = sqlite3.connect(tmp_path / "data" / "everloop.db")
    sealed = database.execute("SELECT sealed FROM provider_key").fetchone()[0]
    assert isinstance(sealed, bytes)
    assert ORGANISATIONS.encode() not in sealed
    digests = [row[0] for row in database.execute("SELECT digest FROM api_key")]
    assert digests
    assert all(len(digest) == 32 for digest in digests)
    database.close()
    server.stop()
