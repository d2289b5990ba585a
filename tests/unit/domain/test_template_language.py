from everloop.domain.config import ModelConfig
from everloop.domain.template_language import templates_of


def test_every_text_of_a_config_that_is_a_template_is_found_with_its_place():
    config = ModelConfig(
        "m",
        prompt_template="p",
        chat_template=(
            {"role": "system"},
            {"role": "system", "content": None},
            {"role": "user", "content": "a", "name": "no"},
            {
                "role": "user",
                "content": [{"type": "image_url", "image_url": {"url": "no"}}, {"type": "text", "text": "b"}],
            },
            {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "no", "arguments": "no"}}]},
        ),
        tools=({"name": "no", "description": "no"},),
    )
    assert list(templates_of(config)) == [
        (("prompt_template",), "p"),
        (("chat_template", 2, "content"), "a"),
        (("chat_template", 3, "content", 1, "text"), "b"),
        (("chat_template", 4, "content"), ""),
    ]
    assert list(templates_of(ModelConfig("m"))) == []
