"""Ports to model providers."""

from collections.abc import AsyncGenerator, Mapping
from typing import Final, Protocol

from everloop.domain.capabilities import Capabilities
from everloop.domain.connection import KnownConnection, OwnConnection
from everloop.domain.generation import Event, Generation, GenerationRequest, PreparedCall, Secret


class Provider(Protocol):
    """One vendor, spoken to in its own wire format."""

    @property
    def origin(self) -> str:
        """The display name for errors, such as `OpenAI`."""
        ...

    @property
    def needs_key(self) -> bool:
        """Whether a call without a key is senseless."""
        ...

    @property
    def samples_together(self) -> bool:
        """Whether one request may ask for several samples; of others each sample is a request of its own."""
        ...

    def prepare(self, request: GenerationRequest) -> PreparedCall:
        """The request in the vendor's words; no I/O. Raises `errors.Unprocessable` for what the vendor cannot do."""
        ...

    async def complete(self, call: PreparedCall, key: Secret | None) -> Generation:
        """The whole answer. Raises `errors.ProviderFailure`; retries are inside."""
        ...

    def stream(self, call: PreparedCall, key: Secret | None) -> AsyncGenerator[Event, None]:
        """The answer as it comes.

        Raises `errors.ProviderFailure` only before the first event (retries are inside, and only there); what breaks
        later is a `Failure` event. Closing the generator closes the upstream connection.
        """
        ...


# Of an organisation that has no connections of its own.
NO_CONNECTIONS: Final[Mapping[str, OwnConnection]] = {}


class Providers(Protocol):
    """Every provider that configurations may name."""

    def get(self, name: str, own: Mapping[str, OwnConnection] = NO_CONNECTIONS) -> Provider:
        """The provider of that name, for the organisation whose connections these are, by their names.

        Raises `errors.Unprocessable`, naming those that there are.
        """
        ...

    def at(self, name: str, endpoint: str) -> Provider:
        """The provider of that name where a call says it is. Raises `errors.Unprocessable` unless that may be."""
        ...

    def names(self) -> tuple[str, ...]:
        """The names that `get` knows for every organisation."""
        ...

    def operator_key(self, name: str) -> Secret | None:
        """The key that the operator set in the environment for this provider, if any."""
        ...

    def environment_variable(self, name: str) -> str:
        """The name of the variable that `operator_key` comes from, for error messages."""
        ...

    def formats(self) -> Mapping[str, Capabilities]:
        """What connections may speak, and what each format has a place for."""
        ...

    def known(self) -> tuple[KnownConnection, ...]:
        """Every well-known connection, also those that cannot be called."""
        ...

    def check_destination(self, base_url: str) -> None:
        """Raises `errors.InvalidFields` for a base URL at an address that no call of an organisation goes to."""
        ...
