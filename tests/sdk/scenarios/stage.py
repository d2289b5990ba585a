"""Where a scenario plays: the client at hand, the server, and what is particular about this version of the client.

The client is imported when a scenario is played and not before, since pytest reads these modules without it.
"""

import asyncio
import json
import urllib.request
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

TIMEOUT_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Sdk:
    """How the versions differ, as far as a server can notice.

    `key_options` are the provider keys that a client can be made with; `keys_everywhere`: they are put into every JSON
    object that is sent, into those of generating calls only otherwise. `named_config` is what a config that has a name
    is taken for, `tool_config` what one of type `tool` is. `unknown_providers` are outside the enum: their configs come
    back as plain dicts. `parses_moments`: required moments are datetimes, texts otherwise (optional ones are texts in
    every version).
    """

    key_options: tuple[str, ...]
    keys_everywhere: bool
    named_config: str
    tool_config: str
    unknown_providers: tuple[str, ...]
    parses_moments: bool
    reads_log_by_id: bool
    shows_provider_request: bool


_COMMON_KEYS: Final = ("openai", "openai_azure", "openai_azure_endpoint", "anthropic", "cohere")
SDKS: Final = {
    "0.7.0": Sdk(
        key_options=(*_COMMON_KEYS, "ai21", "mock"),
        keys_everywhere=True,
        named_config="GenericConfigResponse",
        tool_config="GenericConfigResponse",
        unknown_providers=("deepseek", "groq", "bedrock"),
        parses_moments=False,
        reads_log_by_id=False,
        shows_provider_request=False,
    ),
    "0.7.35": Sdk(
        key_options=_COMMON_KEYS,
        keys_everywhere=False,
        named_config="ModelConfigResponse",
        tool_config="ToolConfigResponse",
        unknown_providers=("deepseek",),
        parses_moments=True,
        reads_log_by_id=True,
        shows_provider_request=True,
    ),
}


@dataclass(frozen=True, slots=True)
class Awaited:
    """A client, or a part of one, that looks plain and is asynchronous: `list` calls `alist` and waits for it."""

    _client: Any
    _loop: asyncio.AbstractEventLoop = field(repr=False)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        twin = getattr(self._client, f"a{name}", None)
        if twin is not None:
            return lambda *args, **options: self._loop.run_until_complete(twin(*args, **options))
        return Awaited(found, self._loop) if type(found).__module__.startswith("humanloop.apis.") else found


class Stage:
    """Everything that a scenario needs. `awaited`: each call is made by the asynchronous twin of its method."""

    def __init__(self, host: str, key: str, *, awaited: bool = False) -> None:
        import humanloop

        self.host = host
        self.key = key
        self._loop = _loop() if awaited else None
        self.sdk = SDKS[humanloop.__version__]
        self.client = self.client_with()

    def client_with(self, **options: Any) -> Any:
        """Another client of the same server."""
        import humanloop

        client = humanloop.Humanloop(**{"api_key": self.key, "host": f"{self.host}/v4", **options})
        return Awaited(client, self._loop) if self._loop else client

    def name(self, part: str = "project") -> str:
        """A name that nobody else uses."""
        return f"{part} {uuid.uuid4().hex[:12]}"

    def registered(self, project: str, template: str = "Hello {{name}}!", **settings: Any) -> Any:
        """A registered `mock` config."""
        given = {"model": "gpt-4o", "provider": "mock", "prompt_template": template, **settings}
        return self.client.model_configs.register(project=project, **given)

    def saying(self, project: str, text: Any, **script: Any) -> Any:
        """A registered `mock` config that says this text, whatever it is asked."""
        return self.registered(project, "Go on.", other={"mock": {"text": text, **script}})

    def log(self, project_id: str, log_id: str) -> Any:
        """A log, read back in the way that this version has."""
        if self.sdk.reads_log_by_id:
            return self.client.logs.get(id=log_id)
        records = self.client.logs.list(project_id=project_id).records
        return next(each for each in records if each.id == log_id)

    def moment(self, value: Any) -> datetime:
        """The moment in a required field."""
        if not self.sdk.parses_moments:
            return optional_moment(value)
        assert isinstance(value, datetime), repr(value)
        return value

    def http(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """A call without the client, for what it has no call or refuses to send."""
        request = urllib.request.Request(  # noqa: S310 - the server's address, given by the test
            f"{self.host}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-API-KEY": self.key, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - as above
            return json.loads(answer.read() or b"null")

    def environment(self, part: str = "staging") -> dict[str, Any]:
        """A new environment."""
        made: dict[str, Any] = self.http("POST", "/api/environments", {"name": self.name(part)})
        return made


def _loop() -> asyncio.AbstractEventLoop:
    """For asynchronous clients; quiet about the sessions that they never close."""
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)
    return loop


def optional_moment(value: Any) -> datetime:
    """The moment in an optional field, which no version parses."""
    assert isinstance(value, str), repr(value)
    return datetime.fromisoformat(value)


def refused(status: int, call: Callable[[], Any]) -> Any:
    """The decoded `detail` of the ApiException that the call must raise."""
    from humanloop.exceptions import ApiException

    try:
        answer = call()
    except ApiException as error:
        return _decoded_detail(status, error)
    raise AssertionError(f"not refused with {status}: {answer}")


async def arefused(status: int, call: Awaitable[Any]) -> Any:
    """As `refused`."""
    from humanloop.exceptions import ApiException

    try:
        answer = await call
    except ApiException as error:
        return _decoded_detail(status, error)
    raise AssertionError(f"not refused with {status}: {answer}")


def _decoded_detail(status: int, error: Any) -> Any:
    assert error.status == status, error
    assert error.headers["content-type"] == "application/json", error
    return error.body["detail"]


async def stream_refused(status: int, call: Awaitable[Any]) -> Any:
    """The `detail` of the ApiStreamingException that the call must raise; the client leaves its body undecoded."""
    from humanloop.exceptions import ApiStreamingException

    try:
        answer = await call
    except ApiStreamingException as error:
        refusal = error
    else:
        raise AssertionError(f"not refused with {status}: {answer}")
    assert refusal.status == status, refusal
    assert isinstance(refusal.body, str), refusal
    return json.loads(refusal.body)["detail"]


async def acollect(call: Awaitable[Any]) -> list[dict[str, Any]]:
    """Every chunk of a stream, as the client parsed it."""
    response = await call
    assert response.status == 200, response.status
    assert response.headers["content-type"].startswith("text/event-stream"), response.headers
    return [chunk async for chunk in response.content]
