"""OpenAI's models at Azure: the same format, under /openai/v1 of a resource, with the key in a header of its own.

https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle ("API evolution") and /reference-v1
("Authentication").
"""

from collections.abc import Mapping

from everloop.domain.generation import PreparedCall, Secret
from everloop.providers.openai.format import OpenAiFormat


class AzureFormat(OpenAiFormat):
    """A `wire.WireFormat`."""

    def headers(self, url: str, call: PreparedCall, key: Secret | None) -> Mapping[str, str]:  # noqa: ARG002 - the protocol's
        """Azure's name for the key."""
        return {} if key is None else {"api-key": key.value}
