from __future__ import annotations

import copy
import functools
import pickle

import pytest

from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import CachePoint, Image, Opaque, Text
from bedrock_llm.parameters import ToolSpec, check_parameters


def weather(city: str) -> str:
    """The weather in a city."""
    return city


GOOD = {
    "system": "Be brief.",
    "max_tokens": 1,
    "temperature": 0,
    "top_p": 1.0,
    "top_k": 0,
    "min_p": 0.5,
    "stop": ("a", "b"),
    "seed": -1,
    "presence_penalty": -2.0,
    "frequency_penalty": 2,
    "repetition_penalty": 1.1,
    "logprobs": True,
    "reasoning": "high",
    "tools": (ToolSpec("f"),),
    "tool_choice": "f",
    "parallel_tool_calls": False,
    "output_type": dict,
    "metadata": {"a": "b"},
    "service_tier": "flex",
    "latency": "optimized",
    "cache": "1h",
    "guardrail": {"identifier": "g", "version": "1", "trace": "enabled"},
    "prompt_variables": {"a": "b"},
    "extra_body": {"a": [1]},
    "additional_model_request_fields": {"top_k": 5},
    "extra_headers": {"X-A": "b"},
}


def test_every_parameter_is_taken_in_its_normal_form_and_in_the_order_given():
    assert list(check_parameters(GOOD).items()) == list(GOOD.items())
    assert check_parameters(check_parameters(GOOD)) == GOOD


def test_none_is_not_set_and_zero_is_a_value():
    assert check_parameters(dict.fromkeys(GOOD)) == {}
    assert check_parameters({"temperature": 0, "top_k": 0, "logprobs": 0, "reasoning": False}) == {
        "temperature": 0,
        "top_k": 0,
        "logprobs": 0,
        "reasoning": False,
    }


def test_an_empty_list_of_tools_stops_or_system_parts_is_the_same_as_none():
    assert check_parameters({"tools": [], "stop": [], "system": []}) == {}


def test_single_values_become_tuples_where_several_are_meant():
    made = check_parameters({"stop": "a", "system": ["x", CachePoint()]})
    assert made == {"stop": ("a",), "system": (Text("x"), CachePoint())}


@pytest.mark.parametrize("value", [1, 1024, "low", "medium", "high", False])
def test_reasoning_is_an_effort_a_budget_or_off(value):
    assert check_parameters({"reasoning": value}) == {"reasoning": value}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("system", 5),
        ("system", [Image(b"x")]),
        ("max_tokens", 0),
        ("max_tokens", True),
        ("max_tokens", 1.0),
        ("max_tokens", "5"),
        pytest.param("max_tokens", 10**5000, id="max_tokens-huge"),
        ("temperature", -0.1),
        ("temperature", True),
        ("temperature", "warm"),
        ("temperature", float("nan")),
        ("temperature", float("inf")),
        pytest.param("temperature", 10**400, id="temperature-huge"),
        ("top_p", 1.1),
        ("top_k", -1),
        ("top_k", 2.5),
        ("min_p", -1),
        ("stop", 5),
        ("stop", b"a"),
        ("stop", {"a": 1}),
        ("seed", 1.5),
        ("seed", 2**64),
        ("presence_penalty", float("-inf")),
        pytest.param("presence_penalty", -(10**400), id="presence_penalty-huge"),
        ("repetition_penalty", -1),
        ("logprobs", -1),
        ("logprobs", "yes"),
        ("reasoning", "very"),
        ("reasoning", 0),
        ("reasoning", True),
        ("reasoning", 5.0),
        ("tools", "f"),
        ("tools", {"name": "f"}),
        ("tool_choice", " "),
        ("tool_choice", 5),
        ("parallel_tool_calls", 1),
        ("output_type", "Weather"),
        ("output_type", 5),
        ("metadata", {"a": 1}),
        ("metadata", {1: "a"}),
        ("metadata", ["a"]),
        ("service_tier", ""),
        ("latency", "fast"),
        ("latency", ["standard"]),
        ("cache", "30m"),
        ("cache", 1),
        ("guardrail", {"identifier": "g"}),
        ("guardrail", {"identifier": "g", "version": "1", "guardrailTrace": "x"}),
        ("guardrail", {"identifier": "g", "version": 1}),
        ("prompt_variables", {"a": 1}),
        ("extra_body", [1]),
        ("additional_model_request_fields", "x"),
        ("extra_headers", "X: y"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_allowed(name, value):
    with pytest.raises(InvalidRequestError, match="must be") as caught:
        check_parameters({name: value})
    assert caught.value.parameter.startswith(name)
    assert caught.value.allowed
    assert len(str(caught.value)) < 300


def test_an_unknown_parameter_names_the_nearest():
    with pytest.raises(InvalidRequestError, match=r"there is no parameter 'max_token'; did you mean 'max_tokens'\?"):
        check_parameters({"max_token": 5})
    with pytest.raises(InvalidRequestError, match="it can be one of system, max_tokens"):
        check_parameters({"n": 2})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Key", b"hush-hush"),
        ("X-Key", "hush-hush\r\nX-Other: 1"),
        ("X-Key", "hush-hush\0"),
        ("X-Key", "hush-hush\x07"),
        ("X-Key", "hush-hush\u2603"),
        ("X Key", "a"),
        ("X:Key", "a"),
        ("", "a"),
        ("X-Kéy", "a"),
        (5, "a"),
    ],
)
def test_a_header_that_cannot_be_sent_is_refused_and_its_value_not_shown(name, value):
    with pytest.raises(InvalidRequestError) as caught:
        check_parameters({"extra_headers": {name: value}})
    assert "hush" not in str(caught.value)
    assert "hush" not in repr(caught.value.value)


