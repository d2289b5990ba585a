"""Configs as `.prompt` files: written, read, and registered from what was read.

The client 0.7.0 cannot serialize: it puts provider keys into the body, and then refuses them itself.
"""

from tests.sdk.scenarios.registry import scenario, scenario_of
from tests.sdk.scenarios.stage import Stage, arefused, refused

CHAT = [
    {"role": "system", "content": "Be kind.\n\n  Always."},
    {"role": "user", "content": "{{question}}"},
]
TOOL = {"name": "weather", "description": "Tells it.", "parameters": {"type": "object", "properties": {}}}
# As it stands in a source file.
INDENTED = """
        ---
        model: gpt-4o
        temperature: 0.5
        provider: mock
        endpoint: chat
        tools: []
        ---

        <system>
          Be kind.
        </system>
        """


@scenario_of("0.7.35")
def a_config_is_serialized_and_deserialized(stage: Stage) -> None:
    asked = {"model": "gpt-4o", "provider": "mock", "endpoint": "chat", "temperature": 0.5, "tools": [TOOL]}
    text = stage.client.model_configs.serialize(chat_template=CHAT, **asked)
    assert isinstance(text, str), text
    assert text.startswith("---\nmodel: gpt-4o\ntemperature: 0.5\n"), text
    assert "<system>\n  Be kind.\n\n    Always.\n</system>\n" in text
    read = stage.client.model_configs.deserialize(config=text)
    assert type(read).__name__ == "ModelConfigResponse"
    assert (read.model, read.provider, read.endpoint, read.temperature) == ("gpt-4o", "mock", "chat", 0.5)
    assert [(each["role"], each["content"]) for each in map(dict, read.chat_template)] == [
        ("system", "Be kind.\n\n  Always."),
        ("user", "{{question}}"),
    ]
    assert [each.name for each in read.tools] == ["weather"]


@scenario_of("0.7.35")
async def a_config_is_serialized_asynchronously(stage: Stage) -> None:
    configs = stage.client.model_configs
    text = await configs.aserialize(model="gpt-4o", provider="mock", prompt_template="Hi {{name}}\n---\n")
    assert text.endswith("endpoint: complete\n---\nHi {{name}}\n---\n"), text
    read = await configs.adeserialize(config=text)
    assert (read.endpoint, read.prompt_template) == ("complete", "Hi {{name}}\n---\n")
    detail = await arefused(422, configs.adeserialize(config="---\nmodel: m\nseed: x\n---\n"))
    assert detail[0]["msg"].startswith("Line 3: "), detail


@scenario
async def a_file_is_deserialized(stage: Stage) -> None:
    configs = stage.client.model_configs
    for read in (configs.deserialize(config=INDENTED), await configs.adeserialize(config=INDENTED)):
        assert type(read).__name__ == "ModelConfigResponse"
        assert (read.model, read.provider, read.endpoint, read.temperature) == ("gpt-4o", "mock", "chat", 0.5)
        (message,) = read.chat_template
        assert (message.role, message.content) == ("system", "Be kind.")
    detail = refused(422, lambda: configs.deserialize(config="---\nmodel: m\nseed: x\n---\n"))
    assert detail[0]["loc"] == ["body", "config"]
    assert detail[0]["msg"].startswith("Line 3: "), detail


@scenario
async def a_registered_config_is_exported(stage: Stage) -> None:
    made = stage.registered(stage.name(), "Hello {{name}}!", seed=7)
    text = stage.client.model_configs.export(id=made.config.id)
    assert text == await stage.client.model_configs.aexport(id=made.config.id)
    assert "seed: 7\n" in text
    assert text.endswith("---\nHello {{name}}!"), text
    assert refused(404, lambda: stage.client.model_configs.export(id="config_x"))["code"] == 404


@scenario
def what_was_read_from_a_file_is_registered(stage: Stage) -> None:
    raw = stage.client.model_configs.raw.deserialize(config=INDENTED).body
    settings = {key: value for key, value in raw.items() if value is not None}
    for key in ("id", "tool_configs", "tools", "type", "template_language"):
        settings.pop(key)
    settings["chat_template"] = [{key: each[key] for key in ("role", "content")} for each in raw["chat_template"]]
    made = stage.client.model_configs.register(project=stage.name(), **settings)
    assert made.config.id != raw["id"]
    text = stage.client.model_configs.export(id=made.config.id)
    assert text.endswith("endpoint: chat\n---\n<system>\n  Be kind.\n</system>\n"), text
