"""Preparation: from a call and a configuration to what a provider is asked, and with which key."""

from dataclasses import replace

from everloop.domain.config import ConfigVersion
from everloop.domain.policy import Timeouts
from everloop.domain.scope import Scope
from everloop.services.ask import request_of
from everloop.services.command import CompletionCommand
from everloop.services.generate import ProviderCall
from everloop.services.provider_keys import ProviderKeyService
from everloop.services.rendering import Rendering
from everloop.services.tools import ToolService


class Preparation:
    """Everything that one configuration needs to be asked; nothing of it is sent yet."""

    def __init__(self, *, provider_keys: ProviderKeyService, tools: ToolService, rendering: Rendering) -> None:
        self._provider_keys = provider_keys
        self._tools = tools
        self._rendering = rendering

    async def refresh(self) -> None:
        """Reads what another process may have made a moment ago."""
        await self._tools.refresh()

    async def call(
        self,
        scope: Scope,
        command: CompletionCommand,
        version: ConfigVersion,
        samples: int,
        timeouts: Timeouts | None,
        *,
        streamed: bool,
    ) -> ProviderCall:
        """The call of so many samples; `timeouts` of None are the usual ones.

        Raises `MissingInputs`, `Unprocessable`, `InvalidFields`, `BadRequest`, `Unavailable`.
        """
        tools = self._tools.box(scope)
        version = tools.defined(version)
        filler = await self._rendering.filler(version.config, command.inputs, tools.of_templates)
        # From here on nothing is waited for: provider and key are of one snapshot, so that none gets another's.
        name, endpoints = version.config.provider, command.provider_endpoints
        provider = self._provider_keys.provider(scope, name, endpoints)
        request = request_of(command, version, filler, samples, streamed=streamed)
        prepared = provider.prepare(request if timeouts is None else replace(request, timeouts=timeouts))
        key = self._provider_keys.for_call(scope, name, command.provider_api_keys, endpoints)
        return ProviderCall(provider, prepared, key)
