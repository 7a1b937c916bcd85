"""Reading a model's name apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_llm.catalog.names import Name, matching, read_name, without_arn


@pytest.mark.parametrize(
    ("name", "stem", "date", "version"),
    [
        ("anthropic.claude-sonnet-4-20250514-v1:0", "anthropic.claude-sonnet-4", "20250514", ("1", "0")),
        ("openai.gpt-oss-120b-1:0", "openai.gpt-oss-120b", None, ("1", "0")),
        ("anthropic.claude-v2:1", "anthropic.claude", None, ("2", "1")),
        ("mistral.mistral-large-2402-v1:0", "mistral.mistral-large-2402", None, ("1", "0")),
        ("", "", None, ()),
    ],
)
def test_a_bedrock_name_is_read_apart(name, stem, date, version):
    assert read_name(name) == Name(stem, date, version)


@pytest.mark.parametrize(
    ("name", "stem", "date", "version"),
    [
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5", "20251001", ()),
        ("claude-3-7-sonnet@20250219", "claude-3-7-sonnet", "20250219", ()),
        ("gpt-5.5-2026-04-23", "gpt-5.5", "20260423", ()),
        ("command-a-03-2025", "command-a", "032025", ()),
        ("mistral-large-2512", "mistral-large", "2512", ()),
        ("gemini-2.5-flash-latest", "gemini-2.5-flash", "latest", ()),
        ("models/gemini-2.5-flash-001", "gemini-2.5-flash", None, ("001",)),
        ("claude-opus-4-8", "claude-opus-4-8", None, ()),
        ("openai/gpt-oss-120b", "openai/gpt-oss-120b", None, ()),
        ("", "", None, ()),
    ],
)
def test_another_providers_name_is_read_apart(name, stem, date, version):
    assert read_name(name, "acme") == Name(stem, date, version)


@pytest.mark.parametrize(
    ("name", "rows", "found"),
    [
        ("m", ["m", "m-2401"], "m"),
        ("m-2401", ["m", "m-2401"], "m-2401"),
        ("m-2402", ["m", "m-2401"], "m"),
        ("m-latest", ["m", "m-2401"], "m"),
        ("m", ["m-2401"], "m-2401"),
        ("m", ["m-2401", "m-2402"], None),
        ("m", ["m-latest", "m-2402"], "m-latest"),
        ("m-2401", ["m-latest"], None),
        ("m-2401", ["m-latest", "m-2402"], None),
        ("n", [], None),
    ],
)
def test_a_name_means_the_one_row_that_does_not_contradict_it(name, rows, found):
    assert matching(name, "acme", dict.fromkeys(rows), rows) == found


@given(st.text(max_size=40), st.sampled_from(["bedrock", "openai", "google"]))
def test_any_text_can_be_read_and_may_be_itself(name, provider):
    read = read_name(name, provider)
    assert read.may_be(read)
    assert name.removeprefix("models/").startswith(read.stem) or name == read.stem


def test_an_arn_holds_a_name_or_none():
    assert without_arn("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0") == "amazon.nova-pro-v1:0"
    assert without_arn("arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ") is None
    assert without_arn("amazon.nova-pro-v1:0") == "amazon.nova-pro-v1:0"
