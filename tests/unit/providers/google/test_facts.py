"""Generations of models by their names."""

import pytest

from everloop.providers.google.facts import is_earlier


@pytest.mark.parametrize(
    "model",
    [
        "gemini-2.5-flash",
        "models/gemini-2.5-pro",
        "gemini-2.0-flash-lite-001",
        "gemini-1.5-pro",
        "gemini-pro",
        "gemini-pro-vision",
        "gemini-exp-1206",
        "gemini-robotics-er-1.6-preview",
        "gemma-3-27b-it",
        "learnlm-2.0-flash-experimental",
    ],
)
def test_earlier_than_gemini_3(model: str):
    assert is_earlier(model)


@pytest.mark.parametrize(
    "model",
    [
        "gemini-3.8-flash",
        "models/gemini-4-argon",
        "gemini-10-flash",
        "gemini-flash-latest",
        "gemini-pro-latest",
        "nova",
    ],
)
def test_of_now(model: str):
    assert not is_earlier(model)
