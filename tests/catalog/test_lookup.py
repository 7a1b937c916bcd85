"""From a model's name to its facts."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal

import pytest

from bedrock_llm.catalog.lookup import find, is_bedrock_id, known_models, nearest
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


def test_another_provider_is_known_only_from_a_users_rows():
    assert find("gpt-4.1", provider="openai") == ModelConfig(provider="openai", model="gpt-4.1")
    rows = Catalog.of({"gpt-4.1": {"context_window": 1000}})
    known = find("gpt-4.1", provider="openai", overrides=rows)
    assert known == ModelConfig(provider="openai", model="gpt-4.1", context_window=1000, source="given in code")


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


def test_every_known_model_is_found_and_says_what_it_is():
    names = known_models("bedrock")
    assert names == tuple(sorted(set(names)))
    assert len(names) > 250
    for name in names:
        config = find(name)
        assert config.family, name
        assert config.features, name
        assert is_bedrock_id(name)
    assert known_models("openai") == ()
    assert known_models() == names


def test_nothing_is_read_at_import():
    code = (
        "import pathlib; read = pathlib.Path.read_bytes\n"
        "pathlib.Path.read_bytes = lambda self: print(self.name) or read(self)\n"
        "from bedrock_llm.catalog import lookup\n"
        "print('imported'); lookup.find('x'); lookup.find('y')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.split() == ["imported", "models.json", "families.json"]


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
