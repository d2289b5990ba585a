"""What is live in the Everloop under measurement, put there over its own API."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from bench.answers import WrongAnswerError
from bench.calls import JSON, MODEL, PROJECT, TEMPLATE, exchange

TEMPERATURES = (1, 0.9, 0.8)
GOOD = {"type": "rating", "value": "good"}


class Made(msgspec.Struct):
    """What the answers to all creations have in common."""

    id: str


class Registered(msgspec.Struct):
    """What registering a configuration answers."""

    config: Made


@dataclass(frozen=True, slots=True)
class Deployed:
    """What was made; `experiment_id` is None when one configuration is live."""

    project_id: str
    experiment_id: str | None


def deploy(port: int, headers: Mapping[str, str], *, arms: int) -> Deployed:
    """Make the project, and put one configuration live, or an experiment of several. Raises WrongAnswerError."""
    project = msgspec.json.decode(_post(port, headers, "/v4/projects", {"name": PROJECT}), type=Made)
    # The first configuration that is registered goes live by itself.
    config_ids = [_register(port, headers, temperature) for temperature in TEMPERATURES[:arms]]
    if arms == 1:
        return Deployed(project.id, None)
    body = {"name": "bench", "config_ids": config_ids, "positive_labels": [GOOD], "set_active": True}
    experiment = _post(port, headers, f"/v4/projects/{project.id}/experiments", body)
    return Deployed(project.id, msgspec.json.decode(experiment, type=Made).id)


def _register(port: int, headers: Mapping[str, str], temperature: float) -> str:
    config = {
        "project": PROJECT,
        "provider": "openai",
        "model": MODEL,
        "endpoint": "complete",
        "prompt_template": TEMPLATE,
        "temperature": temperature,
    }
    answer = _post(port, headers, "/v4/model-configs", config)
    return msgspec.json.decode(answer, type=Registered).config.id


def _post(port: int, headers: Mapping[str, str], path: str, payload: object) -> bytes:
    status, body = exchange(port, "POST", path, {**JSON, **headers}, msgspec.json.encode(payload))
    if status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
        message = f"everloop: POST {path} gave {status}: {body[:500]!r}"
        raise WrongAnswerError(message)
    return body
