"""Every wire format through the whole house: a connection of its own, both doors, plain and streamed, and its logs."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final

import pytest
from openai import OpenAI

from everloop.domain.generation import ToolCall, Usage
from everloop.providers.formats import FORMATS
from tests.application import Streamed
from tests.contract.providers.dialects.all import DIALECTS
from tests.contract.providers.dialects.dialect import Dialect, Said
from tests.contract.providers.dialects.speaking import ADD, KEY, says
from tests.server import RunningServer, serving
from tests.upstream import Received, Upstream, status

BOTH: Final = pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
CALLS: Final = (ToolCall("call_1", "add", '{"a": 1}'), ToolCall("call_2", "add", '{"a": 2}'))
ARGUMENTS: Final = [json.loads(each.arguments) for each in CALLS]
SAID: Final = Said("Let me see, größer ☂.", CALLS, "tool_call", Usage(9, 8))
PARTS: Final = KEY.value.split(":")
MESSAGES: Final = [{"role": "user", "content": "1 and 1?"}]

_numbers = count(1)


@dataclass(frozen=True)
class Vendor:
    """A fake upstream that speaks a dialect, behind a connection with the dialect's name."""

    server: RunningServer
    upstream: Upstream
    dialect: Dialect

    @property
    def provider(self) -> str:
        return f"our-{self.dialect.name}"

    def says(self, said: Said) -> None:
        """As a stream to whoever asks for one."""
        self.upstream.always(lambda asked: says(self.dialect, said, streamed=_is_stream(asked))(asked))

    def refuses(self, code: int) -> None:
        refusal = json.dumps(self.dialect.refusal(code, f"Not with {KEY.value}.")).encode()
        # With more patience than we have it is tried once.
        self.upstream.always(status(code, refusal, {"Retry-After": "100"}))

    def chat(self, project: str | None = None, **config: Any) -> tuple[str, str]:
        """The name of a project with such a chat config live, and the config's id."""
        own = {"endpoint": "chat", "tools": [ADD]} | config
        return self._register(project, own)

    def completion(self) -> str:
        """The name of a project with such a completion config live."""
        return self._register(None, {"prompt_template": "Say {{it}}"})[0]

    def _register(self, project: str | None, config: dict[str, Any]) -> tuple[str, str]:
        name = project or f"{self.dialect.name} {next(_numbers)}"
        body = {"project": name, "provider": self.provider, "model": self.dialect.model} | config
        made = self.server.post("/v4/model-configs", body).expect(200)
        return name, made["config"]["id"]


def _is_stream(asked: Received) -> bool:
    return bool(asked.json.get("stream")) or "stream" in asked.path.lower()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with serving(tmp_path_factory.mktemp("formats") / "data", {"EVERLOOP_ALLOWED_HOSTS": "127.0.0.1"}) as server:
        yield server
        server.stop()
        assert not any(part in server.log.read_text() for part in PARTS)


@pytest.fixture(scope="module")
def vendors(server: RunningServer) -> Iterator[list[Vendor]]:
    upstreams = [Upstream() for _ in DIALECTS]
    found = []
    for upstream, dialect in zip(upstreams, DIALECTS, strict=True):
        upstream.__enter__()
        vendor = Vendor(server, upstream, dialect)
        body = {"name": vendor.provider, "format": dialect.name, "base_url": upstream.base_url, "key": KEY.value}
        server.post("/api/connections", body).expect(201)
        found.append(vendor)
    yield found
    for upstream in upstreams:
        upstream.__exit__(None, None, None)


@pytest.fixture(params=range(len(DIALECTS)), ids=[each.name for each in DIALECTS])
def vendor(request: pytest.FixtureRequest, vendors: Sequence[Vendor]) -> Vendor:
    for each in vendors:
        each.upstream.reset()
    found: Vendor = vendors[request.param]
    return found


@pytest.fixture
def client(server: RunningServer) -> Iterator[OpenAI]:
    with OpenAI(api_key=server.key, base_url=f"{server.base_url}/openai/v1", max_retries=0) as client:
        yield client


def kept(server: RunningServer, project: str) -> list[dict[str, Any]]:
    """The logs of a project, none of which has any part of the key."""
    project_id = server.post("/v4/projects", {"name": project}).expect(201)["id"]
    found = server.get(f"/v4/logs?project_id={project_id}")
    assert not any(part in found.body.decode() for part in PARTS)
    records: list[dict[str, Any]] = found.expect(200)["records"]
    return records


def arguments(message: dict[str, Any]) -> list[Any]:
    return [json.loads(each["function"]["arguments"]) for each in message["tool_calls"]]


@BOTH
def test_a_chat_with_tools_and_its_logs(server: RunningServer, vendor: Vendor, streamed: bool):
    project, _ = vendor.chat()
    vendor.says(SAID)
    body = {"project": project, "messages": MESSAGES, "stream": streamed}
    reply = server.post("/v4/chat-deployed", body)
    if streamed:
        answer = Streamed(reply.status, reply.headers, reply.body)
        assert (reply.status, answer.errors, answer.text()) == (200, [], SAID.text)
        assert answer.chunks[-1]["finish_reason"] == "tool_call"
        usage = answer.events[-1]["usage"]
    else:
        whole = reply.expect(200)
        (sample,) = whole["data"]
        assert (sample["output"], sample["finish_reason"]) == (SAID.text, "tool_call")
        assert arguments(sample["output_message"]) == ARGUMENTS
        assert whole["provider_responses"] == [vendor.dialect.plain(SAID)]
        assert whole["provider_request"] == vendor.upstream.requests[0].json
        usage = whole["usage"]
    assert (usage["prompt_tokens"], usage["generation_tokens"]) == (9, 8)
    (log,) = kept(server, project)
    assert (log["output"], log["finish_reason"], arguments(log["output_message"])) == (
        SAID.text,
        "tool_call",
        ARGUMENTS,
    )
    assert (log["prompt_tokens"], log["output_tokens"], log["tokens_estimated"]) == (9, 8, False)
    assert log["provider_request"] == vendor.upstream.requests[0].json
    assert (log["provider_calls"], log["attempts"], log["error"]) == (1, [], None)
    if not streamed:
        assert log["provider_response"] == vendor.dialect.plain(SAID)
    else:
        assert SAID.text in json.dumps(log["provider_response"], ensure_ascii=False)


