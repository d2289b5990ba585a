"""What a state of a prediction says. The shapes are those of replicate-python's cassettes and types."""

import json
from typing import Any

import pytest

from everloop.domain.generation import Usage
from everloop.errors import FailureKind, ProviderFailure
from everloop.providers.replicate.prediction import Prediction, parsed


def state(**fields: Any) -> Prediction:
    return parsed(json.dumps({"id": "heat2o3bzn3ahtr6bjfftvbaci", "status": "processing", **fields}).encode(), "R")


@pytest.mark.parametrize(
    ("status", "finished", "kind"),
    [
        ("starting", False, None),
        ("processing", False, None),
        ("something new", False, None),
        ("succeeded", True, None),
        ("failed", True, FailureKind.SERVER_ERROR),
        ("canceled", True, FailureKind.SERVER_ERROR),
        ("aborted", True, FailureKind.TIMEOUT),
    ],
)
def test_statuses(status: str, *, finished: bool, kind: FailureKind | None):
    prediction = state(status=status, error="CUDA out of memory")
    failure = prediction.failure("R")
    assert prediction.finished is finished
    assert (failure.kind if failure else None) is kind
    assert failure is None or (failure.message, failure.upstream_code) == ("CUDA out of memory", 200)


@pytest.mark.parametrize("error", [None, "", 7, {"why": "x"}])
def test_a_failure_without_words_gets_some(error: Any):
    failure = state(status="failed", error=error).failure("Replicate")
    assert failure is not None
    assert failure.message == "Replicate failed without an explanation."


def test_long_words_are_cut():
    failure = state(status="failed", error="x" * 5000).failure("R")
    assert failure is not None
    assert len(failure.message) == 2000


@pytest.mark.parametrize(
    ("output", "growing", "text"),
    [
        (None, "", ""),
        ("Hi", "Hi", "Hi"),
        (["", " Su", "re!"], " Sure!", " Sure!"),
        ([], "", ""),
        ({"json_output": {"a": 1}}, None, '{"json_output":{"a":1}}'),
        ([1, "a"], None, '[1,"a"]'),
        (7, None, "7"),
    ],
)
def test_outputs(output: Any, growing: str | None, text: str):
    prediction = state(status="succeeded", output=output)
    assert (prediction.growing, prediction.text) == (growing, text)


@pytest.mark.parametrize(
    ("metrics", "usage"),
    [
        ({"input_token_count": 5, "output_token_count": 7, "predict_time": 0.5}, Usage(5, 7)),
        ({"predict_time": 0.5}, None),
        ({"input_token_count": "5", "output_token_count": 7}, None),
        (None, None),
        ([], None),
    ],
)
def test_usage(metrics: Any, usage: Usage | None):
    assert state(metrics=metrics).usage == usage


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"id": "x"}',
        b'{"status": "succeeded"}',
        b'{"id": 7, "status": "succeeded"}',
        b'{"id": "x", "status": null}',
        b'{"id": "", "status": "succeeded"}',
        b'{"id": "..", "status": "succeeded"}',
        b'{"id": "a/b", "status": "succeeded"}',
        b'{"id": "a?b", "status": "succeeded"}',
        b'{"id": "a\\r\\nHost: evil", "status": "succeeded"}',
    ],
)
def test_states_of_another_shape_are_malformed(body: bytes):
    with pytest.raises(ProviderFailure) as caught:
        parsed(body, "Replicate")
    assert (caught.value.kind, caught.value.origin) == (FailureKind.MALFORMED, "Replicate")
