"""The port to prices of organisations."""

from typing import Protocol

from everloop.domain.ids import PriceId
from everloop.domain.price import Price
from everloop.domain.scope import Scope


class PriceStore(Protocol):
    """Prices, one for each model of a provider."""

    async def put(self, scope: Scope, price: Price) -> Price:
        """Keeps it; one that is there for the same model keeps its id and its creation. The price as it is kept."""
        ...

    async def all(self, scope: Scope) -> tuple[Price, ...]:
        """By provider and model."""
        ...

    async def delete(self, scope: Scope, price_id: PriceId) -> None:
        """Raises `errors.NotFound`."""
        ...
