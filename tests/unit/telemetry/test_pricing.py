import subprocess
import sys
import tracemalloc
from datetime import UTC, datetime

import pytest
from genai_prices import Usage as PackageUsage
from genai_prices import calc_price, data_snapshot
from genai_prices.types import TieredPrices

from everloop.domain.generation import Usage
from everloop.ports.system import Cost, Pricing
from everloop.telemetry.pricing import _PROVIDERS, PublishedPrices


class StoppedClock:
    def __init__(self, milliseconds: int) -> None:
        self.milliseconds = milliseconds

    def now(self) -> int:
        return self.milliseconds

    def monotonic(self) -> float:
        return 0.0


def dollars(cost: Cost | None) -> tuple[float, float]:
    assert cost
    return cost.prompt, cost.output


def at(moment: datetime) -> StoppedClock:
    return StoppedClock(int(moment.timestamp() * 1000))


PRICES: Pricing = PublishedPrices(at(datetime(2026, 1, 15, 12, tzinfo=UTC)))


@pytest.mark.parametrize(
    ("provider", "model", "prompt", "output"),
    [
        # openai.com/api/pricing: 2.50 and 10 dollars for a million tokens.
        ("openai", "gpt-4o", 2.5, 10.0),
        ("openai", "gpt-3.5-turbo-instruct", 1.5, 2.0),
        ("openai_azure", "gpt-35-turbo", 0.5, 1.5),
        ("anthropic", "claude-3-opus-20240229", 15.0, 75.0),
        ("bedrock", "anthropic.claude-3-5-sonnet-20240620-v1:0", 3.0, 15.0),
        ("cohere", "command-r", 0.15, 0.6),
        ("groq", "llama3-8b-8192", 0.05, 0.08),
        ("xai", "grok-3", 3.0, 15.0),
    ],
)
def test_well_known_prices(provider: str, model: str, prompt: float, output: float):
    cost = PRICES.cost(provider, model, Usage(1_000_000, 1_000_000))
    assert dollars(cost) == pytest.approx((prompt, output))


@pytest.mark.parametrize(
    ("prompt_tokens", "cost"),
    [(0, (0, 0.01)), (200_000, (0.25, 0.01)), (200_001, (0.5000025, 0.015)), (400_000, (1.0, 0.015))],
)
def test_a_long_prompt_changes_the_price_of_every_token(prompt_tokens: int, cost: tuple[float, float]):
    # ai.google.dev/gemini-api/docs/pricing: 1.25 and 10 dollars up to 200,000 tokens of prompt, 2.50 and 15 beyond.
    found = PRICES.cost("google", "gemini-2.5-pro", Usage(prompt_tokens, 1000))
    assert dollars(found) == pytest.approx(cost)


def priced_models():
    """Every model that we have a name for, unless the package does not find it under its own id (`ft:gpt-4o`)."""
    by_id = {provider.id: provider for provider in data_snapshot.get_snapshot().providers}
    for ours, theirs in _PROVIDERS.items():
        for model in by_id[theirs].models:
            if found := by_id[theirs].find_model(model.id):
                yield ours, theirs, model.id, found


def counts(model) -> list[tuple[int, int]]:
    """Usages on both sides of every threshold of the model."""
    prices = model.prices if isinstance(model.prices, list) else [model]
    starts = {
        tier.start
        for conditional in prices
        for value in vars(conditional.prices).values()
        if isinstance(value, TieredPrices)
        for tier in value.tiers
    }
    return [(0, 0), (0, 7), (13, 0), (1234, 567), *((start + more, 89) for start in starts for more in (0, 1, 1000))]


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2024, 6, 1, 3, tzinfo=UTC),
        datetime(2025, 3, 1, 17, 30, tzinfo=UTC),
        datetime(2026, 11, 20, 23, 59, tzinfo=UTC),
    ],
)
def test_every_model_costs_what_the_package_says(moment: datetime):
    prices, compared, unknown = PublishedPrices(at(moment)), 0, 0
    for ours, theirs, name, found in priced_models():
        for prompt, output in counts(found):
            package = calc_price(
                PackageUsage(input_tokens=prompt, output_tokens=output),
                name,
                provider_id=theirs,
                genai_request_timestamp=moment,
            )
            cost = prices.cost(ours, name, Usage(prompt, output))
            if cost is None:
                unknown += 1
                assert not package.input_price
                assert not package.output_price
            else:
                compared += 1
                assert cost.prompt == pytest.approx(float(package.input_price), abs=1e-15), name
                assert cost.output == pytest.approx(float(package.output_price), abs=1e-15), name
    assert compared > 1500
    assert unknown < compared / 5


def test_the_price_follows_the_clock():
    clock = StoppedClock(0)
    prices = PublishedPrices(clock)
    # Prices of o3 fell on 2025-06-10.
    costs = []
    for moment in (datetime(2025, 6, 9, 23, 59, 59, tzinfo=UTC), datetime(2025, 6, 10, tzinfo=UTC)):
        clock.milliseconds = int(moment.timestamp() * 1000)
        costs.append(prices.cost("openai", "o3", Usage(1_000_000, 1_000_000)))
    assert dollars(costs[0]) == pytest.approx((10, 40))
    assert dollars(costs[1]) == pytest.approx((2, 8))


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "no such model"),
        ("openai", ""),
        ("openai", "ft:gpt-4o-mini:acme::x"),
        ("openai", "gpt-4o" + "x" * 100_000),
        ("openai", "whisper-1"),
        ("mock", "gpt-4o"),
        ("replicate", "meta/llama-2-70b-chat"),
        ("", "gpt-4o"),
        ("azure", "gpt-4o"),
    ],
)
def test_an_unknown_price_is_none(provider: str, model: str):
    assert PRICES.cost(provider, model, Usage(10, 10)) is None


def test_model_names_from_callers_do_not_pile_up():
    def ask(first: int) -> None:
        for number in range(first, first + 600):
            assert PRICES.cost("anthropic", f"claude-3-opus-{number}", Usage(10, 10))
            assert PRICES.cost("openai", f"unknown-{number}", Usage(10, 10)) is None

    ask(0)
    ask(600)
    tracemalloc.start()
    try:
        ask(1200)
        before = tracemalloc.get_traced_memory()[0]
        ask(1800)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 50_000


def test_the_package_is_imported_when_prices_are_made_and_starts_nothing():
    script = (
        "import sys, threading\n"
        "from everloop.telemetry.clock import SystemClock\n"
        "from everloop.telemetry.pricing import PublishedPrices\n"
        "assert not any(name.startswith('genai_prices') for name in sys.modules)\n"
        "PublishedPrices(SystemClock())\n"
        "assert 'genai_prices.data' in sys.modules\n"
        "assert threading.enumerate() == [threading.main_thread()]\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
