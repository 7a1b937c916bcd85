"""The catalog's own files: what every row and profile must hold."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

import bedrock_llm.catalog
from bedrock_llm.catalog.lookup import find, known_models, known_providers
from bedrock_llm.catalog.overrides import BUCKETS, PRICE_CLASSES, Catalog
from bedrock_llm.catalog.tables import profile_names
from bedrock_llm.config import ParameterRule
from bedrock_llm.tokens.counter import TokenCounter

FOLDER = Path(bedrock_llm.catalog.__file__).parent
MODELS = {path.stem: json.loads(path.read_text()) for path in sorted((FOLDER / "models").glob("*.json"))}
FAMILIES = {path.stem: json.loads(path.read_text()) for path in sorted((FOLDER / "families").glob("*.json"))}
PROFILES = {name: profile for file in FAMILIES.values() for name, profile in file["profiles"].items()}
ROWS = [(provider, name, row) for provider, file in MODELS.items() for name, row in file.get("rows", {}).items()]
FEATURES = {
    *("streaming", "streaming_with_tools", "tools", "tool_choice", "strict_tools", "parallel_tool_calls", "system"),
    *("system_messages", "images", "documents", "video", "audio", "citations", "structured_output"),
    *("tool_result_media", "tool_result_beside", "tool_result_status", "tool_result_json", "leading_assistant"),
    *("prefill", "cache_points", "cache_ttl_1h", "reasoning", "reasoning_in_history", "top_k", "sampling"),
    *("temperature_with_top_p", "latency_optimized", "service_tiers", "prompt_cache_min_tokens"),
    *("long_context_tokens", "max_input_tokens", "token_estimate", "native", "anthropic_version", "count_tokens"),
}
LISTS = ("tool_choice", "cache_points", "sampling", "service_tiers", "tool_result_media")
SWITCHES = (
    *("streaming", "streaming_with_tools", "system", "system_messages", "tools", "strict_tools", "images", "audio"),
    *("parallel_tool_calls", "structured_output", "citations", "documents", "video", "cache_ttl_1h", "prefill"),
    *("leading_assistant", "latency_optimized", "count_tokens", "temperature_with_top_p"),
)
SIZES = ("prompt_cache_min_tokens", "long_context_tokens", "max_input_tokens")
STYLES = {
    *("adaptive", "budget", "nova", "reasoning_effort", "reasoning.effort", "reasoning_config"),
    *("gemini_budget", "gemini_level", "token_budget"),
}
EFFORTS = {"minimal", "low", "medium", "high", "xhigh", "max"}
BODIES = {
    *("ai21_j2", "anthropic_messages", "anthropic_completions", "cohere_chat", "cohere_prompt", "deepseek_prompt"),
    *("llama_prompt", "mistral_prompt", "nova", "openai_chat", "titan_text"),
    *("openai_responses", "gemini", "cohere_v2"),
}
RULED = ("temperature", "top_p", "top_k", "presence_penalty", "frequency_penalty")


def test_the_files_are_small():
    assert sum(path.stat().st_size for path in FOLDER.rglob("*.json")) < 400_000
    assert (FOLDER / "models" / "bedrock.json").stat().st_size < 60_000
    assert (FOLDER / "families" / "bedrock.json").stat().st_size < 25_000


def test_every_provider_has_rows_or_shares_those_of_one_that_has():
    assert known_providers() == tuple(MODELS)
    for provider, file in MODELS.items():
        assert file.get("rows") or MODELS[file["shares"]]["rows"], provider
        assert set(file) <= {"source", "as_of", "rows", "families", "shares"}
        assert file.get("families", provider) in FAMILIES


@pytest.mark.parametrize(("provider", "name", "row"), ROWS, ids=[f"{provider}-{name}" for provider, name, _ in ROWS])
def test_a_row_holds_what_it_may(provider, name, row):
    assert row["profile"] in PROFILES
    assert set(row) <= {"profile", "context_window", "max_output_tokens", "prices", "features", "comment"}
    assert set(row.get("features", {})) <= FEATURES
    bedrock = FAMILIES["bedrock"]
    geos = [geo for group in row.get("prices", {}) for geo in group.split()]
    assert len(geos) == len(set(geos))
    assert set(geos) <= ({"-", *bedrock["geos"]} if provider == "bedrock" else {"-"})
    assert provider != "bedrock" or name.partition(".")[0] in bedrock["vendors"]
    for table in row.get("prices", {}).values():
        assert {"input", "output"} <= set(table)
        for bucket, price in table.items():
            kind, _, plain = bucket.rpartition("/")
            assert plain in BUCKETS
            assert kind.removesuffix("/long") in ("", *PRICE_CLASSES)
            assert 0 <= Decimal(price) < (100_000 if plain == "searches" else 1000)
        assert Catalog.of({name: {"prices": table}})


@pytest.mark.parametrize(("provider", "name", "row"), ROWS, ids=[f"{provider}-{name}" for provider, name, _ in ROWS])
def test_a_models_features_are_of_the_types_their_readers_expect(provider, name, row):
    config = find(name, provider=provider)
    features = config.features
    assert config.family or row["profile"] == "open"
    assert set(features) <= FEATURES
    assert all(isinstance(features.get(key, []), list) for key in LISTS)
    assert all(isinstance(features.get(key, True), bool) for key in SWITCHES)
    assert all(features.get(key, 1).__class__ is int for key in SIZES)
    assert set(features.get("tool_choice", ())) <= {"auto", "required", "tool"}
    assert set(features["sampling"]) <= {"temperature", "top_p"}
    assert features.get("top_k", False) is False or isinstance(features["top_k"], str)
    assert features["tool_result_beside"] in ("nothing", "text_image", "any")
    assert features.get("reasoning_in_history", "any") in ("signed", "any", "none")
    assert features["native"]["body"] in BODIES
    assert TokenCounter().count_text("some text", config).tokens > 0


@pytest.mark.parametrize(("provider", "name", "row"), ROWS, ids=[f"{provider}-{name}" for provider, name, _ in ROWS])
def test_how_a_model_reasons_is_told_as_its_readers_expect(provider, name, row):
    del row
    reasoning = find(name, provider=provider).feature("reasoning")
    if not reasoning:
        assert reasoning in (None, False)
        return
    assert reasoning["style"] in STYLES
    assert set(reasoning.get("efforts", ())) <= EFFORTS
    assert reasoning.get("off") is None or isinstance(reasoning["off"], dict)
    assert reasoning.get("default_on", True).__class__ is bool
    assert reasoning.get("min_budget", 1) <= reasoning.get("max_budget", 10**9)


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_extends_one_that_is_there_and_rules_what_can_be_ruled(name):
    profile = PROFILES[name]
    assert profile.get("extends") in (None, *PROFILES)
    assert profile.get("family") or name in ("bedrock", "open")
    for parameter, rule in profile.get("parameter_rules", {}).items():
        assert parameter in RULED
        assert ParameterRule(**rule).type in ("number", "integer")


def test_a_profile_has_its_name_alone():
    assert len(PROFILES) == sum(len(file["profiles"]) for file in FAMILIES.values())
    assert set(profile_names()) == set(PROFILES)


def test_no_model_is_lost_between_the_rows_and_the_names():
    assert {provider: len(known_models(provider)) for provider in MODELS if provider != "bedrock"} == {
        provider: len(MODELS[file.get("shares", provider)]["rows"])
        for provider, file in MODELS.items()
        if provider != "bedrock"
    }
    assert sum(bool(row.get("prices")) for _, _, row in ROWS) > 0.9 * len(ROWS)
