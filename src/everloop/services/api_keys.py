"""API keys: made, shown once, revoked."""

from everloop.domain.ids import ApiKeyId, Prefix
from everloop.domain.keys import ApiKey, digest_of, hint_of
from everloop.domain.scope import Scope
from everloop.errors import NotFound
from everloop.ports.organisations import KeyStore
from everloop.ports.system import Clock, Ids
from everloop.services.directory import Directory


class ApiKeyService:
    """The use cases of API keys."""

    def __init__(self, *, directory: Directory, keys: KeyStore, clock: Clock, ids: Ids) -> None:
        self._directory = directory
        self._keys = keys
        self._clock = clock
        self._ids = ids

    async def create(self, scope: Scope, name: str) -> tuple[ApiKey, str]:
        """The key as it is kept, and the key itself, which is told this once."""
        plain = self._ids.api_key()
        return await self.adopt(scope, name, plain), plain

    async def adopt(self, scope: Scope, name: str, plain: str) -> ApiKey:
        """Makes a key that the operator chose valid."""
        key_id = ApiKeyId(self._ids.new(Prefix.API_KEY))
        key = ApiKey(key_id, scope.organisation_id, name, digest_of(plain), hint_of(plain), self._clock.now())
        await self._keys.add_api_key(scope, key)
        await self._directory.refresh()
        return key

    async def all(self, scope: Scope) -> tuple[ApiKey, ...]:
        """Newest first, the revoked ones included."""
        return await self._keys.api_keys(scope)

    async def revoke(self, scope: Scope, key_id: str) -> ApiKey:
        """From now on nobody gets in with it. Raises `NotFound`."""
        key = await self._keys.revoke_api_key(scope, ApiKeyId(key_id), self._clock.now())
        if key is None:
            raise NotFound(f"There is no API key with the id {key_id!r}.")
        await self._directory.refresh()
        return key