@BOTH
def test_several_samples(server: RunningServer, vendor: Vendor, streamed: bool):
    """A log for each, and all the tokens, whether one request brings them, or one each, or fewer than asked for."""
    project, _ = vendor.chat()
    vendor.says(replace(SAID, calls=(), reason="stop"))
    body = {"project": project, "messages": MESSAGES, "stream": streamed, "num_samples": 3}
    reply = server.post("/v4/chat-deployed", body)
    assert reply.status == 200, reply.body
    logs = kept(server, project)
    assert [(each["output"], each["finish_reason"]) for each in logs] == [(SAID.text, "stop")] * 3
    assert len({each["id"] for each in logs}) == 3
    assert sum(each["prompt_tokens"] + each["output_tokens"] for each in logs) == 3 * 17
    assert len(vendor.upstream.requests) == 3


@BOTH
def test_a_completion_is_one_message_of_the_user(server: RunningServer, vendor: Vendor, streamed: bool):
    project = vendor.completion()
    vendor.says(Said("Hello."))
    body = {"project": project, "inputs": {"it": "größer ☂"}, "stream": streamed}
    reply = server.post("/v4/completion-deployed", body)
    assert reply.status == 200, reply.body
    (log,) = kept(server, project)
    assert (log["output"], log["finish_reason"]) == ("Hello.", "stop")
    asked = vendor.upstream.requests[0].json
    (message,) = asked.get("messages") or asked.get("contents") or asked["input"]
    assert message["role"] == "user"
    assert "Say größer ☂" in json.dumps(message, ensure_ascii=False)


@BOTH
def test_openai_s_client_and_its_tools(client: OpenAI, vendor: Vendor, streamed: bool):
    """Tools that the call brings, over a connection that may speak another format than OpenAI's."""
    project, _ = vendor.chat(tools=[])
    vendor.says(SAID)
    tools: Any = [{"type": "function", "function": ADD}]
    asked: Any = {"model": project, "messages": MESSAGES, "tools": tools}
    if streamed:
        with client.chat.completions.stream(**asked, stream_options={"include_usage": True}) as stream:
            stream.until_done()
            answer: Any = stream.get_final_completion()
    else:
        answer = client.chat.completions.create(**asked)
    (choice,) = answer.choices
    assert (choice.message.content, choice.finish_reason) == (SAID.text, "tool_calls")
    assert [json.loads(each.function.arguments) for each in choice.message.tool_calls] == ARGUMENTS
    assert len({each.id for each in choice.message.tool_calls}) == 2
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (9, 8)
    (log,) = kept(vendor.server, project)
    assert log["id"] == answer.id
    replies = [{"role": "tool", "tool_call_id": each.id, "content": "2"} for each in choice.message.tool_calls]
    told = choice.message.model_dump(exclude_none=True, include={"role", "content", "tool_calls"})
    vendor.says(Said("It is 2."))
    again = client.chat.completions.create(**asked | {"messages": [*MESSAGES, told, *replies]})
    assert again.choices[0].message.content == "It is 2."


@BOTH
def test_another_format_answers_in_its_place(
    server: RunningServer, vendors: Sequence[Vendor], vendor: Vendor, streamed: bool
):
    second, third = (vendors[(vendors.index(vendor) + step) % len(vendors)] for step in (1, 2))
    project, live = vendor.chat()
    fallbacks = [each.chat(project)[1] for each in (second, third)]
    (place,) = [each["id"] for each in server.get("/api/environments").expect(200) if each["tag"] == "default"]
    project_id = server.post("/v4/projects", {"name": project}).expect(201)["id"]
    policy = f"/api/projects/{project_id}/environments/{place}/policy"
    server.put(policy, {"fallbacks": fallbacks}).expect(200)
    vendor.refuses(429)
    second.refuses(429)
    third.says(SAID)
    reply = server.post("/v4/chat-deployed", {"project": project, "messages": MESSAGES, "stream": streamed})
    assert reply.status == 200, reply.body
    (log,) = kept(server, project)
    assert (log["config_id"], log["output"], arguments(log["output_message"])) == (fallbacks[1], SAID.text, ARGUMENTS)
    assert log["provider_request"] == third.upstream.requests[0].json
    tried = [(each["config_id"], each["kind"], each["status"], each["error"]) for each in log["attempts"]]
    assert tried == [(each, "rate_limit", 429, "Not with [redacted].") for each in (live, fallbacks[0])]
    assert [len(each.upstream.requests) for each in (vendor, second, third)] == [1, 1, 1]


def test_every_format_is_here():
    """But Replicate's, which takes no tools and is asked again and again."""
    assert {each.name for each in DIALECTS} == set(FORMATS) - {"replicate"}