def test_headers_given_as_text_are_not_shown_either():
    with pytest.raises(InvalidRequestError) as caught:
        check_parameters({"extra_headers": "x-api-key: hush-hush"})
    assert "hush" not in str(caught.value)
    assert caught.value.value is None


def test_headers_may_hold_tabs():
    headers = {"X-Name": "J\tM"}
    assert check_parameters({"extra_headers": headers}) == {"extra_headers": headers}


@pytest.mark.parametrize(
    "headers", [{"X-Name": "J\xfcrgen"}, {"Content-Length": "3"}, {"HOST": "x"}, {"Authorization": "x"}]
)
def test_headers_that_libraries_write_differently_or_we_write_ourselves_are_refused(headers):
    with pytest.raises(InvalidRequestError, match="extra_headers"):
        check_parameters({"extra_headers": headers})


SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


@pytest.mark.parametrize(
    "tool",
    [
        ToolSpec("f", "does f", SCHEMA, True),
        {"type": "function", "function": {"name": "f", "description": "does f", "parameters": SCHEMA, "strict": True}},
        {"type": "function", "name": "f", "description": "does f", "parameters": SCHEMA, "strict": True},
        {"name": "f", "description": "does f", "input_schema": SCHEMA, "strict": True},
        {"type": "custom", "name": "f", "description": "does f", "input_schema": SCHEMA, "strict": True},
        {"toolSpec": {"name": "f", "description": "does f", "inputSchema": {"json": SCHEMA}, "strict": True}},
    ],
)
def test_a_tool_is_the_same_in_every_shape(tool):
    assert check_parameters({"tools": [tool]})["tools"] == (ToolSpec("f", "does f", SCHEMA, True),)


def test_a_function_is_a_tool_whose_schema_is_made_later():
    (tool,) = check_parameters({"tools": [weather]})["tools"]
    assert (tool.name, tool.description, tool.parameters, tool.function) == ("weather", None, None, weather)


