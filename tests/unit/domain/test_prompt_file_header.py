from typing import Any

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.prompt_file_header import header


def test_what_every_file_says():
    assert header(ModelConfig(model="gpt-4o"), {"name": None}, {}).splitlines() == [
        "model: gpt-4o",
        "temperature: 1.0",
        "max_tokens: -1",
        "top_p: 1.0",
        "presence_penalty: 0.0",
        "frequency_penalty: 0.0",
        "provider: openai",
        "endpoint: complete",
    ]


def test_what_is_set_is_said():
    config = ModelConfig(
        model="ft:gpt-4o:org::1",
        seed=0,
        stop=("\n", "#"),
        reasoning_effort="low",
        response_format={"type": "json_object"},
        other={},
        tools=({"name": "search", "parameters": {"required": ["q"], "properties": {}}},),
    )

    lines = header(config, {"name": "First try", "description": None}, {"prompt_template": ""}).splitlines()

    assert lines[:2] == ['name: "First try"', 'model: "ft:gpt-4o:org::1"']
    assert lines[9:] == [
        "seed: 0",
        "reasoning_effort: low",
        'stop: ["\\n", "#"]',
        "response_format: {",
        '  "type": "json_object"',
        "}",
        "tools: [",
        "  {",
        '    "name": "search",',
        '    "parameters": {',
        '      "required": ["q"],',
        '      "properties": {}',
        "    }",
        "  }",
        "]",
        'prompt_template: ""',
    ]


@pytest.mark.parametrize(
    ("model", "written"),
    [
        ("gpt-4o", "gpt-4o"),
        ("meta/llama-3:8b@1", "meta/llama-3:8b@1"),
        ("claude: the model", '"claude: the model"'),
        ("ends:", '"ends:"'),
        ("Yes", '"Yes"'),
        ("null", '"null"'),
        ("7b", '"7b"'),
        ("a #b", '"a #b"'),
        ("", '""'),
        ("é\U0001f600", '"é\U0001f600"'),
        ("\x85\u2028\x7f\ufeff\t", '"\\u0085\\u2028\\u007f\\ufeff\\t"'),
    ],
)
def test_texts_are_quoted_where_yaml_would_read_something_else(model, written):
    assert header(ModelConfig(model=model), {}, {}).splitlines()[0] == f"model: {written}"


def test_a_deep_value_is_no_longer_than_its_text_deserves():
    value: list[Any] = [[]] * 10_000
    for _ in range(190):
        value = [value]
    text = header(ModelConfig(model="m", other={"deep": value}), {}, {})
    assert len(text) < 300_000
    assert text.count("\n" + 20 * " " + "[]") == 10_000


def test_a_key_too_long_for_yaml_to_see_is_announced():
    assert f'  ? "{"k" * 1100}" : 1\n' in header(ModelConfig(model="m", other={"k" * 1100: 1}), {}, {})
    assert f'  "{"k" * 900}": 1\n' in header(ModelConfig(model="m", other={"k" * 900: 1}), {}, {})
