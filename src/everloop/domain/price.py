"""Prices that an organisation knows better than the published ones."""

from typing import Final

from everloop.domain.generation import Usage
from everloop.domain.ids import PriceId
from everloop.domain.value import value

_MILLION: Final = 1_000_000


@value
class Price:
    """What a model of a provider costs: US dollars for a million tokens. Times are Unix milliseconds."""

    id: PriceId
    provider: str
    model: str
    prompt_price: float
    output_price: float
    created_at: int
    updated_at: int

    def of_prompt(self, usage: Usage) -> float:
        """US dollars for the prompt."""
        return usage.prompt_tokens * self.prompt_price / _MILLION

    def of_output(self, usage: Usage) -> float:
        """US dollars for the output, reasoning included."""
        return usage.output_tokens * self.output_price / _MILLION
