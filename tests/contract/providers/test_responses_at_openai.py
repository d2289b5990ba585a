"""A connection of OpenAI's format calls models that are only in Responses there, and reads their answers."""

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.generation import Finish, GenerationRequest, TextDelta, Usage, UsageReport
from everloop.errors import FailureKind, ProviderFailure, Unprocessable
from tests.contract.providers.conftest import Caller
from tests.contract.providers.dialects.dialect import Said
from tests.contract.providers.dialects.responses import Responses
from tests.contract.providers.dialects.speaking import says
from tests.upstream import Upstream, status

SAID = Said("Hello there.")


async def test_a_plain_answer(upstream: Upstream, caller: Caller):
    upstream.answer(says(Responses(), SAID, streamed=False))
    generation = await caller.plain("gpt-5-pro")
    assert [each.text for each in generation.samples] == ["Hello there."]
    assert generation.usage == Usage(7, 5, 0)
    assert upstream.requests[0].path == "/v1/responses"
    assert upstream.requests[0].json == {
        "model": "gpt-5-pro",
        "input": [{"role": "user", "content": "hello there"}],
        "store": False,
    }


async def test_a_streamed_answer(upstream: Upstream, caller: Caller):
    upstream.answer(says(Responses(), SAID, streamed=True))
    events = await caller.streamed("gpt-5-pro")
    assert "".join(each.text for each in events if isinstance(each, TextDelta)) == "Hello there."
    assert [type(each) for each in events if not isinstance(each, TextDelta)] == [UsageReport, Finish]
    assert upstream.requests[0].json["stream"] is True


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
async def test_several_samples_are_asked_for_one_by_one(upstream: Upstream, caller: Caller, streamed: bool):
    upstream.answer(says(Responses(), SAID, streamed=streamed))
    if streamed:
        events = await caller.streamed("gpt-5-pro", samples=3)
        assert [each.sample for each in events if isinstance(each, Finish)] == [0]
    else:
        assert len((await caller.plain("gpt-5-pro", samples=3)).samples) == 1
    assert "n" not in upstream.requests[0].json


async def test_a_refusal(upstream: Upstream, caller: Caller):
    upstream.answer(status(404, Responses().refusal(404, "No such model.")))
    with pytest.raises(ProviderFailure, match=r"No such model\.") as caught:
        await caller.plain("gpt-5-pro")
    assert caught.value.kind is FailureKind.NOT_FOUND


def test_what_responses_have_no_place_for_is_refused_although_the_format_has_one(caller: Caller):
    for config in (ModelConfig("gpt-5-pro", seed=1), ModelConfig("gpt-5-pro", stop=("a",))):
        with pytest.raises(Unprocessable, match=r"OpenAI's Responses API cannot do `(seed|stop)`"):
            caller.provider.prepare(GenerationRequest(config, "Hi"))
