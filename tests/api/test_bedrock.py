"""AWS Bedrock and OpenAI's Responses through the whole house: what is asked, what comes back, what is kept."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from everloop.domain.generation import ToolCall
from tests.contract.providers.dialects.bedrock import Bedrock
from tests.contract.providers.dialects.dialect import Said
from tests.contract.providers.dialects.responses import Responses
from tests.contract.providers.dialects.speaking import says
from tests.server import RunningServer, serving
from tests.upstream import Upstream, status

PARTS = ("AKIACANARY012345", "wJalrCanary/UtnFEMI+K7MDENG", "IQoJCanaryZ2luX2VjEA==")
KEY = ":".join(PARTS)
CONFIG = {"provider": "bedrock", "model": "amazon.nova-pro-v1:0", "prompt_template": "Hi {{name}}"}


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def server(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    settings = {"BEDROCK_BASE_URL": f"http://127.0.0.1:{upstream.port}", "OPENAI_BASE_URL": upstream.base_url}
    with serving(tmp_path_factory.mktemp("bedrock"), settings=settings) as server:
        server.put("/api/provider-keys/bedrock", {"key": KEY}).expect(200)
        yield server


@pytest.fixture(autouse=True)
def _forget(upstream: Upstream) -> None:
    upstream.reset()


def complete(server: RunningServer, **changes: Any) -> Any:
    body = {"project": "bedrock", "model_config": CONFIG, "inputs": {"name": "you"}, **changes}
    return server.post("/v4/completion", body)


def test_a_plain_call_is_signed_and_logged(server: RunningServer, upstream: Upstream):
    upstream.answer(says(Bedrock(), Said("Hello."), streamed=False))
    answer = complete(server).expect(200)
    sent = upstream.requests[0]
    assert sent.path == "/model/amazon.nova-pro-v1%3A0/converse"
    assert sent.headers["authorization"].startswith(f"AWS4-HMAC-SHA256 Credential={PARTS[0]}/")
    assert sent.headers["x-amz-security-token"] == PARTS[2]
    assert answer["data"][0]["output"] == "Hello."
    assert answer["usage"] == {"prompt_tokens": 7, "generation_tokens": 5, "total_tokens": 12, "reasoning_tokens": None}
    assert answer["provider_request"] == {"messages": [{"role": "user", "content": [{"text": "Hi you"}]}]}
    log = server.get(f"/v4/logs/{answer['data'][0]['id']}").expect(200)
    assert (log["output"], log["finish_reason"], log["prompt_tokens"]) == ("Hello.", "stop", 7)


def test_several_samples_are_several_requests(server: RunningServer, upstream: Upstream):
    upstream.always(says(Bedrock(), Said("Hello."), streamed=False))
    answer = complete(server, num_samples=3).expect(200)
    assert [each["output"] for each in answer["data"]] == ["Hello."] * 3
    assert (len(upstream.requests), len(answer["provider_responses"])) == (3, 3)
    assert answer["usage"]["total_tokens"] == 36


def test_a_stream(server: RunningServer, upstream: Upstream):
    upstream.answer(says(Bedrock(), Said("Hello there, größer ☂."), streamed=True))
    reply = complete(server, stream=True)
    events = [json.loads(line[6:]) for line in reply.body.decode().splitlines() if line.startswith("data: ")]
    assert "".join(each["data"][0]["output"] for each in events) == "Hello there, größer ☂."
    assert events[-1]["data"][0]["finish_reason"] == "stop"
    assert upstream.requests[0].path == "/model/amazon.nova-pro-v1%3A0/converse-stream"


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
def test_no_part_of_the_key_comes_back_or_is_kept(server: RunningServer, upstream: Upstream, streamed: bool):
    for part in (*PARTS, KEY):
        said = Said(f"It is {part}!", (ToolCall("c1", "add", json.dumps({"a": part})),), "tool_call")
        upstream.answer(says(Bedrock(), said, streamed=streamed), status(403, {"message": f"Not {part}."}))
        found = [complete(server, stream=streamed).body, complete(server).body]
        assert all(b"[redacted]" in each and b"canary" not in each.lower() for each in found)
    logs = server.get(f"/v4/logs?project_id={project_id(server)}").body
    assert b"[redacted]" in logs
    assert b"canary" not in logs.lower()
    kept = [path for path in Path(server.data_dir).rglob("*") if path.is_file()]
    assert not any(b"canary" in path.read_bytes().lower() for path in kept)
    assert "canary" not in server.log.read_text().lower()


def project_id(server: RunningServer) -> str:
    found: str = server.get("/v4/projects?filter=bedrock").expect(200)["records"][0]["id"]
    return found


def test_what_bedrock_cannot_do_is_told_before_it_is_called(server: RunningServer, upstream: Upstream):
    reply = complete(server, model_config={**CONFIG, "seed": 7, "frequency_penalty": 0.5})
    assert reply.status == 422
    assert "AWS Bedrock cannot do `seed`" in reply.detail["message"]
    assert upstream.requests == []


def test_openais_responses(server: RunningServer, upstream: Upstream):
    config = {"provider": "openai", "model": "gpt-5-pro", "prompt_template": "Hi {{name}}"}
    upstream.answer(*[says(Responses(), Said("Hello."), streamed=False)] * 2)
    answer = complete(server, model_config=config, num_samples=2).expect(200)
    assert [each["output"] for each in answer["data"]] == ["Hello.", "Hello."]
    assert {each.path for each in upstream.requests} == {"/v1/responses"}
    upstream.answer(says(Responses(), Said("Hello."), streamed=True))
    assert b'"finish_reason":"stop"' in complete(server, model_config=config, stream=True).body.replace(b" ", b"")
