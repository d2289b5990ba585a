"""A house in which something is live; tests of other houses build their own."""

import pytest

from everloop.domain.config import ModelConfig
from tests.fakes import FakeHouse


@pytest.fixture
async def house() -> FakeHouse:
    house = await FakeHouse.build()
    await house.deploy("p", ModelConfig(model="m", provider="fake", prompt_template="Say {{it}}"))
    return house
