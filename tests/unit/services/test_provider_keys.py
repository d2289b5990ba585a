import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.document import EMPTY_OBJECT
from everloop.domain.reference import ProjectReference
from everloop.errors import BadRequest, NotFound, Unprocessable
from everloop.services.command import CompletionCommand
from tests.fake_provider import generation
from tests.fakes import FakeHouse


@pytest.fixture
async def house():
    return await FakeHouse.build()


def chosen(house, provider="keyed", **given):
    key = house.provider_keys.for_call(house.scope, provider, given)
    return None if key is None else key.value


async def test_the_calls_own_key_comes_before_the_organisations_and_that_before_the_operators(house):
    house.providers.operator_keys["keyed"] = "operator-key"
    assert chosen(house) == "operator-key"
    await house.provider_keys.put(house.scope, "keyed", "organisation-key")
    assert chosen(house) == "organisation-key"
    assert chosen(house, keyed="call-key") == "call-key"
    assert chosen(house, other="call-key") == "organisation-key"


async def test_without_any_key_the_error_says_where_to_put_one(house):
    with pytest.raises(BadRequest) as caught:
        chosen(house)
    assert caught.value.message == (
        "There is no key for provider 'keyed'. Send one with the call (`provider_api_keys`), keep one for the"
        " organisation (`/api/provider-keys`), or set KEYED_API_KEY in the server's environment."
    )


async def test_a_provider_that_needs_no_key_is_called_without_one(house):
    assert chosen(house, "fake") is None


async def test_a_kept_key_is_sealed_and_bound_to_its_place(house):
    key = await house.provider_keys.put(house.scope, "keyed", "organisation-key")
    assert b"organisation-key" not in key.sealed
    assert key.hint == "-key"
    assert "organisation-key" not in repr(await house.provider_keys.all(house.scope))


async def test_a_new_key_replaces_the_old_one_and_can_be_taken_away(house):
    await house.provider_keys.put(house.scope, "keyed", "old-key")
    await house.provider_keys.put(house.scope, "keyed", "new-key")
    assert chosen(house) == "new-key"
    assert len(await house.provider_keys.all(house.scope)) == 1
    await house.provider_keys.delete(house.scope, "keyed")
    with pytest.raises(BadRequest):
        chosen(house)
    with pytest.raises(NotFound):
        await house.provider_keys.delete(house.scope, "keyed")


async def test_a_key_for_nobody_is_refused(house):
    with pytest.raises(Unprocessable):
        await house.provider_keys.put(house.scope, "nobody", "key")


async def test_the_call_carries_the_key_and_nothing_that_is_kept_does(house):
    await house.deploy("p", ModelConfig(model="m", provider="keyed", prompt_template=""))
    house.keyed.answers(generation("x"))
    call = CompletionCommand(
        project=ProjectReference("p"), inputs=EMPTY_OBJECT, provider_api_keys={"keyed": "sk-canary"}
    )
    await house.completion.complete(house.scope, call)
    ((_, key),) = house.keyed.calls
    assert key is not None
    assert key.value == "sk-canary"
    assert "sk-canary" not in repr(house.kept) + repr(house.memory) + repr(call)
