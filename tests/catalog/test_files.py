"""The catalog's own files: what every row and profile must hold."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

import bedrock_llm.catalog
from bedrock_llm.catalog.lookup import find
from bedrock_llm.catalog.overrides import BUCKETS, PRICE_CLASSES
from bedrock_llm.factory import BODIES
from bedrock_llm.tokens.counter import TokenCounter

FOLDER = Path(bedrock_llm.catalog.__file__).parent
MODELS = json.loads((FOLDER / "models.json").read_text())
FAMILIES = json.loads((FOLDER / "families.json").read_text())
FEATURES = {
    *("streaming", "streaming_with_tools", "tools", "tool_choice", "strict_tools", "parallel_tool_calls", "system"),
    *(
        "system_messages",
        "images",
        "documents",
        "video",
        "audio",
        "citations",
        "structured_output",
        "tool_result_media",
    ),
    *("tool_result_beside", "tool_result_status", "tool_result_json", "leading_assistant", "prefill", "cache_points"),
    *("cache_ttl_1h", "reasoning", "reasoning_in_history", "top_k", "sampling", "temperature_with_top_p"),
    *("latency_optimized", "service_tiers", "prompt_cache_min_tokens", "long_context_tokens", "max_input_tokens"),
    *("token_estimate", "native", "anthropic_version", "count_tokens"),
}


def test_the_files_are_small():
    assert sum(path.stat().st_size for path in FOLDER.glob("*.json")) < 150_000


@pytest.mark.parametrize("name", sorted(MODELS["rows"]))
def test_a_row_holds_what_it_may(name):
    row = MODELS["rows"][name]
    assert row["profile"] in FAMILIES["profiles"]
    assert name.partition(".")[0] in FAMILIES["vendors"]
    assert set(row) <= {"profile", "context_window", "max_output_tokens", "prices", "features", "comment"}
    assert set(row.get("features", {})) <= FEATURES
    geos = [geo for group in row.get("prices", {}) for geo in group.split()]
    assert len(geos) == len(set(geos))
    assert set(geos) <= {"-", *FAMILIES["geos"]}
    for table in row.get("prices", {}).values():
        assert {"input", "output"} <= set(table)
        for bucket, price in table.items():
            kind, _, plain = bucket.rpartition("/")
            assert plain in BUCKETS
            assert kind in ("", *PRICE_CLASSES)
            assert 0 <= Decimal(price) < 1000


@pytest.mark.parametrize("name", sorted(MODELS["rows"]))
def test_a_models_features_are_of_the_types_their_readers_expect(name):
    features = find(name).features
    assert set(features) <= FEATURES
    for key, kind in (("tool_choice", list), ("cache_points", list), ("sampling", list), ("streaming", bool)):
        assert isinstance(features.get(key, kind()), kind)
    assert features["top_k"] is False or isinstance(features["top_k"], str)
    assert features["tool_result_beside"] in ("nothing", "text_image", "any")
    assert features["reasoning_in_history"] in ("signed", "any", "none")
    assert features["native"]["body"] in BODIES
    reasoning = features.get("reasoning", False)
    if reasoning:
        styles = ("adaptive", "budget", "nova", "reasoning_effort", "reasoning.effort", "reasoning_config")
        assert reasoning["style"] in styles
        assert reasoning.get("off") is None or isinstance(reasoning["off"], dict)
    assert TokenCounter().count_text("some text", find(name)).tokens > 0


def test_a_profile_extends_one_that_is_there():
    for name, profile in FAMILIES["profiles"].items():
        assert name == "bedrock" or profile["extends"] in FAMILIES["profiles"]
        assert name == "bedrock" or profile["family"]
