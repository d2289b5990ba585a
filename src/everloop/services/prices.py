"""Prices: an organisation's own, and what tokens cost by them or else by the published ones."""

from everloop.domain.config import ModelConfig
from everloop.domain.generation import Usage
from everloop.domain.ids import Prefix, PriceId
from everloop.domain.price import Price
from everloop.domain.scope import Scope
from everloop.domain.value import value
from everloop.ports.prices import PriceStore
from everloop.ports.system import Clock, Cost, Ids, Pricing
from everloop.services.directory import Directory


@value
class NewPrice:
    """What a person says of a price: US dollars for a million tokens."""

    provider: str
    model: str
    prompt_price: float
    output_price: float


class PriceService:
    """The use cases of prices. Calls read them from the snapshot, people from the database."""

    def __init__(self, *, directory: Directory, prices: PriceStore, published: Pricing, clock: Clock, ids: Ids) -> None:
        self._directory = directory
        self._prices = prices
        self._published = published
        self._clock = clock
        self._ids = ids

    def cost(self, scope: Scope, config: ModelConfig, usage: Usage) -> Cost | None:
        """What a sample costs, by the organisation's price if it has one; None when nobody knows a price."""
        own = self._directory.organisation(scope).prices
        price = own.get((config.provider, config.model)) if own else None
        if price is not None:
            return Cost(price.of_prompt(usage), price.of_output(usage))
        return self._published.cost(config.provider, config.model, usage)

    async def all(self, scope: Scope) -> tuple[Price, ...]:
        """Those of the organisation, by provider and model."""
        return await self._prices.all(scope)

    async def put(self, scope: Scope, new: NewPrice) -> Price:
        """Keeps it, in the place of one for the same model. It is in force for what ends from now on."""
        now = self._clock.now()
        price_id = PriceId(self._ids.new(Prefix.PRICE))
        price = Price(price_id, new.provider, new.model, new.prompt_price, new.output_price, now, now)
        kept = await self._prices.put(scope, price)
        await self._directory.refresh()
        return kept

    async def delete(self, scope: Scope, price_id: str) -> None:
        """From now on the published price is in force. Raises `NotFound`."""
        await self._prices.delete(scope, PriceId(price_id))
        await self._directory.refresh()
