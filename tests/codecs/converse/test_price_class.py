from __future__ import annotations

import pytest

from bedrock_llm.codecs.converse import ConverseCodec


@pytest.mark.parametrize(
    ("raw", "price_class"),
    [
        ({"serviceTier": {"type": "flex"}}, "flex"),
        ({"serviceTier": {"type": "priority"}, "performanceConfig": {"latency": "optimized"}}, "priority"),
        ({"serviceTier": {"type": "default"}, "performanceConfig": {"latency": "optimized"}}, "optimized"),
        ({"performanceConfig": {"latency": "standard"}}, "standard"),
        ({"serviceTier": {"type": "default"}}, "default"),
        ({"serviceTier": {"type": 3}, "performanceConfig": "fast"}, None),
        ({}, None),
        (None, None),
    ],
)
def test_an_answer_is_priced_as_it_says_it_was_served(raw, price_class):
    assert ConverseCodec().price_class(raw) == price_class
