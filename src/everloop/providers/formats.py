"""Every wire format that a connection may speak, by its name."""

from collections.abc import Mapping
from typing import Final

from everloop.providers.anthropic.format import AnthropicFormat
from everloop.providers.bedrock.format import BedrockFormat
from everloop.providers.cohere.format import CohereFormat
from everloop.providers.google.format import GoogleFormat
from everloop.providers.openai.azure import AzureFormat
from everloop.providers.openai.format import OpenAiFormat
from everloop.providers.replicate.format import ReplicateFormat
from everloop.providers.responses.format import ResponsesFormat
from everloop.providers.wire import WireFormat

FORMATS: Final[Mapping[str, WireFormat]] = {
    "anthropic": AnthropicFormat(),
    "azure": AzureFormat(),
    "bedrock": BedrockFormat(),
    "cohere": CohereFormat(),
    "google": GoogleFormat(),
    "openai": OpenAiFormat(),
    "replicate": ReplicateFormat(),
    "responses": ResponsesFormat(),
}