def test_a_cache_mark_on_a_tool_stands_behind_it():
    tool = {"name": "f", "input_schema": SCHEMA, "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    assert check_parameters({"tools": [tool]})["tools"] == (ToolSpec("f", None, SCHEMA), CachePoint("1h"))


def test_tools_that_the_provider_runs_are_kept_as_they_are():
    tools = [
        {"systemTool": {"name": "nova_grounding"}},
        {"cachePoint": {"type": "default"}},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
        Opaque("converse", "systemTool", {"name": "other"}),
    ]
    assert check_parameters({"tools": tools})["tools"] == (
        Opaque("converse", "systemTool", {"name": "nova_grounding"}),
        CachePoint(),
        Opaque("anthropic_messages", "web_search_20250305", tools[2]),
        tools[3],
    )


@pytest.mark.parametrize(
    ("tools", "parameter"),
    [
        ([5], "tools[0]"),
        ([weather, {}], "tools[1]"),
        ([{"name": "f"}], "tools[0]"),
        ([{"name": "f", "input_schema": []}], "tools[0].input_schema"),
        ([{"name": "f", "input_schema": {}, "colour": 1}], "tools[0].colour"),
        ([{"type": "function", "function": {"parameters": {}}}], "tools[0].function.name"),
        ([{"type": "function", "function": {"name": "f", "strict": "yes"}}], "tools[0].function.strict"),
        ([{"type": "odd", "name": "f"}], "tools[0].type"),
        ([{"toolSpec": {"name": "f"}}], "tools[0].toolSpec.inputSchema"),
        ([{"toolSpec": {"name": "f", "inputSchema": {"json": "x"}}}], "tools[0].toolSpec.inputSchema.json"),
        ([{"toolSpec": {}, "cachePoint": {}}], "tools[0]"),
        ([{"cachePoint": {"type": "odd"}}], "tools[0].cachePoint.type"),
        ([{"name": "f", "input_schema": {}, "cache_control": {"type": "x"}}], "tools[0].cache_control.type"),
        ([ToolSpec("f"), ToolSpec("f")], "tools"),
        ([lambda x: x], "tools[0]"),
        ([functools.partial(weather, "x")], "tools[0]"),
        ([{1: 2}], "tools[0] key"),
    ],
)
def test_a_wrong_tool_is_refused_with_its_place(tools, parameter):
    with pytest.raises(InvalidRequestError) as caught:
        check_parameters({"tools": tools})
    assert caught.value.parameter == parameter


@pytest.mark.parametrize(
    ("choice", "tools", "good"),
    [
        ("auto", None, True),
        ("none", None, True),
        ("required", [weather], True),
        ("weather", [weather], True),
        ("required", None, False),
        ("required", [], False),
        ("wether", [weather], False),
        ("weather", None, False),
    ],
)
def test_a_tool_choice_needs_its_tool(choice, tools, good):
    if good:
        assert check_parameters({"tool_choice": choice, "tools": tools})["tool_choice"] == choice
        return
    with pytest.raises(InvalidRequestError, match="tool_choice must be 'auto'"):
        check_parameters({"tool_choice": choice, "tools": tools})


@pytest.mark.parametrize(
    ("made", "parameter"),
    [
        (lambda: ToolSpec(""), "ToolSpec.name"),
        (lambda: ToolSpec(5), "ToolSpec.name"),
        (lambda: ToolSpec("f", 5), "ToolSpec.description"),
        (lambda: ToolSpec("f", parameters="{}"), "ToolSpec.parameters"),
        (lambda: ToolSpec("f", strict="yes"), "ToolSpec.strict"),
        (lambda: ToolSpec("f", function="f"), "ToolSpec.function"),
    ],
)
def test_a_wrong_field_of_a_tool_is_named(made, parameter):
    with pytest.raises(InvalidRequestError) as caught:
        made()
    assert caught.value.parameter == parameter


def test_a_tools_function_is_not_kept_by_dict_and_pickle_but_by_copies():
    tool = ToolSpec("f", "d", SCHEMA, False, weather)
    assert tool.to_dict() == {"name": "f", "description": "d", "parameters": SCHEMA, "strict": False}
    assert ToolSpec.from_dict(tool.to_dict()) == tool
    assert pickle.loads(pickle.dumps(tool)) == tool
    assert pickle.loads(pickle.dumps(tool)).function is None
    assert copy.copy(tool).function is copy.deepcopy(tool).function is weather
