"""Keys: ours, which callers show us, and the providers', which we show to providers."""

import hashlib

from everloop.domain.ids import ApiKeyId, OrganisationId, ProviderKeyId
from everloop.domain.value import value


@value
class ApiKey:
    """An API key as it is kept: `digest` is the SHA-256 of the key itself, which is shown once and kept nowhere.

    `hint` is its last four characters, to tell keys apart in a list. Times are Unix milliseconds.
    """

    id: ApiKeyId
    organisation_id: OrganisationId
    name: str
    digest: bytes
    hint: str
    created_at: int
    revoked_at: int | None = None


def digest_of(key: str) -> bytes:
    """What is stored in place of an API key. A fast hash does: with 160 random bits there is nothing to guess."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


@value
class ProviderKey:
    """An organisation's key for one provider, sealed. `hint` is its last four characters."""

    id: ProviderKeyId
    organisation_id: OrganisationId
    provider: str
    sealed: bytes
    hint: str
    created_at: int
    updated_at: int

    @property
    def context(self) -> bytes:
        """What the seal is bound to: this row and no other."""
        return f"provider_key\x00{self.organisation_id}\x00{self.provider}\x00{self.id}".encode()


def hint_of(key: str) -> str:
    """The last four characters of a key that is long enough for them to give nothing away."""
    return key[-4:] if len(key) >= 12 else ""
