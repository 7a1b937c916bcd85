from __future__ import annotations

from decimal import Decimal

import pytest

from bedrock_llm.client import LLMClient
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import ConfigurationError, ServerError
from bedrock_llm.observers.cost import CostTracker
from tests.strangers import ThreeMethods

pytestmark = pytest.mark.anyio

PRICED = ModelConfig(provider="home", model="mine", prices={"input": Decimal(1), "output": Decimal(10)})


def priced(*answers):
    model = ThreeMethods(*answers)
    model.config = PRICED
    return model


async def test_costs_add_up_per_model_and_in_all():
    tracker = CostTracker()
    async with LLMClient(priced(), observers=[tracker]) as client:
        first = await client.generate("hello")
        await client.generate("hello")
    assert first.cost.total == Decimal("0.000023")  # 3 in at 1, 2 out at 10 USD per million
    assert tracker.total_usd == Decimal("0.000046")
    assert tracker.by_model == {"home/mine": Decimal("0.000046")}
    assert (tracker.unpriced_requests, tracker.lower_bound) == (0, False)


async def test_an_unknown_price_is_kept_apart_and_never_zero():
    tracker = CostTracker()
    async with LLMClient(ThreeMethods(), observers=[tracker]) as client:
        assert (await client.generate("hello")).cost is None
    assert (tracker.total_usd, tracker.by_model, tracker.unpriced_requests) == (Decimal(0), {}, 1)


async def test_past_the_limit_it_calls_back_once():
    told = []
    tracker = CostTracker(limit_usd=0.00003, on_limit=told.append)
    async with LLMClient(priced(), observers=[tracker]) as client:
        for _ in range(4):
            await client.generate("hello")
    assert told == [tracker]


async def test_a_lost_attempt_makes_the_total_a_lower_bound():
    tracker = CostTracker()
    async with LLMClient(priced(ServerError("500", status=500, retryable=False)), observers=[tracker]) as client:
        with pytest.raises(ServerError):
            await client.generate("hello")
    assert tracker.lower_bound


@pytest.mark.parametrize("limit", ["much", -1, float("nan")])
async def test_a_limit_must_be_an_amount(limit):
    with pytest.raises(ConfigurationError, match="limit_usd"):
        CostTracker(limit_usd=limit)
