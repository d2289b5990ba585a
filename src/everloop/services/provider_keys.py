"""Providers' keys: an organisation's own, sealed and write-only; and the choice of the key for one call."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from everloop.domain.generation import Secret
from everloop.domain.ids import Prefix, ProviderKeyId
from everloop.domain.keys import ProviderKey, hint_of
from everloop.domain.scope import Scope
from everloop.errors import BadRequest, NotFound, UnknownProvider
from everloop.ports.organisations import KeyStore
from everloop.ports.providers import Provider, Providers
from everloop.ports.system import Clock, Ids, SecretBox
from everloop.services.directory import Directory

_NOWHERE_ELSE: Final[Mapping[str, str]] = {}


class ProviderKeyService:
    """The use cases of providers' keys."""

    def __init__(
        self,
        *,
        directory: Directory,
        keys: KeyStore,
        box: SecretBox,
        providers: Providers,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._directory = directory
        self._keys = keys
        self._box = box
        self._providers = providers
        self._clock = clock
        self._ids = ids

    async def put(self, scope: Scope, provider: str, key: str) -> ProviderKey:
        """Seals and keeps the key in place of the one before. Raises `Unprocessable` for an unknown provider."""
        try:
            self.provider(scope, provider)
        except UnknownProvider:
            # Another process may have made the connection a moment ago: one read before saying no.
            await self._directory.refresh()
            self.provider(scope, provider)
        sealed = self.sealed(scope, provider, key)
        await self._keys.put_provider_key(scope, sealed)
        await self._directory.refresh()
        return sealed

    def sealed(self, scope: Scope, provider: str, key: str) -> ProviderKey:
        """The key as it may be kept, for this provider of this organisation alone."""
        now = self._clock.now()
        key_id = ProviderKeyId(self._ids.new(Prefix.PROVIDER_KEY))
        row = ProviderKey(key_id, scope.organisation_id, provider, b"", hint_of(key), now, now)
        return replace(row, sealed=self._box.seal(key, row.context))

    async def all(self, scope: Scope) -> tuple[ProviderKey, ...]:
        """What is kept, without the keys."""
        return await self._keys.provider_keys(scope)

    async def delete(self, scope: Scope, provider: str) -> None:
        """Forgets it. Raises `NotFound`."""
        if not await self._keys.delete_provider_key(scope, provider):
            raise NotFound(f"No key is kept for provider {provider!r}.")
        await self._directory.refresh()

    def provider(self, scope: Scope, name: str, endpoints: Mapping[str, str] = _NOWHERE_ELSE) -> Provider:
        """Whom a call asks: at the address that it gave, if it gave one, else where the name leads.

        Without waiting for anything between this and `for_call` both are of one snapshot: no key goes where it was not
        given for. Raises `Unprocessable`.
        """
        own = self._directory.organisation(scope).connections
        if endpoints and name in endpoints and name not in own:
            return self._providers.at(name, endpoints[name])
        return self._providers.get(name, own)

    def for_call(
        self, scope: Scope, provider: str, given: Mapping[str, str], endpoints: Mapping[str, str] = _NOWHERE_ELSE
    ) -> Secret | None:
        """The key for one call: the request's own, else the organisation's, else the operator's.

        Raises `BadRequest`, saying where to put one, when there is none and the provider needs one. A call that says
        where its provider is brings its own: those that are kept are for the places they were given for.
        """
        if key := given.get(provider):
            return Secret(key)
        view = self._directory.organisation(scope)
        if endpoints and provider in endpoints and provider not in view.connections:
            raise BadRequest(
                f"A call that says where {provider!r} is brings the key for it, too: `{provider}` in"
                " `provider_api_keys`."
            )
        kept = view.provider_keys.get(provider)
        if kept is not None:
            return Secret(self._box.open(kept.sealed, kept.context))
        own = view.connections.get(provider)
        key_of_operator = None if own is not None else self._providers.operator_key(provider)
        if key_of_operator is None and self._providers.get(provider, view.connections).needs_key:
            ways = [
                "Send one with the call (`provider_api_keys`)",
                "keep one for the organisation (`/api/provider-keys`)",
            ]
            if own is None:
                ways.append(f"set {self._providers.environment_variable(provider)} in the server's environment")
            raise BadRequest(f"There is no key for provider {provider!r}. {', '.join(ways[:-1])}, or {ways[-1]}.")
        return key_of_operator
