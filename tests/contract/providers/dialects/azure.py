"""Azure OpenAI: OpenAI's own words (https://learn.microsoft.com/azure/ai-foundry/openai/latest)."""

from tests.contract.providers.dialects.openai import OpenAi


class Azure(OpenAi):
    name = "azure"
