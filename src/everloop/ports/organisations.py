"""The ports to organisations and their keys."""

from typing import Protocol

from everloop.domain.environment import Environment
from everloop.domain.ids import ApiKeyId
from everloop.domain.keys import ApiKey, ProviderKey
from everloop.domain.organisation import Organisation
from everloop.domain.scope import Scope


class OrganisationStore(Protocol):
    """Organisations; the one store that is not inside one."""

    async def create(self, organisation: Organisation, environment: Environment) -> None:
        """With its first environment. Raises `errors.Conflict` when the name is taken."""
        ...

    async def create_first(self, organisation: Organisation, environment: Environment) -> bool:
        """The same, unless there is an organisation already; whether it was made. Safe when several processes start."""
        ...

    async def all(self) -> tuple[Organisation, ...]:
        """Oldest first."""
        ...


class KeyStore(Protocol):
    """API keys and providers' keys."""

    async def add_api_key(self, scope: Scope, key: ApiKey) -> None: ...

    async def api_keys(self, scope: Scope) -> tuple[ApiKey, ...]:
        """Newest first, the revoked ones included."""
        ...

    async def revoke_api_key(self, scope: Scope, key_id: ApiKeyId, now: int) -> ApiKey | None:
        """The key as revoked (at its first revocation), None when there is none of that id."""
        ...

    async def put_provider_key(self, scope: Scope, key: ProviderKey) -> None:
        """Replaces the key that the organisation had for that provider."""
        ...

    async def provider_keys(self, scope: Scope) -> tuple[ProviderKey, ...]: ...

    async def delete_provider_key(self, scope: Scope, provider: str) -> bool:
        """Whether there was one."""
        ...
