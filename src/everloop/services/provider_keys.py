"""Providers' keys: an organisation's own, sealed and write-only; and the choice of the key for one call."""

from collections.abc import Mapping

from everloop.domain.generation import Secret
from everloop.domain.ids import Prefix, ProviderKeyId
from everloop.domain.keys import ProviderKey, hint_of
from everloop.domain.scope import Scope
from everloop.errors import BadRequest, NotFound
from everloop.ports.organisations import KeyStore
from everloop.ports.providers import Providers
from everloop.ports.system import Clock, Ids, SecretBox
from everloop.services.directory import Directory


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
        self._providers.get(provider)
        now = self._clock.now()
        key_id = ProviderKeyId(self._ids.new(Prefix.PROVIDER_KEY))
        row = ProviderKey(key_id, scope.organisation_id, provider, b"", hint_of(key), now, now)
        sealed = ProviderKey(
            key_id, scope.organisation_id, provider, self._box.seal(key, row.context), row.hint, now, now
        )
        await self._keys.put_provider_key(scope, sealed)
        await self._directory.refresh()
        return sealed

    async def all(self, scope: Scope) -> tuple[ProviderKey, ...]:
        """What is kept, without the keys."""
        return await self._keys.provider_keys(scope)

    async def delete(self, scope: Scope, provider: str) -> None:
        """Forgets it. Raises `NotFound`."""
        if not await self._keys.delete_provider_key(scope, provider):
            raise NotFound(f"No key is kept for provider {provider!r}.")
        await self._directory.refresh()

    def for_call(self, scope: Scope, provider: str, given: Mapping[str, str]) -> Secret | None:
        """The key for one call: the request's own, else the organisation's, else the operator's.

        Raises `BadRequest`, saying where to put one, when there is none and the provider needs one.
        """
        if key := given.get(provider):
            return Secret(key)
        kept = self._directory.organisation(scope).provider_keys.get(provider)
        if kept is not None:
            return Secret(self._box.open(kept.sealed, kept.context))
        key_of_operator = self._providers.operator_key(provider)
        if key_of_operator is None and self._providers.get(provider).needs_key:
            raise BadRequest(
                f"There is no key for provider {provider!r}. Send one with the call (`provider_api_keys`), keep one for"
                " the organisation (`/api/provider-keys`), or set"
                f" {self._providers.environment_variable(provider)} in the server's environment."
            )
        return key_of_operator
