"""What another organisation may try on each route: a route without a row here fails the tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

FEEDBACK: Final = {"type": "rating", "value": "bad"}
GOOD: Final = [{"type": "rating", "value": "good"}]


@dataclass(frozen=True, slots=True)
class Try:
    """A request. `{their.…}` is what belongs to the caller, `{our.…}` what belongs to the other organisation.

    `status` is what it must get; what it gets back must not have anything of the other one's.
    """

    path: str
    body: Any = None
    status: int = 404


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """The same with names in place of `{…}`."""
    match value:
        case str():
            for name, text in names.items():
                value = value.replace("{" + name + "}", text)
            return value
        case list():
            return [filled(each, names) for each in value]
        case dict():
            return {key: filled(each, names) for key, each in value.items()}
        case _:
            return value


def _seen(path: str) -> list[Try]:
    """A list of everything that the caller may see."""
    return [Try(path, status=200)]


def _referring(path: str, body: dict[str, Any], *fields: dict[str, Any]) -> list[Try]:
    """The same body with each of these things of the other organisation."""
    return [Try(path, body | each) for each in fields]


_LINKS: Final = (
    {"session_id": "{our.session}"},
    {"parent_id": "{our.log}"},
    {"parent_reference_id": "{our.reference}"},
    {"environment": "{our.environment name}"},
)
_CALL: Final = {"project_id": "{their.project}", "inputs": {"it": "x"}}
_COMPLETION: Final = {"model_config": {"provider": "openai", "model": "gpt-4o", "prompt_template": "Say {{it}}"}}
_SNIPPET: Final = {"provider": "mock", "model": "m", "prompt_template": '{{ same_name("same key") }}'}
_CHAT: Final = {"messages": [{"role": "user", "content": "x"}]}
_OWN_CHAT: Final = {**_CHAT, "model_config": {"provider": "openai", "model": "gpt-4o"}}
_CONFIGS: Final = (
    {"model_config_id": "{our.config}"},
    {"model_config_id": "{our.config}", "stream": True},
    {"model_config_id": "{our.config}", "project_id": "{our.project}"},
)

_MODELS: Final = (
    {"model": "{our.project name}"},
    {"model": "{our.project name}@{our.environment name}"},
    {"model": "{their.project name}@{our.environment name}"},
)
_LINKING: Final = {"project_id": "{their.project}", "model": "m", "prompt_template": "x"}

TRIES: Final[Mapping[str, list[Try]]] = {
    "POST /v4/completion-deployed": [
        *_referring("/v4/completion-deployed", _CALL, {"project_id": "{our.project}"}, *_LINKS),
        *_referring("/v4/completion-deployed", {**_CALL, "stream": True}, {"project_id": "{our.project}"}, *_LINKS),
    ],
    "POST /v4/completion-experiment": _referring(
        "/v4/completion-experiment",
        {"experiment_id": "{their.experiment}", "inputs": {"it": "x"}},
        {"experiment_id": "{our.experiment}"},
        {"experiment_id": "{our.experiment}", "stream": True},
        *_LINKS[:3],
    )
    # Told as it would be of a project that nobody has: the experiment is of another one.
    + [
        Try("/v4/completion-experiment", {"experiment_id": "{their.experiment}", "project_id": each}, 422)
        for each in ("{our.project}", "pr_nobody")
    ],
    "POST /v4/completion": [
        *_referring("/v4/completion", {**_CALL, **_COMPLETION}, {"project_id": "{our.project}"}, *_LINKS[:3]),
        # Both have snippets of these names; the caller gets its own.
        Try("/v4/completion", {**_CALL, "model_config": _SNIPPET}, 200),
        # A connection of the other one is told as one that nobody has.
        *(
            Try("/v4/completion", {**_CALL, "model_config": {**_SNIPPET, "provider": each}}, 422)
            for each in ("{our.connection}", "nobody")
        ),
    ],
    "POST /v4/completion-model-config": [
        *_referring("/v4/completion-model-config", {"inputs": {"it": "x"}}, *_CONFIGS),
        *_referring(
            "/v4/completion-model-config", {"model_config_id": "{their.config}", "inputs": {"it": "x"}}, *_LINKS[:3]
        ),
    ],
    "POST /v4/chat-deployed": _referring(
        "/v4/chat-deployed", {**_CALL, **_CHAT}, {"project_id": "{our.project}"}, _LINKS[3]
    ),
    "POST /v4/chat": [
        *_referring("/v4/chat", {**_CALL, **_OWN_CHAT}, {"project_id": "{our.project}"}, *_LINKS[:3]),
        *_referring("/v4/chat", {**_CALL, **_OWN_CHAT, "stream": True}, {"project_id": "{our.project}"}, *_LINKS[:3]),
    ],
    "POST /v4/chat-model-config": _referring("/v4/chat-model-config", _CHAT, *_CONFIGS),
    "POST /v4/chat-experiment": _referring(
        "/v4/chat-experiment",
        _CHAT,
        {"experiment_id": "{our.experiment}"},
        {"experiment_id": "{our.experiment}", "stream": True},
    ),
    "POST /v4/projects": [Try("/v4/projects", {"name": "new"}, 201)],
    "GET /v4/projects": [Try("/v4/projects?size=50", status=200), Try("/v4/projects?filter=canary", status=200)],
    "GET /v4/projects/{id}": [Try("/v4/projects/{our.project}")],
    "PATCH /v4/projects/{id}": [
        Try("/v4/projects/{our.project}", {"name": "stolen"}),
        Try("/v4/projects/{their.project}", {"active_config_id": "{our.config}"}),
        Try("/v4/projects/{their.project}", {"active_experiment_id": "{our.experiment}"}),
    ],
    "DELETE /v4/projects/{id}": [Try("/v4/projects/{our.project}")],
    "GET /v4/projects/{id}/configs": [Try("/v4/projects/{our.project}/configs")],
    "GET /v4/projects/{id}/active-config": [
        Try("/v4/projects/{our.project}/active-config"),
        Try("/v4/projects/{their.project}/active-config?environment={our.environment name}"),
    ],
    "DELETE /v4/projects/{id}/active-config": [
        Try("/v4/projects/{our.project}/active-config"),
        Try("/v4/projects/{their.project}/active-config?environment={our.environment name}"),
    ],
    "DELETE /v4/projects/{id}/active-experiment": [
        Try("/v4/projects/{our.project}/active-experiment"),
        Try("/v4/projects/{their.project}/active-experiment?environment={our.environment name}"),
    ],
    "POST /v4/projects/{id}/export": [Try("/v4/projects/{our.project}/export")],
    "POST /v4/model-configs": [
        Try("/v4/model-configs", {"project_id": "{our.project}", "model": "m", "prompt_template": "x"}),
        # Told as it would be of a tool that nobody has.
        *(
            Try("/v4/model-configs", {**_LINKING, "tools": [{"id": each, "source": "organization"}]}, 422)
            for each in ("{our.tool}", "oc_nobody")
        ),
    ],
    "GET /v4/model-configs/{id}": [Try("/v4/model-configs/{our.config}")],
    "PATCH /v4/projects/{project_id}/deploy-config": [
        Try("/v4/projects/{our.project}/deploy-config", {"config_id": "{our.config}"}),
        Try("/v4/projects/{our.project}/deploy-config", {"config_id": "{their.config}"}),
        Try("/v4/projects/{their.project}/deploy-config", {"config_id": "{our.config}"}),
        Try("/v4/projects/{their.project}/deploy-config", {"experiment_id": "{our.experiment}"}),
        Try(
            "/v4/projects/{their.project}/deploy-config",
            {"config_id": "{their.config}", "environments": [{"id": "{our.environment}"}]},
        ),
    ],
    "GET /v4/projects/{id}/deployed-configs": [Try("/v4/projects/{our.project}/deployed-configs")],
    "DELETE /v4/projects/{project_id}/deployed-config/{environment_id}": [
        Try("/v4/projects/{our.project}/deployed-config/{our.environment}"),
        Try("/v4/projects/{our.project}/deployed-config/{our.default}"),
        Try("/v4/projects/{our.project}/deployed-config/{their.default}"),
        Try("/v4/projects/{their.project}/deployed-config/{our.default}"),
    ],
    "POST /v4/projects/{project_id}/experiments": [
        Try(
            "/v4/projects/{our.project}/experiments",
            {"name": "n", "positive_labels": GOOD, "config_ids": ["{our.config}"]},
        ),
        Try(
            "/v4/projects/{their.project}/experiments",
            {"name": "n", "positive_labels": GOOD, "config_ids": ["{their.config}", "{our.config}"]},
        ),
    ],
    "GET /v4/projects/{project_id}/experiments": [Try("/v4/projects/{our.project}/experiments")],
    "PATCH /v4/experiments/{experiment_id}": [
        Try("/v4/experiments/{our.experiment}", {"name": "stolen"}),
        Try("/v4/experiments/{their.experiment}", {"config_ids_to_register": ["{our.config}"]}),
    ],
    "DELETE /v4/experiments/{experiment_id}": [Try("/v4/experiments/{our.experiment}")],
    "GET /v4/experiments/{experiment_id}/model-config": [Try("/v4/experiments/{our.experiment}/model-config")],
    "POST /v4/sessions": [Try("/v4/sessions", status=201)],
    "GET /v4/sessions/{id}": [Try("/v4/sessions/{our.session}")],
    "POST /v4/logs": _referring(
        "/v4/logs",
        {"project_id": "{their.project}", "config_id": "{their.config}", "output": "x"},
        {"project_id": "{our.project}"},
        {"config_id": "{our.config}"},
        {"config_id": None, "trial_id": "{our.trial}"},
        *_LINKS,
    ),
    "GET /v4/logs": [Try("/v4/logs?project_id={our.project}")],
    "GET /v4/logs/{id}": [Try("/v4/logs/{our.log}")],
    "POST /v4/feedback": [
        Try("/v4/feedback", {**FEEDBACK, "data_id": "{our.log}"}),
        Try("/v4/feedback", [{**FEEDBACK, "data_id": "{their.log}"}, {**FEEDBACK, "data_id": "{our.log}"}]),
    ],
    "PATCH /v4/logs/{id}": [Try("/v4/logs/{our.log}", {"output": "stolen"})],
    "PATCH /v4/logs": [Try("/v4/logs?reference_id={our.reference}", {"output": "stolen"})],
    # Logs that are not there are deleted already.
    "DELETE /v4/logs": [Try("/v4/logs?id={our.log}", status=204), Try("/v4/logs?id=data_nobody", status=204)],
    "GET /v4/sessions": [Try("/v4/sessions?project_id={our.project}")],
    "POST /v4/projects/{id}/feedback-types": [
        Try("/v4/projects/{our.project}/feedback-types", {"type": "new", "values": []})
    ],
    "PATCH /v4/projects/{id}/feedback-types": [
        Try("/v4/projects/{our.project}/feedback-types", [{"type": "rating", "values": []}])
    ],
    "POST /v4/model-configs/{id}/export": [Try("/v4/model-configs/{our.config}/export")],
    "POST /v4/model-configs/serialize": [
        Try("/v4/model-configs/serialize", {"model": "m", "endpoint": "complete"}, 200)
    ],
    "POST /v4/model-configs/deserialize": [
        Try("/v4/model-configs/deserialize", {"config": "---\nmodel: m\nendpoint: complete\n---\nHi"}, 200)
    ],
    "POST /v4/projects/{project_id}/datasets": [
        Try("/v4/projects/{our.project}/datasets", {"name": "new", "description": ""})
    ],
    "GET /v4/projects/{project_id}/datasets": [Try("/v4/projects/{our.project}/datasets")],
    "GET /v4/datasets": _seen("/v4/datasets"),
    "GET /v4/datasets/{id}": [Try("/v4/datasets/{our.dataset}")],
    "PATCH /v4/datasets/{id}": [Try("/v4/datasets/{our.dataset}", {"name": "stolen"})],
    "DELETE /v4/datasets/{id}": [Try("/v4/datasets/{our.dataset}")],
    "GET /v4/datasets/{dataset_id}/datapoints": [Try("/v4/datasets/{our.dataset}/datapoints")],
    "POST /v4/datasets/{dataset_id}/datapoints": [
        Try("/v4/datasets/{our.dataset}/datapoints", {"inputs": {"it": "x"}}),
        Try("/v4/datasets/{our.dataset}/datapoints", {"log_ids": ["{their.log}"]}),
        Try("/v4/datasets/{their.dataset}/datapoints", {"log_ids": ["{our.log}"]}),
    ],
    "GET /v4/datapoints/{id}": [Try("/v4/datapoints/{our.datapoint}")],
    "PATCH /v4/datapoints/{id}": [Try("/v4/datapoints/{our.datapoint}", {"inputs": {"it": "stolen"}})],
    "DELETE /v4/datapoints": [
        Try("/v4/datapoints", ["{our.datapoint}"]),
        Try("/v4/datapoints", ["{their.datapoint}", "{our.datapoint}"]),
    ],
    "GET /api/datasets/{dataset_id}/versions": [Try("/api/datasets/{our.dataset}/versions")],
    "GET /api/datasets/{dataset_id}/versions/{version}/datapoints": [
        Try("/api/datasets/{our.dataset}/versions/1/datapoints")
    ],
    "GET /api/environments": _seen("/api/environments"),
    "POST /api/environments": [Try("/api/environments", {"name": "new"}, 201)],
    "PATCH /api/environments/{environment_id}": [Try("/api/environments/{our.environment}", {"name": "stolen"})],
    "DELETE /api/environments/{environment_id}": [Try("/api/environments/{our.environment}")],
    "PUT /api/environments/{environment_id}/default": [Try("/api/environments/{our.environment}/default")],
    "GET /api/provider-keys": _seen("/api/provider-keys"),
    "PUT /api/provider-keys/{provider}": [
        Try("/api/provider-keys/openai", {"key": "sk-theirs"}, 200),
        Try("/api/provider-keys/{our.connection}", {"key": "sk-theirs"}, 422),
    ],
    "DELETE /api/provider-keys/{provider}": [
        Try("/api/provider-keys/openai", status=204),
        Try("/api/provider-keys/openai"),
    ],
    "GET /api/connections": _seen("/api/connections"),
    "POST /api/connections": [
        Try("/api/connections", {"name": "theirs-as-well", "base_url": "https://llm.example.com"}, 201)
    ],
    "GET /api/connections/{name}": [Try("/api/connections/{our.connection}")],
    "PATCH /api/connections/{name}": [
        Try("/api/connections/{our.connection}", {"base_url": "https://stolen.example"}),
        Try("/api/connections/{their.connection}", {"key": "sk-theirs"}, 200),
    ],
    "DELETE /api/connections/{name}": [
        Try("/api/connections/{our.connection}"),
        Try("/api/connections/{their.connection}", status=204),
    ],
    "GET /api/api-keys": _seen("/api/api-keys"),
    "POST /api/api-keys": [Try("/api/api-keys", {"name": "new"}, 201)],
    "DELETE /api/api-keys/{key_id}": [Try("/api/api-keys/{our.key}")],
    "GET /api/tools": _seen("/api/tools"),
    "POST /api/tools": [Try("/api/tools", {"kind": "snippet", "name": "new"}, 201)],
    "GET /api/tools/{tool_id}": [Try("/api/tools/{our.tool}")],
    "PATCH /api/tools/{tool_id}": [Try("/api/tools/{our.tool}", {"name": "stolen"})],
    "DELETE /api/tools/{tool_id}": [Try("/api/tools/{our.tool}")],
    "GET /api/limits": _seen("/api/limits"),
    "POST /api/limits": _referring(
        "/api/limits",
        {"measure": "requests", "period": "minute", "amount": 1},
        {"project_id": "{our.project}"},
        {"project_id": "pr_nobody"},
        {"api_key_id": "{our.key}"},
    ),
    "GET /api/limits/{limit_id}": [Try("/api/limits/{our.limit}")],
    "PATCH /api/limits/{limit_id}": [Try("/api/limits/{our.limit}", {"amount": 1})],
    "DELETE /api/limits/{limit_id}": [Try("/api/limits/{our.limit}")],
    "GET /api/prices": _seen("/api/prices"),
    "PUT /api/prices": [
        Try(
            "/api/prices",
            {"provider": "openai", "model": "same model", "prompt_price": 3, "output_price": 4},
            status=200,
        )
    ],
    "DELETE /api/prices/{price_id}": [Try("/api/prices/{our.price}")],
    "GET /api/projects/{project_id}/deployments": [Try("/api/projects/{our.project}/deployments")],
    "GET /api/projects/{project_id}/environments/{environment_id}/policy": [
        Try("/api/projects/{our.project}/environments/{their.environment}/policy"),
        Try("/api/projects/{their.project}/environments/{our.environment}/policy"),
    ],
    "PUT /api/projects/{project_id}/environments/{environment_id}/policy": [
        Try("/api/projects/{our.project}/environments/{our.environment}/policy", {}),
        Try("/api/projects/{their.project}/environments/{our.environment}/policy", {}),
        Try(
            "/api/projects/{their.project}/environments/{their.environment}/policy",
            {"fallbacks": ["{our.config}"]},
            422,
        ),
    ],
    "GET /api/projects/{project_id}/experiments": [Try("/api/projects/{our.project}/experiments")],
    "GET /api/experiments/{experiment_id}": [Try("/api/experiments/{our.experiment}")],
    "PATCH /api/experiments/{experiment_id}": [
        Try("/api/experiments/{our.experiment}", {"name": "stolen"}),
        Try("/api/experiments/{their.experiment}", {"arms": [{"config_id": "{our.config}"}]}),
        Try("/api/experiments/{their.experiment}", {"control": "{our.config}"}),
    ],
    "GET /api/experiments/{experiment_id}/results": [
        Try("/api/experiments/{our.experiment}/results"),
        Try("/api/experiments/{their.experiment}/results?environment={our.environment name}"),
    ],
    "GET /api/experiments/{experiment_id}/timeline": [
        Try("/api/experiments/{our.experiment}/timeline"),
        Try("/api/experiments/{their.experiment}/timeline?environment={our.environment name}"),
    ],
    "POST /api/experiments/{experiment_id}/conclude": [
        Try("/api/experiments/{our.experiment}/conclude", {}),
        Try("/api/experiments/{their.experiment}/conclude", {"winner": "{our.config}"}),
        Try(
            "/api/experiments/{their.experiment}/conclude",
            {"winner": "{their.config}", "environments": [{"id": "{our.environment}"}]},
        ),
    ],
    "POST /openai/v1/chat/completions": _referring(
        "/openai/v1/chat/completions", _CHAT, *_MODELS, *({**each, "stream": True} for each in _MODELS)
    ),
    "POST /openai/v1/completions": [
        *_referring("/openai/v1/completions", {"inputs": {"it": "x"}}, *_MODELS),
        *_referring("/openai/v1/completions", {"model": "{their.project name}", "inputs": {"it": "x"}}, *_LINKS[:3]),
    ],
    "GET /openai/v1/models": _seen("/openai/v1/models"),
    "GET /openai/v1/models/{model}": [
        Try("/openai/v1/models/{our.project name}"),
        Try("/openai/v1/models/{our.project name}@{our.environment name}"),
        Try("/openai/v1/models/{their.project name}@{our.environment name}"),
    ],
    "GET /healthz": [Try("/healthz", status=200)],
    "GET /readyz": [Try("/readyz", status=200)],
    "GET /metrics": _seen("/metrics"),
}
