"""The stated error of the estimate against what providers billed for recorded requests.

Run with `-s` to see the figures by family.
"""

from __future__ import annotations

import re
from collections import defaultdict
from statistics import median, quantiles

import pytest

from bedrock_llm.catalog.lookup import find
from bedrock_llm.tokens.counter import TokenCounter
from tests.tokens.recorded import recorded_requests


def _config(model: str):
    """The model's facts; names of the provider's own API are told as Bedrock's."""
    bedrock = model.startswith("arn:") or "." in model.partition("-")[0]
    return find(model if bedrock else "anthropic." + re.sub("-latest$|-0$", "", model))


@pytest.fixture(scope="module")
def measured():
    """By family: tokens billed, tokens estimated, error bound."""
    counter = TokenCounter()
    found = defaultdict(list)
    for record in recorded_requests():
        config = _config(record.model)
        count = counter.count_request(record.request, config)
        found[config.family or "unknown"].append((record.input_tokens, count.tokens, count.error_bound))
    return found


def _shares(rows: list[tuple[int, int, int]]) -> str:
    shares = [abs(billed - tokens) / tokens for billed, tokens, _ in rows]
    worst = quantiles(shares, n=20)[-1] if len(shares) > 1 else sum(shares)
    return f"n={len(rows):4} median {median(shares or [0]):6.1%} p95 {worst:7.1%}"


def _report(family: str, rows: list[tuple[int, int, int]]) -> str:
    large = [row for row in rows if row[0] >= 200]
    within = sum(abs(billed - tokens) <= bound for billed, tokens, bound in rows)
    return f"{family:9} {_shares(rows)} | from 200 tokens {_shares(large)} | within the bound {within}/{len(rows)}"


def test_recorded_requests_are_within_the_stated_bound_in_95_of_100_cases(measured):
    rows = [row for family in measured.values() for row in family]
    print("", *(_report(family, measured[family]) for family in sorted(measured)), _report("all", rows), sep="\n")
    assert len(rows) > 300
    assert sum(abs(billed - tokens) <= bound for billed, tokens, bound in rows) >= 0.95 * len(rows)


@pytest.mark.parametrize("family", ["claude", "nova"])
def test_the_families_with_figures_of_their_own_are_estimated_well(measured, family):
    shares = [abs(billed - tokens) / tokens for billed, tokens, _ in measured[family]]
    assert median(shares) <= 0.10
