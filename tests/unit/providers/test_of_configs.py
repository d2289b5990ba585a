"""What is made once of a configuration goes with it."""

import gc

import pytest

from everloop.domain.config import ModelConfig
from everloop.errors import Unprocessable
from everloop.providers.of_configs import OfConfigs


def test_it_is_made_once_of_each():
    asked: list[str] = []

    def make(config: ModelConfig) -> str:
        asked.append(config.model)
        return config.model.upper()

    made = OfConfigs(make)
    one, equal, other = ModelConfig("a"), ModelConfig("a"), ModelConfig("b")
    assert [made.of(each) for each in (one, one, equal, other, one)] == ["A", "A", "A", "B", "A"]
    assert asked == ["a", "a", "b"]


def test_one_that_came_with_a_call_goes_with_it():
    made = OfConfigs(lambda config: config.model * 2)
    kept = ModelConfig("kept")
    made.of(kept)
    for number in range(100):
        assert made.of(ModelConfig(str(number))) == str(number) * 2
    gc.collect()
    assert len(made._kept) == 1
    assert made.of(kept) == "keptkept"


def test_what_cannot_be_made_is_asked_for_again():
    def refuse(config: ModelConfig) -> str:
        raise Unprocessable(config.model)

    made, config = OfConfigs(refuse), ModelConfig("a")
    for _ in range(2):
        with pytest.raises(Unprocessable):
            made.of(config)
    assert made._kept == {}
