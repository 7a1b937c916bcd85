"""From a model's name to its facts."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal

import pytest

from bedrock_llm.catalog.lookup import find, is_bedrock_id, known_models, known_providers, nearest
from bedrock_llm.catalog.overrides import Catalog
from bedrock_llm.config import ModelConfig, ParameterRule
from bedrock_llm.errors import ConfigurationError

SONNET = "anthropic.claude-sonnet-4-20250514-v1:0"
PROFILE_ARN = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-20250514-v1:0"
OPAQUE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl"


def test_a_model_has_its_family_window_features_rules_and_prices():
    config = find(SONNET)
    assert (config.provider, config.model, config.family) == ("bedrock", SONNET, "claude")
    assert (config.context_window, config.max_output_tokens) == (200_000, 64_000)
    assert config.feature("reasoning")["style"] == "budget"
    assert config.feature("top_k") == "top_k"
    assert config.parameter_rules["temperature"] == ParameterRule("number", 0, 1)
    assert config.prices["input"] == Decimal(3)
    assert config.prices["output"] == Decimal(15)
    assert config.source.startswith("litellm ")
    assert config.as_of


def facts(model: str) -> tuple:
    config = find(model)
    return config.family, config.context_window, config.features


@pytest.mark.parametrize(
    "name",
    [
        "us." + SONNET,
        "apac." + SONNET,
        "sa." + SONNET,
        "us-gov." + SONNET,
        "anthropic.claude-sonnet-4-20250514-v1",
        "anthropic.claude-sonnet-4-20250514",
        "anthropic.claude-sonnet-4",
        "us.anthropic.claude-sonnet-4",
        "arn:aws:bedrock:us-east-1::foundation-model/" + SONNET,
        "arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/" + SONNET,
        PROFILE_ARN,
    ],
)
def test_every_form_of_a_name_finds_the_same_facts_and_keeps_the_name(name):
    assert find(name).model == name
    assert facts(name) == facts(SONNET)


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("openai.gpt-oss-120b", "openai.gpt-oss-120b-1:0"),
        ("meta.llama3-3-70b-instruct", "meta.llama3-3-70b-instruct-v1:0"),
        ("global.anthropic.claude-opus-5-v1:0", "anthropic.claude-opus-5"),
        ("amazon.nova-pro-v1", "amazon.nova-pro-v1:0"),
    ],
)
def test_a_version_may_be_left_out_or_added_where_there_is_only_one(name, row):
    assert facts(name) == facts(row)


@pytest.mark.parametrize(
    "name",
    [
        "anthropic.claude-3-5-sonnet",  # there are two
        "anthropic.claude-sonnet-4-20990101-v1:0",
        "amazon.nova-pro-v2:0",
        "anthropic.claude-opus-99",
        "acme.model-1",
        "no-vendor",
        "",
    ],
)
def test_a_name_that_means_no_row_or_several_has_no_facts(name):
    assert find(name) == ModelConfig(provider="bedrock", model=name)


@pytest.mark.parametrize(
    "arn",
    [
        OPAQUE,
        "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl",
        "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghijkl",
        "arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefghijkl",
        "arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ:1",
        "arn:aws:bedrock:us-east-1:123456789012:default-prompt-router/anthropic.claude:1",
        "arn:aws:sagemaker:us-east-1:123456789012:endpoint/mine",
        "arn:",
    ],
)
def test_an_opaque_arn_has_facts_only_through_its_base_model(arn):
    assert find(arn) == ModelConfig(provider="bedrock", model=arn)
    known = find(arn, base_model="us." + SONNET)
    assert (known.model, known.prices, known.features) == (arn, find("us." + SONNET).prices, find(SONNET).features)


def test_prices_differ_by_geographic_prefix_and_an_unpriced_one_has_none():
    nova = "amazon.nova-2-lite-v1:0"
    assert (
        find("global." + nova).prices["input"] < find("us." + nova).prices["input"] < find("eu." + nova).prices["input"]
    )
    assert find("sa." + nova).prices is None
    assert find("sa." + nova).context_window == find(nova).context_window


@pytest.mark.parametrize("provider", ["ollama", "local", "acme", "", "..", "../models/openai"])
def test_a_provider_without_rows_is_known_only_from_a_users(provider):
    assert find("gpt-4.1", provider=provider) == ModelConfig(provider=provider, model="gpt-4.1")
    rows = Catalog.of({"gpt-4.1": {"context_window": 1000}})
    known = find("gpt-4.1", provider=provider, overrides=rows)
    assert known == ModelConfig(provider=provider, model="gpt-4.1", context_window=1000, source="given in code")


@pytest.mark.parametrize(
    ("provider", "names"),
    [
        ("anthropic", ["claude-sonnet-4-6", "claude-sonnet-4-6-latest", "claude-sonnet-4-6@20260217"]),
        ("anthropic", ["claude-haiku-4-5", "claude-haiku-4-5-20251001", "claude-haiku-4-5-latest"]),
        ("openai", ["gpt-5.5", "gpt-5.5-2026-04-23"]),
        ("openai", ["gpt-4o", "gpt-4o-2024-11-20"]),
        ("google", ["gemini-2.5-flash", "gemini-2.5-flash-latest", "gemini-2.5-flash-001", "models/gemini-2.5-flash"]),
        ("mistral", ["mistral-large-latest", "mistral-large"]),
        ("cohere", ["command-a-03-2025", "command-a"]),
        ("xai", ["grok-4.3", "grok-4.3-latest"]),
        ("groq", ["openai/gpt-oss-120b"]),
    ],
)
def test_a_model_is_found_under_every_form_of_its_name(provider, names):
    first = find(names[0], provider=provider)
    assert first.family
    assert first.context_window
    for name in names:
        found = find(name, provider=provider)
        assert (found.provider, found.model) == (provider, name)
        assert (found.features, found.context_window, found.prices) == (
            first.features,
            first.context_window,
            first.prices,
        )


@pytest.mark.parametrize(
    ("provider", "name"),
    [
        ("openai", "gpt-99"),
        ("openai", "openai.gpt-oss-120b-1:0"),
        ("openai", "us.gpt-5.5"),
        ("anthropic", "anthropic.claude-sonnet-4-6"),
        ("mistral", "mistral-large-2407"),  # the latest is another, and older ones are gone
        ("google", "gemini-2.5"),
        ("cohere", ""),
    ],
)
def test_a_name_that_a_provider_does_not_have_has_no_facts(provider, name):
    assert find(name, provider=provider) == ModelConfig(provider=provider, model=name)


def test_a_snapshot_that_is_another_than_its_alias_has_its_own_facts():
    alias, snapshot = find("gpt-4o", provider="openai"), find("gpt-4o-2024-05-13", provider="openai")
    assert snapshot.prices["input"] > alias.prices["input"]
    assert snapshot.max_output_tokens < alias.max_output_tokens


def test_claude_is_one_family_at_bedrock_and_at_anthropic():
    there, here = find("anthropic.claude-sonnet-4-6"), find("claude-sonnet-4-6", provider="anthropic")
    assert (there.family, there.parameter_rules) == (here.family, here.parameter_rules)
    for name in ("reasoning", "sampling", "token_estimate", "prefill", "cache_points", "top_k"):
        assert there.feature(name) == here.feature(name)
    assert (there.feature("anthropic_version"), here.feature("anthropic_version")) == (
        "bedrock-2023-05-31",
        "2023-06-01",
    )


def test_a_deployment_has_the_facts_of_the_model_behind_it():
    known = find("my-deployment", provider="azure", base_model="gpt-5.5")
    made = find("gpt-5.5", provider="openai")
    assert (known.model, known.family, known.context_window) == ("my-deployment", made.family, made.context_window)
    assert known.features == made.features
    assert find("my-deployment", provider="azure") == ModelConfig(provider="azure", model="my-deployment")


def test_vertex_has_the_rows_of_google():
    assert known_models("vertex") == known_models("google")
    assert find("gemini-2.5-pro", provider="vertex").prices == find("gemini-2.5-pro", provider="google").prices


@pytest.mark.parametrize(
    ("provider", "name", "prices"),
    [
        ("anthropic", "claude-sonnet-4-6", {"input": "3", "output": "15", "cache_read": "0.3", "cache_write_1h": "6"}),
        ("anthropic", "claude-haiku-4-5", {"input": "1", "output": "5", "cache_write": "1.25", "searches": "10000"}),
        ("openai", "gpt-4.1", {"input": "2", "output": "8", "cache_read": "0.5", "priority/output": "14"}),
        ("openai", "gpt-5.5", {"input": "5", "flex/input": "2.5", "long/output": "45", "flex/long/output": "22.5"}),
        ("azure", "gpt-4o-mini", {"input": "0.15", "output": "0.6"}),
        ("google", "gemini-2.5-flash", {"input": "0.3", "output": "2.5", "input_audio": "1", "cache_read": "0.03"}),
        ("google", "gemini-2.5-pro", {"input": "1.25", "output": "10", "long/input": "2.5", "long/output": "15"}),
        ("cohere", "command-r7b-12-2024", {"input": "0.0375", "output": "0.15"}),
        ("mistral", "mistral-large-2512", {"input": "0.5", "output": "1.5"}),
        ("xai", "grok-4.3", {"input": "1.25", "output": "2.5", "long/input": "2.5"}),
        ("groq", "openai/gpt-oss-120b", {"input": "0.15", "output": "0.6", "cache_read": "0.075"}),
        ("moonshot", "kimi-k3", {"input": "3", "output": "15"}),
    ],
)
def test_prices_are_those_of_the_tables(provider, name, prices):
    known = find(name, provider=provider).prices
    assert {bucket: known[bucket] for bucket in prices} == {bucket: Decimal(price) for bucket, price in prices.items()}


@pytest.mark.parametrize(
    ("provider", "name"),
    [
        ("deepseek", "deepseek-v4-pro"),  # depends on the hour
        ("google", "gemma-4-31b-it"),  # a place-holder of nothing in one table only
        ("mistral", "open-mistral-nemo"),  # the tables disagree
        ("azure", "gpt-5-search-api"),  # OpenAI has it, and Azure's price is in no table
    ],
)
def test_a_price_that_nobody_knows_is_none(provider, name):
    known = find(name, provider=provider)
    assert known.features
    assert known.prices is None


def test_the_knobs_of_reasoning_models_are_those_they_take():
    assert find("gpt-5", provider="openai").feature("sampling") == []
    assert find("o3", provider="openai").feature("sampling") == []
    assert find("gpt-4.1", provider="openai").feature("sampling") == ["temperature", "top_p"]
    assert find("gpt-4.1", provider="openai").parameter_rules["temperature"].maximum == 2
    assert find("claude-opus-4-7", provider="anthropic").feature("sampling") == []
    assert find("gemini-2.5-pro", provider="google").feature("reasoning")["style"] == "gemini_budget"
    assert find("gemini-3.5-flash", provider="google").feature("reasoning")["style"] == "gemini_level"


def test_a_users_row_is_laid_over_the_built_in_one_field_by_field():
    rows = Catalog.of({SONNET: {"context_window": 1_000_000, "features": {"documents": None, "video": True}}})
    built_in, mine = find(SONNET), find(SONNET, overrides=rows)
    assert (mine.context_window, mine.max_output_tokens, mine.family) == (1_000_000, 64_000, "claude")
    assert mine.feature("video") is True
    assert "documents" not in mine.features
    assert (mine.prices, mine.source, mine.as_of) == (built_in.prices, built_in.source, built_in.as_of)


def test_a_users_prices_are_laid_over_by_bucket_and_name_their_source():
    row = {"prices": {"input": 1, "cache_read": None, "flex/input": "0.5"}, "as_of": "2026-01-01"}
    mine = find(SONNET, overrides=Catalog.of({SONNET: row}))
    assert mine.prices["input"] == Decimal(1)
    assert mine.prices["output"] == find(SONNET).prices["output"]
    assert mine.prices["flex/input"] == Decimal("0.5")
    assert "cache_read" not in mine.prices
    assert (mine.source, mine.as_of) == ("given in code", "2026-01-01")


@pytest.mark.parametrize("key", [SONNET, "us." + SONNET, "anthropic.claude-sonnet-4", PROFILE_ARN])
def test_a_users_row_holds_for_every_form_of_its_model(key):
    rows = Catalog.of({key: {"context_window": 5}})
    assert find(PROFILE_ARN, overrides=rows).context_window == 5


def test_a_users_row_for_the_exact_name_wins():
    rows = Catalog.of({SONNET: {"context_window": 5}, "us." + SONNET: {"context_window": 6}})
    assert find("us." + SONNET, overrides=rows).context_window == 6
    assert find("eu." + SONNET, overrides=rows).context_window == 5


def test_a_users_row_can_stand_for_an_opaque_arn():
    known = find(OPAQUE, overrides=Catalog.of({OPAQUE: {"family": "llama", "prices": {"input": 0, "output": 0}}}))
    assert (known.family, known.prices) == ("llama", {"input": Decimal(0), "output": Decimal(0)})


@pytest.mark.parametrize(
    "name",
    [
        "anthropic.claude-opus-99",
        "us.meta.llama9-x",
        "us-gov.anthropic.x",
        "moonshot.kimi",
        "moonshotai.kimi",
        "openai.gpt-6-sol",
        "twelvelabs.pegasus-1-2-v1:0",
        OPAQUE,
        "arn:aws:sagemaker:us-east-1:123456789012:endpoint/mine",
    ],
)
def test_names_of_bedrock_are_told_by_vendor_or_arn(name):
    assert is_bedrock_id(name)


@pytest.mark.parametrize(
    "name", ["gpt-4.1", "claude-sonnet-4-5", "anthropic", "anthropic.", "us.", "us.acme.x", "", "arn:aws:s3:::b"]
)
def test_other_names_are_not_of_bedrock(name):
    assert not is_bedrock_id(name)


def test_the_nearest_names_are_those_that_look_alike():
    assert nearest("us.anthropic.claude-sonet-5")[0] == "us.anthropic.claude-sonnet-5"
    assert nearest("bedrock/amazon.nova-pro-v1")[0] == "amazon.nova-pro-v1:0"
    assert len(nearest("anthropic.claude", 2)) == 2
    assert nearest("zzzzzzzzzzzzzzzz") == ()
    assert nearest("zzzzzzzzzzzzzzzz", everywhere=True) == ()


def test_a_provider_before_the_name_says_whose_names_are_looked_at():
    assert nearest("openai/gpt-5.55")[0] == "openai/gpt-5.5"
    assert nearest("anthropic/claude-sonet-4-6")[0] == "anthropic/claude-sonnet-4-6"
    assert nearest("groq/openai/gpt-oss-12b")[0] == "groq/openai/gpt-oss-120b"
    assert all(name.startswith("google/") for name in nearest("google/gemini-2.5"))
    assert nearest("gpt-4.1", everywhere=True)[0] == "openai/gpt-4.1"
    assert nearest("claude-sonnet-4-6")[0] == "anthropic.claude-sonnet-4-6"
    assert nearest("claude-sonnet-4-6", everywhere=True)[0] == "anthropic/claude-sonnet-4-6"


def test_every_known_model_is_found_and_says_what_it_is():
    names = known_models("bedrock")
    assert names == tuple(sorted(set(names)))
    assert len(names) > 250
    for name in names:
        config = find(name)
        assert config.family, name
        assert config.features, name
        assert is_bedrock_id(name)
    assert known_models("ollama") == ()
    assert known_models() == names


@pytest.mark.parametrize("provider", [name for name in known_providers() if name != "bedrock"])
def test_the_models_of_every_provider_are_found(provider):
    names = known_models(provider)
    assert names
    assert names == tuple(sorted(set(names)))
    for name in names:
        config = find(name, provider=provider)
        assert (config.provider, config.model) == (provider, name)
        assert config.features, name
        assert config.source.startswith("litellm ")
        assert config.as_of


@pytest.mark.parametrize(
    ("question", "read"),
    [
        ("find('x.y'); find('x.z')", ["models/bedrock", "families/bedrock"]),
        ("is_bedrock_id('x.y')", ["families/bedrock"]),
        ("find('gpt-4.1', provider='openai')", ["models/openai", "families/openai"]),
        (
            "find('claude-opus-5', provider='anthropic')",
            ["models/anthropic", "families/anthropic", "families/bedrock"],
        ),
        ("find('openai/gpt-oss-120b', provider='groq')", ["models/groq", "families/groq", "families/open"]),
        ("find('x', provider='ollama')", []),
    ],
)
def test_files_are_read_when_they_are_asked_about_and_no_others(question, read):
    code = (
        "import pathlib; read = pathlib.Path.read_bytes\n"
        "pathlib.Path.read_bytes = lambda self: print(f'{self.parent.name}/{self.stem}') or read(self)\n"
        "from bedrock_llm.catalog.lookup import *\n"
        f"print('imported'); {question}"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    first, *others = done.stdout.split()
    assert first == "imported"
    assert sorted(others) == sorted(read)


def test_a_users_row_may_take_a_whole_profile_and_change_what_it_says():
    rows = {
        "my.model": {
            "profile": "llama-4",
            "features": {"images": False},
            "parameter_rules": {"top_p": None, "temperature": {"minimum": 0, "maximum": 2}},
        }
    }
    config = find("my.model", overrides=Catalog.of(rows))
    assert (config.family, config.feature("native")["template"], config.feature("images")) == (
        "llama",
        "llama-4",
        False,
    )
    assert (set(config.parameter_rules), config.parameter_rules["temperature"].maximum) == ({"temperature"}, 2)


def test_a_profile_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(ConfigurationError, match=r"no profile 'llama-9' \(there are .*llama-4"):
        find("my.model", overrides=Catalog.of({"my.model": {"profile": "llama-9"}}))


def test_a_profile_may_be_another_providers():
    rows = Catalog.of({"my-model": {"profile": "gpt-5"}, "claude-next": {"profile": "claude-4.6"}})
    assert find("my-model", provider="acme", overrides=rows).family == "gpt"
    claude = find("claude-next", provider="anthropic", overrides=rows)
    assert (claude.family, claude.feature("anthropic_version")) == ("claude", "2023-06-01")
    assert find("claude-next", overrides=rows).feature("anthropic_version") == "bedrock-2023-05-31"
