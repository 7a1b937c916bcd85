"""What is left out, and what is refused."""

from __future__ import annotations

import pytest

from bedrock_llm.codecs.converse import ConverseCodec
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError, UnsupportedFeatureError
from bedrock_llm.messages import CachePoint, Image, Message, Opaque, Text, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request

CODEC = ConverseCodec()
UNKNOWN = ModelConfig(model="new.model")
CLAUDE = ModelConfig(model="anthropic.claude-next", family="claude")
TOOL = ToolSpec("add")
BUDGET = {"style": "budget", "min_budget": 1024, "off": {}, "default_on": False}
CALLED = (Message.user("1+1?"), Message.assistant(ToolCall("t", "add", {})), Message.user(ToolResult("t", "2")))


def model(family=None, **features):
    return ModelConfig(model="vendor.model", family=family, features=features)


def prepare(config=UNKNOWN, messages="hi", **parameters):
    """The parameters that are left, and the warnings as (kind, parameter)."""
    made, warnings = CODEC.prepare(Request.of(messages, **parameters), config)
    return dict(made.parameters), [(warning.kind, warning.parameter) for warning in warnings]


def test_a_request_that_needs_nothing_stays_the_same_object():
    request = Request.of("hi", system="s", max_tokens=5, temperature=0.5, tools=[TOOL], tool_choice="auto")
    for config in (UNKNOWN, CLAUDE):
        made, warnings = CODEC.prepare(request, config)
        assert made is request
        assert warnings == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", 1),
        ("min_p", 0.1),
        ("presence_penalty", 0),
        ("frequency_penalty", 1.5),
        ("repetition_penalty", 1.0),
        ("logprobs", True),
        ("top_k", 5),
        ("reasoning", "low"),
        ("reasoning", False),
    ],
)
def test_knobs_that_the_wire_or_the_model_lacks_are_left_out_and_told(name, value):
    assert prepare(**{name: value}, max_tokens=5) == ({"max_tokens": 5}, [("unsupported", name)])


@pytest.mark.parametrize(
    ("config", "parameters", "left"),
    [
        (model(sampling=[]), {"temperature": 0, "top_p": 0.5}, {}),
        (model(sampling=["temperature"]), {"temperature": 0, "top_p": 0.5}, {"temperature": 0}),
        (model(temperature_with_top_p=False), {"temperature": 0, "top_p": 0.5}, {"temperature": 0}),
        (model(temperature_with_top_p=False), {"top_p": 0.5}, {"top_p": 0.5}),
        (model("claude", top_k=False), {"top_k": 3}, {}),
        (model(latency_optimized=False), {"latency": "optimized"}, {}),
        (model(latency_optimized=False), {"latency": "standard"}, {"latency": "standard"}),
        (model(service_tiers=["flex"]), {"service_tier": "priority"}, {}),
        (model(service_tiers=["default"]), {"service_tier": "default"}, {"service_tier": "default"}),
    ],
)
def test_knobs_by_the_facts_of_the_model(config, parameters, left):
    dropped = [("unsupported", name) for name in parameters if name not in left]
    assert prepare(config, **parameters) == (left, dropped)


def test_what_the_model_does_anyway_is_left_out_without_a_word():
    assert prepare(model(service_tiers=[]), service_tier="default") == ({}, [])


def test_a_reasoning_budget_excludes_other_knobs_of_claude():
    config = model("claude", reasoning=BUDGET)
    given = {"temperature": 0.2, "top_k": 5, "tools": [TOOL], "tool_choice": "required", "reasoning": "low"}
    left, told = prepare(config, **given)
    assert left == {"tools": (TOOL,), "reasoning": "low"}
    assert told == [("unsupported", "temperature"), ("unsupported", "top_k"), ("unsupported", "tool_choice")]
    assert prepare(config, temperature=1, reasoning=2000) == ({"temperature": 1, "reasoning": 2000}, [])
    assert prepare(config, temperature=0.2, reasoning=False) == ({"temperature": 0.2, "reasoning": False}, [])


def test_a_budget_that_the_model_cannot_take_is_refused():
    with pytest.raises(InvalidRequestError):
        prepare(model("claude", reasoning=BUDGET), reasoning=500)


