"""What tokens cost, from the price list that the `genai-prices` package carries."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from everloop.domain.generation import Usage
from everloop.domain.value import value
from everloop.ports.system import Clock, Cost

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice

# Our names of well-known connections and the package's; of other providers, such as `mock`, no price is known.
_PROVIDERS: Final = {
    "openai": "openai",
    "openai_azure": "azure",
    "anthropic": "anthropic",
    "bedrock": "aws",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "google": "google",
    "groq": "groq",
    "mistral": "mistral",
    "together": "together",
    "fireworks": "fireworks",
    "openrouter": "openrouter",
    "xai": "x-ai",
    "perplexity": "perplexity",
}
_LONGEST_MODEL: Final = 200
_REMEMBERED: Final = 1024
_MINUTE: Final = 60_000


@value
class _Rates:
    """US dollars per token.

    Crossing a threshold of prompt tokens changes the price of all tokens of the call: `prompt[n]` and `output[n]` hold
    when n thresholds are below the count of prompt tokens.
    """

    source: ModelPrice
    thresholds: tuple[int, ...]
    prompt: tuple[float, ...]
    output: tuple[float, ...]

    def cost(self, usage: Usage) -> Cost:
        tier = bisect_left(self.thresholds, usage.prompt_tokens)
        return Cost(usage.prompt_tokens * self.prompt[tier], usage.output_tokens * self.output[tier])


class PublishedPrices:
    """`ports.system.Pricing` without any network: prices are as old as the installed package.

    Making one imports the package (about 0.1 s and 20 MB), so make it at start and not in a request. Rates are asked
    of the package once per model, price period and tier (it takes 50 µs a time) and multiplied here (2 µs).
    """

    def __init__(self, clock: Clock) -> None:
        from genai_prices import data_snapshot  # noqa: PLC0415 - slow to import, and not every command needs prices

        listed = data_snapshot.get_snapshot().providers
        by_id = {provider.id: provider for provider in listed}
        self._clock = clock
        self._listed = listed
        self._providers = {ours: by_id[theirs] for ours, theirs in _PROVIDERS.items()}
        # The package's own lookup remembers every model name it was ever asked for; callers choose those names.
        self._model = lru_cache(maxsize=_REMEMBERED)(self._find)
        self._present: dict[tuple[str, str], _Rates | None] = {}
        self._minute = 0
        self._rates: dict[int, _Rates | None] = {}

    def cost(self, provider: str, model: str, usage: Usage) -> Cost | None:
        if len(model) > _LONGEST_MODEL:
            return None
        minute = self._clock.now() // _MINUTE
        if minute != self._minute:
            # Prices may change with the time of day.
            self._present.clear()
            self._minute = minute
        elif len(self._present) >= _REMEMBERED:
            self._present.clear()
        key = (provider, model)
        if key not in self._present:
            self._present[key] = self._look_up(provider, model)
        rates = self._present[key]
        return None if rates is None else rates.cost(usage)

    def _look_up(self, provider: str, model: str) -> _Rates | None:
        found = self._model(provider, model)
        if found is None:
            return None
        return self._rates_of(found.get_prices(datetime.fromtimestamp(self._clock.now() / 1000, UTC)))

    def _find(self, provider: str, model: str) -> ModelInfo | None:
        listed = self._providers.get(provider)
        return None if listed is None else listed.find_model(model, all_providers=self._listed)

    def _rates_of(self, price: ModelPrice) -> _Rates | None:
        # Prices have no hash. Their ids stay theirs, because `_Rates` and the price list hold them.
        key = id(price)
        if key not in self._rates:
            self._rates[key] = _rates(price)
        return self._rates[key]


def _rates(price: ModelPrice) -> _Rates | None:
    """The rates of one price; None when it says nothing about tokens (speech, images, models of unclear price)."""
    from genai_prices import types  # noqa: PLC0415 - as in PublishedPrices

    if price.input_mtok is None and price.output_mtok is None:
        return None
    tiered = [value for value in vars(price).values() if isinstance(value, types.TieredPrices)]
    thresholds = sorted({tier.start for value in tiered for tier in value.tiers})
    prompt, output = [], []
    for first in [1, *(threshold + 1 for threshold in thresholds)]:
        amount = price.calc_price(types.Usage(input_tokens=first, output_tokens=1))
        prompt.append(float(amount["input_price"] / first))
        output.append(float(amount["output_price"]))
    return _Rates(price, tuple(thresholds), tuple(prompt), tuple(output))
