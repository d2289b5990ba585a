import pytest

from everloop.domain.config import Endpoint, ModelConfig
from everloop.domain.document import Document
from everloop.domain.reference import ProjectReference
from everloop.domain.snippets import Snippets
from everloop.domain.template_tool import ToolResult
from everloop.errors import InvalidFields
from everloop.services.command import Chat, CompletionCommand
from everloop.services.configs import Labels
from everloop.services.rendering import Rendering
from tests.fake_provider import generation
from tests.fake_templates import FakeTemplateEngine
from tests.fakes import FakeHouse

INPUTS = Document({"a": "x"}, b'{"a":"x"}')
TOOLS = {"snippet": Snippets("oc_1", "snippet", {"x": "text"})}
TOLD = (ToolResult("oc_1", "snippet", "snippet(x)", "text"),)
CHAT = (
    {"role": "system", "content": "one"},
    {"role": "user", "content": [{"type": "text", "text": "two"}, {"type": "image_url", "image_url": {"url": "u"}}]},
    {"role": "assistant", "content": None},
    {"role": "user", "content": "one"},
)


@pytest.fixture
def rendering():
    return Rendering(FakeTemplateEngine())


async def test_v4s_own_language_needs_no_engine(rendering):
    filler = await rendering.filler(ModelConfig("m", prompt_template="{{a}}"), INPUTS, TOOLS)
    assert filler.fill("{{a}} {% if a %}{{ snippet(x) }}") == "x {% if a %}text"
    assert filler.finish() == TOLD


async def test_jinja_is_rendered_by_the_engine_with_all_templates_at_once(rendering):
    config = ModelConfig("m", chat_template=CHAT, template_language="jinja")
    filler = await rendering.filler(config, INPUTS, TOOLS)
    assert [filler.fill(each) for each in ("one", "two")] == ['[one {"a":"x"}]', '[two {"a":"x"}]']
    assert filler.finish() == TOLD


@pytest.mark.parametrize(
    ("config", "location"),
    [
        (ModelConfig("m", prompt_template="wrong", template_language="jinja"), ("body", "prompt_template")),
        (ModelConfig("m", chat_template=(*CHAT, {"role": "user", "content": "wrong"}), template_language="jinja"),
         ("body", "chat_template", 4, "content")),
        (ModelConfig("m", chat_template=({"content": [{"type": "text", "text": "wrong"}]},), template_language="jinja"),
         ("body", "chat_template", 0, "content", 0, "text")),
        (ModelConfig("m", prompt_template="bomb", template_language="jinja"), ("body", "prompt_template")),
        (ModelConfig("m", prompt_template="bomb", chat_template=CHAT, template_language="jinja"), ("body",)),
    ],
)  # fmt: skip
async def test_a_wrong_template_is_found_where_it_is(rendering, config, location):
    with pytest.raises(InvalidFields) as caught:
        await rendering.check(config)
    assert [(each.location, each.message) for each in caught.value.issues] == [(location, "It is wrong.")]


@pytest.mark.parametrize(
    "config",
    [
        ModelConfig("m", prompt_template="wrong"),
        ModelConfig("m", prompt_template="right", template_language="jinja"),
        ModelConfig("m", template_language="jinja"),
    ],
)
async def test_what_is_not_wrong_passes(rendering, config):
    await rendering.check(config)


async def test_a_config_with_a_wrong_template_is_not_registered():
    house = await FakeHouse.build()
    wrong = ModelConfig("m", provider="fake", prompt_template="wrong", template_language="jinja")
    with pytest.raises(InvalidFields):
        await house.configs.register(house.scope, ProjectReference("p"), wrong, Labels())
    assert house.directory.organisation(house.scope).projects == {}


@pytest.mark.parametrize("chat", [None, Chat(({"role": "user", "content": "{{a}}"},))])
async def test_calls_get_what_the_engine_rendered(chat):
    house = await FakeHouse.build()
    if chat is None:
        config = ModelConfig("m", "fake", prompt_template="t", template_language="jinja")
    else:
        template = ({"role": "user", "content": "t"},)
        config = ModelConfig("m", "fake", Endpoint.CHAT, chat_template=template, template_language="jinja")
    command = CompletionCommand(ProjectReference("p"), inputs=INPUTS, chat=chat, config=config)
    house.provider.answers(generation("said"))
    await house.completion.complete(house.scope, command)
    ((prepared, _),) = house.provider.calls
    assert prepared.request.prompt == ('[t {"a":"x"}]' if chat is None else '[t {"a":"x"}]\n{{a}}')