@pytest.mark.parametrize(
    ("config", "parameters", "left", "told"),
    [
        (UNKNOWN, {"tool_choice": "none"}, {}, []),
        (CLAUDE, {"tool_choice": "none"}, {"tools": (TOOL,), "tool_choice": "none"}, []),
        (model(tool_choice=["auto"]), {"tool_choice": "required"}, {"tools": (TOOL,)}, ["tool_choice"]),
        (model(tool_choice=["auto"]), {"tool_choice": "add"}, {"tools": (TOOL,)}, ["tool_choice"]),
        (
            model(tool_choice=["auto", "required"]),
            {"tool_choice": "add"},
            {"tools": (TOOL,), "tool_choice": "required"},
            [],
        ),
        (model(tool_choice=[]), {"tool_choice": "auto"}, {"tools": (TOOL,)}, []),
        (UNKNOWN, {"parallel_tool_calls": True}, {"tools": (TOOL,)}, ["parallel_tool_calls"]),
        (UNKNOWN, {"parallel_tool_calls": False}, {"tools": (TOOL,)}, ["parallel_tool_calls"]),
        (model(parallel_tool_calls=True), {"parallel_tool_calls": True}, {"tools": (TOOL,)}, []),
        (model(parallel_tool_calls=False), {"parallel_tool_calls": False}, {"tools": (TOOL,)}, []),
        (CLAUDE, {"parallel_tool_calls": True}, {"tools": (TOOL,)}, []),
        (CLAUDE, {"parallel_tool_calls": False}, {"tools": (TOOL,), "parallel_tool_calls": False}, []),
    ],
)
def test_tool_choice_by_the_facts_of_the_model(config, parameters, left, told):
    assert prepare(config, tools=[TOOL], **parameters) == (left, [("unsupported", name) for name in told])


def test_a_choice_among_no_tools_means_nothing():
    assert prepare(tool_choice="auto", parallel_tool_calls=False) == ({}, [])


def test_calls_in_the_history_want_tools():
    left, told = prepare(UNKNOWN, CALLED)
    assert (left, told) == ({"tools": (ToolSpec("add"),)}, [("repaired", "tools")])
    left, told = prepare(CLAUDE, CALLED)
    assert (left, told) == ({"tools": (ToolSpec("add"),), "tool_choice": "none"}, [("repaired", "tools")])
    assert prepare(UNKNOWN, CALLED, tools=[TOOL]) == ({"tools": (TOOL,)}, [])


def test_no_tool_at_all_cannot_be_said_while_calls_stand_in_the_history():
    assert prepare(UNKNOWN, CALLED, tools=[TOOL], tool_choice="none") == (
        {"tools": (TOOL,)},
        [("unsupported", "tool_choice")],
    )


def test_strictness_is_left_out_where_the_model_lacks_it():
    left, told = prepare(model(strict_tools=False), tools=[ToolSpec("add", strict=True), CachePoint()])
    assert (left["tools"][0], told) == (ToolSpec("add"), [("unsupported", "tools")])


def test_blocks_of_other_providers_are_left_out_and_told():
    theirs, ours = Opaque("openai", "x", 1), Opaque("converse", "guardContent", {})
    request = Request.of([Message.user("a", theirs, ours)], system=[Text("s"), theirs], tools=[TOOL, theirs])
    made, warnings = CODEC.prepare(request, UNKNOWN)
    assert made == Request.of([Message.user("a", ours)], system=[Text("s")], tools=[TOOL])
    assert {(warning.kind, warning.parameter) for warning in warnings} == {
        ("repaired", "messages[0]"),
        ("unsupported", "system"),
        ("unsupported", "tools"),
    }


@pytest.mark.parametrize(
    ("config", "messages", "parameters", "parameter"),
    [
        (model(tools=False), "hi", {"tools": [TOOL]}, "tools"),
        (model(tools=False), CALLED, {}, "messages"),
        (model(system=False), "hi", {"system": "s"}, "system"),
        (model(system=False), [Message.system("s"), Message.user("a")], {}, "messages[0]"),
        (model(structured_output=False), "hi", {"output_type": {"type": "object"}}, "output_type"),
        (model(images=False), [Message.user("a", Image(b"x", media_type="image/png"))], {}, "messages[0]"),
    ],
)
def test_what_changes_the_meaning_is_refused(config, messages, parameters, parameter):
    with pytest.raises(UnsupportedFeatureError) as caught:
        prepare(config, messages, **parameters)
    assert caught.value.parameter == parameter
    assert caught.value.allowed


def test_cache_becomes_points():
    made, _ = CODEC.prepare(Request.of("hi", cache="1h"), CLAUDE)
    assert made == Request.of([Message.user("hi", CachePoint("1h"))])


def test_a_managed_prompt_needs_no_messages_and_gets_no_tools():
    prompt = ModelConfig(model="arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ")
    for messages in ([], CALLED):
        request = Request.of(messages, prompt_variables={"city": "Oslo"})
        assert CODEC.prepare(request, prompt) == (request, ())


def test_preparing_twice_changes_nothing_more():
    request = Request.of(CALLED, seed=1, cache=True, system="s", reasoning="high", top_k=3, parallel_tool_calls=False)
    for config in (UNKNOWN, CLAUDE, model("claude", reasoning=BUDGET, cache_points=["system"])):
        made, _ = CODEC.prepare(request, config)
        assert CODEC.prepare(made, config) == (made, ())


@pytest.mark.parametrize(
    ("features", "tools", "streams"),
    [
        ({}, [TOOL], True),
        ({"streaming": False}, None, False),
        ({"streaming_with_tools": False}, [TOOL], False),
        ({"streaming_with_tools": False}, None, True),
        ({"streaming": True, "streaming_with_tools": True}, [TOOL], True),
    ],
)
def test_what_the_model_streams(features, tools, streams):
    assert CODEC.streams(Request.of("hi", tools=tools), model(**features)) is streams
