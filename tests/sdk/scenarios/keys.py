"""Provider keys: sent by the client, per client and per call, and where they must and must not arrive."""

from hashlib import sha256
from typing import Any

from tests.sdk.scenarios.registry import scenario, scenario_of_plain_calls, scenario_with_vendor
from tests.sdk.scenarios.stage import Stage, refused

# As long as real ones, so that nothing takes them for ordinary words.
CLIENT_KEY = "sk-client-0123456789abcdef0123456789abcdef"
CALL_KEY = "sk-call-fedcba9876543210fedcba9876543210"


def _digest(key: str) -> str:
    return sha256(f"Bearer {key}".encode()).hexdigest()


def _bodies(client: Any) -> list[Any]:
    """Every body that the client sends from now on."""
    sent: list[Any] = []
    seen = set()
    for api in vars(client).values():
        transport = getattr(api, "api_client", None)
        if transport is None or id(transport) in seen:
            continue
        seen.add(id(transport))
        _listen(transport, sent)
    assert seen, "the client has no transport to listen to"
    return sent


def _listen(transport: Any, sent: list[Any]) -> None:
    speak = transport.call_api

    def call_api(*args: Any, **kwargs: Any) -> Any:
        sent.append(kwargs.get("body"))
        return speak(*args, **kwargs)

    transport.call_api = call_api


@scenario_with_vendor
async def a_key_of_the_call_reaches_the_provider(stage: Stage) -> None:
    project = stage.name()
    stage.registered(project, provider="openai")
    asked = {"project": project, "inputs": {"name": "Ada"}, "provider_api_keys": {"openai": CALL_KEY}}
    assert stage.client.complete_deployed(**asked).data[0].output == _digest(CALL_KEY)
    assert (await stage.client.acomplete_deployed(**asked)).data[0].output == _digest(CALL_KEY)


@scenario_with_vendor
async def a_connection_of_ones_own_is_called_with_its_key(stage: Stage) -> None:
    project = stage.name()
    # The clients know v4's providers and refuse to send another name.
    config = {"project": project, "provider": "our-vendor", "model": "llama", "prompt_template": "Hello {{name}}!"}
    stage.http("POST", "/v4/model-configs", config)
    asked = {"project": project, "inputs": {"name": "Ada"}}
    assert stage.client.complete_deployed(**asked).data[0].output == _digest("sk-our-vendors")
    assert (await stage.client.acomplete_deployed(**asked)).data[0].output == _digest("sk-our-vendors")


@scenario_with_vendor
def a_key_of_the_client_reaches_the_provider(stage: Stage) -> None:
    project = stage.name()
    stage.registered(project, provider="openai")
    client = stage.client_with(openai_api_key=CLIENT_KEY)
    assert client.complete_deployed(project=project, inputs={"name": "Ada"}).data[0].output == _digest(CLIENT_KEY)


@scenario_with_vendor
def a_key_of_the_client_goes_before_the_one_of_the_call(stage: Stage) -> None:
    # The client looks for a misspelt name in the call's keys, and so overwrites the one that is there.
    project = stage.name()
    stage.registered(project, provider="openai")
    client = stage.client_with(openai_api_key=CLIENT_KEY)
    answer = client.complete_deployed(
        project=project, inputs={"name": "Ada"}, provider_api_keys={"openai": CALL_KEY, "anthropic": "sk-ant-0"}
    )
    assert answer.data[0].output == _digest(CLIENT_KEY)


@scenario_of_plain_calls
def keys_in_every_body_are_harmless(stage: Stage) -> None:
    options = {f"{name}_api_key": f"{CLIENT_KEY}-{name}" for name in stage.sdk.key_options}
    client = stage.client_with(**options)
    sent = _bodies(client)
    project = stage.name()
    client.projects.create(name=project)
    made = client.model_configs.register(
        project=project, model="gpt-4o", provider="mock", prompt_template="Hello {{name}}!"
    )
    client.projects.update(id=made.project_id, name=project)
    client.projects.deploy_config(project_id=made.project_id, config_id=made.config.id)
    logged = client.log(project=project, config_id=made.config.id, output="x")
    client.log([{"project": project, "config_id": made.config.id, "output": "y"}])
    client.feedback(type="rating", value="good", data_id=logged.id)
    plain = [body for body in sent if isinstance(body, dict)]
    assert len(plain) == 6, sent
    assert all(("provider_api_keys" in body) == stage.sdk.keys_everywhere for body in plain), plain
    sent.clear()
    answer = client.complete_deployed(project=project, inputs={"name": "Ada"})
    assert set(sent[0]["provider_api_keys"]) == set(stage.sdk.key_options)
    assert answer.data[0].output == "[mock gpt-4o] You said: Hello Ada!"
    assert CLIENT_KEY not in str(stage.client.projects.raw.export(id=made.project_id).body)


@scenario
def a_missing_key_is_told_with_where_to_put_one(stage: Stage) -> None:
    project = stage.name()
    stage.registered(project, provider="openai")
    detail = refused(400, lambda: stage.client.complete_deployed(project=project, inputs={"name": "Ada"}))
    assert "provider_api_keys" in detail["message"]
