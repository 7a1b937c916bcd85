"""Fields of model families: written, and read back."""

from __future__ import annotations

import pytest

from bedrock_llm.codecs.shared.fields import merge, model_fields, read_fields, reasoning_fields
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request

UNKNOWN = ModelConfig(model="new.model")
CLAUDE = ModelConfig(model="anthropic.claude-next", family="claude")
OFF = {"thinking": {"type": "disabled"}}


def model(family=None, **features):
    return ModelConfig(model="vendor.model", family=family, features=features)


def style(name, **more):
    return model(reasoning={"style": name, **more})


@pytest.mark.parametrize(
    ("name", "value", "fields"),
    [
        ("adaptive", "low", {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}),
        ("nova", "high", {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}}),
        ("reasoning_effort", "medium", {"reasoning_effort": "medium"}),
        ("reasoning.effort", "low", {"reasoning": {"effort": "low"}}),
        ("reasoning_config", "high", {"reasoning_config": "high"}),
        ("budget", 2000, {"thinking": {"type": "enabled", "budget_tokens": 2000}}),
        ("budget", "low", {"thinking": {"type": "enabled", "budget_tokens": 1024}}),
        ("budget", "medium", {"thinking": {"type": "enabled", "budget_tokens": 4096}}),
        ("budget", "high", {"thinking": {"type": "enabled", "budget_tokens": 16384}}),
    ],
)
def test_each_family_is_told_to_reason_in_its_own_words(name, value, fields):
    config = style(name, min_budget=1024)
    assert reasoning_fields(value, config, None) == (fields, None)
    found, rest = read_fields({**fields, "other": 1}, config)
    assert (model_fields(Request.of("hi", **found), config), rest) == (fields, {"other": 1})
    assert found.keys() == {"reasoning"}


@pytest.mark.parametrize(
    ("value", "efforts", "sent"),
    [
        (1000, ["low", "medium", "high"], "low"),
        (5000, ["low", "medium", "high"], "medium"),
        (20000, [], "high"),
        ("low", ["high", "max"], "high"),
        ("high", ["none", "low"], "low"),
        ("medium", ["low", "high"], "high"),
        ("high", ["odd"], "odd"),
    ],
)
def test_a_value_that_the_model_lacks_becomes_the_nearest_and_is_told(value, efforts, sent):
    written = reasoning_fields(value, style("reasoning_effort", efforts=efforts), None)
    assert written.fields == {"reasoning_effort": sent}
    assert (written.warning.kind, written.warning.parameter) == ("unsupported", "reasoning")
    assert repr(sent) in written.warning.message


@pytest.mark.parametrize(
    ("config", "fields", "told"),
    [
        (style("adaptive", off=OFF, default_on=True), OFF, False),
        (style("adaptive", off=OFF), OFF, False),
        (style("adaptive", off=OFF, default_on=False), {}, False),
        (style("budget", off={}, default_on=False), {}, False),
        (style("nova", default_on=False), {}, False),
        (style("reasoning.effort", off=None, default_on=True), None, True),
        (style("reasoning.effort"), None, True),
        (model(reasoning=False), {}, False),
        (CLAUDE, OFF, False),
        (UNKNOWN, None, True),
    ],
)
def test_reasoning_is_switched_off_where_it_can_be(config, fields, told):
    written = reasoning_fields(False, config, None)
    assert (written.fields, written.warning is not None) == (fields, told)


@pytest.mark.parametrize("config", [UNKNOWN, model(reasoning=False), style("telepathy")])
def test_reasoning_that_the_model_is_not_known_to_have_is_left_out_and_told(config):
    written = reasoning_fields("low", config, None)
    assert (written.fields, written.warning.kind) == (None, "unsupported")


def test_a_claude_without_a_row_takes_a_budget_or_an_effort():
    assert reasoning_fields(2000, CLAUDE, None).fields == {"thinking": {"type": "enabled", "budget_tokens": 2000}}
    assert reasoning_fields("high", CLAUDE, None).fields["thinking"] == {"type": "adaptive"}


@pytest.mark.parametrize(("value", "max_tokens"), [(1023, None), (2000, 2000), (2000, 1500)])
def test_a_budget_out_of_range_is_refused(value, max_tokens):
    with pytest.raises(InvalidRequestError, match="at least 1024"):
        reasoning_fields(value, style("budget", min_budget=1024), max_tokens)


@pytest.mark.parametrize(
    ("level", "max_tokens", "budget"), [("high", 8000, 4000), ("medium", 1500, 1024), ("low", 1025, 1024)]
)
def test_the_budget_of_a_level_stays_below_max_tokens(level, max_tokens, budget):
    written = reasoning_fields(level, style("budget", min_budget=1024), max_tokens)
    assert written == ({"thinking": {"type": "enabled", "budget_tokens": budget}}, None)


def test_a_level_that_max_tokens_leaves_no_room_for_is_left_out_and_told():
    written = reasoning_fields("low", style("budget", min_budget=1024), 1000)
    assert written.fields is None
    assert "no room" in written.warning.message


@pytest.mark.parametrize(
    ("config", "fields"),
    [
        (CLAUDE, {"top_k": 5}),
        (ModelConfig(family="nova"), {"inferenceConfig": {"topK": 5}}),
        (model(top_k="inferenceConfig.topK"), {"inferenceConfig": {"topK": 5}}),
        (model("claude", top_k=False), {}),
        (UNKNOWN, {}),
    ],
)
def test_top_k_has_a_place_of_its_own_in_each_family(config, fields):
    assert model_fields(Request.of("hi", top_k=5), config) == fields
    assert read_fields(fields, config) == ({"top_k": 5} if fields else {}, {})


@pytest.mark.parametrize(
    "parameters",
    [
        {"tool_choice": "none"},
        {"parallel_tool_calls": False},
        {"parallel_tool_calls": False, "tool_choice": "required"},
        {"parallel_tool_calls": False, "tool_choice": "a"},
    ],
)
def test_claude_s_tool_choice_is_read_back(parameters):
    fields = model_fields(Request.of("hi", tools=[ToolSpec("a")], **parameters), CLAUDE)
    assert read_fields({**fields, "x": 1}, CLAUDE) == (parameters, {"x": 1})


@pytest.mark.parametrize(
    "fields",
    [
        {"thinking": {"type": "enabled", "budget_tokens": "many"}},
        {"thinking": {"type": "adaptive"}},
        {"thinking": "on"},
        {"top_k": "5"},
        {"tool_choice": {"type": "auto"}},
        {"tool_choice": "none"},
    ],
)
def test_fields_that_no_parameter_writes_stay_fields(fields):
    assert read_fields(fields, CLAUDE) == ({}, fields)


def test_a_budget_that_the_model_would_refuse_stays_a_field():
    fields = {"thinking": {"type": "enabled", "budget_tokens": 5}}
    assert read_fields(fields, style("budget", min_budget=1024)) == ({}, fields)


def test_fields_beside_a_parameter_s_own_stay_where_they_were():
    config = style("nova")
    fields = {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low", "depth": 3}}
    assert read_fields(fields, config) == ({"reasoning": "low"}, {"reasoningConfig": {"depth": 3}})


def test_merging_goes_deep_into_objects_and_replaces_everything_else():
    under = {"a": {"b": 1, "c": [1]}, "d": 1}
    assert merge(under, {"a": {"c": [2], "e": {}}, "d": {"f": 1}, "g": None}) == {
        "a": {"b": 1, "c": [2], "e": {}},
        "d": {"f": 1},
        "g": None,
    }
    assert under == {"a": {"b": 1, "c": [1]}, "d": 1}
