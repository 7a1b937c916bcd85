"""What an answer cost."""

from __future__ import annotations

from decimal import Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from bedrock_llm.catalog.lookup import find
from bedrock_llm.catalog.prices import price
from bedrock_llm.config import ModelConfig
from bedrock_llm.response import Cost, CostLine, Usage

D = Decimal
CONFIG = ModelConfig(
    prices={
        "input": D("3"),
        "output": D("15"),
        "cache_read": D("0.3"),
        "flex/input": D("1.5"),
        "flex/output": D("7.5"),
    },
    source="a table",
    as_of="2026-11-20",
)


def test_every_bucket_used_is_a_line_and_the_total_their_sum():
    cost = price(Usage(1000, 200, 0, 0, 40), CONFIG)
    lines = (
        CostLine("input", 1000, D("3"), D("0.003")),
        CostLine("cache_read", 200, D("0.3"), D("0.00006")),
        CostLine("output", 40, D("15"), D("0.0006")),
    )
    assert cost == Cost(D("0.00366"), "USD", lines, False, "a table", "2026-11-20")
    assert price(Usage(1, output_tokens=0), CONFIG, lower_bound=True).lower_bound


def test_an_unknown_price_or_usage_makes_an_unknown_cost():
    assert price(Usage(1, 0, 5, 0, 1), CONFIG) is None
    assert price(Usage(1, output_tokens=1, searches=1), CONFIG) is None
    assert price(Usage(), CONFIG) is None
    assert price(Usage(1), CONFIG) is None
    assert price(Usage(output_tokens=1), CONFIG) is None
    assert price(Usage(1, output_tokens=1), ModelConfig()) is None
    assert price(Usage(1, output_tokens=1), ModelConfig(prices={"input": D(1)})) is None
    assert price(Usage(-1, output_tokens=1), CONFIG) is None


def test_buckets_not_used_or_not_told_need_no_price():
    assert price(Usage(0, None, None, None, 0), CONFIG) == Cost(D(0), "USD", (), False, "a table", "2026-11-20")


def test_reasoning_is_part_of_the_output_and_not_priced_again():
    assert price(Usage(0, output_tokens=10, reasoning_tokens=8), CONFIG).total == D("0.00015")


def test_a_service_tier_has_its_own_prices_or_none():
    usage = Usage(1000, output_tokens=100)
    assert price(usage, CONFIG, price_class="flex").total == D("0.00225")
    assert price(usage, CONFIG, price_class="default") == price(usage, CONFIG)
    assert price(usage, CONFIG, price_class="reserved") is None


def test_a_long_request_is_priced_higher_as_a_whole():
    prices = {
        "input": D(1),
        "output": D(2),
        "cache_read": D(1),
        "long/input": D(10),
        "long/output": D(20),
        "long/cache_read": D(10),
    }
    config = ModelConfig(prices=prices, features={"long_context_tokens": 1000})
    assert price(Usage(500, 500, 0, 0, 1), config).total == D("0.001002")
    assert price(Usage(500, 501, 0, 0, 1), config).total == D("0.01003")


def test_free_is_a_price():
    config = ModelConfig(prices={"input": D(0), "output": D(0)})
    assert price(Usage(5, output_tokens=5), config).total == 0


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.decimals(0, 1000, places=8), st.decimals(0, 1000, places=8))
def test_a_cost_is_exact_whatever_precision_the_caller_works_with(used, made, rate_in, rate_out):
    config = ModelConfig(prices={"input": rate_in, "output": rate_out})
    with localcontext() as context:
        context.prec = 3
        cost = price(Usage(used, output_tokens=made), config)
    with localcontext() as context:
        context.prec = 60
        assert cost.total == (used * rate_in + made * rate_out) / 1_000_000
        assert cost.total == sum(line.amount for line in cost.lines)


def test_a_known_model_is_priced_from_its_source():
    cost = price(Usage(1_000_000, output_tokens=1_000_000), find("amazon.nova-pro-v1:0"))
    assert cost.total == 4
    assert cost.priced_from.startswith("litellm")
