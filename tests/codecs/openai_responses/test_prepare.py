"""What is left out of a request, and why."""

from __future__ import annotations

import pytest

from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import UnsupportedFeatureError
from bedrock_llm.messages import CachePoint, Image, Message, Opaque, Text, Thinking, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from tests.codecs.openai_responses.wire import BODY, PLAIN, answer, call, message, reasoning

OWN = "openai_responses"
GPT = ModelConfig(provider="openai", model="gpt", family="gpt")
OTHER = ModelConfig(provider="xai", model="grok", family="grok")


def prepared(messages, config=PLAIN, **parameters):
    return BODY.prepare(Request.of(messages, **parameters), config)


def left_out(messages, config=PLAIN, **parameters):
    return [warning.parameter for warning in prepared(messages, config, **parameters)[1]]


def test_a_request_that_needs_nothing_stays_as_it_is():
    request = Request.of("Hi", system="s", max_tokens=5, temperature=0.5, reasoning="high", metadata={"a": "b"})
    assert BODY.prepare(request, PLAIN) == (request, ())


@pytest.mark.parametrize(
    "parameters",
    [
        {"stop": ["a"]}, {"seed": 4}, {"top_k": 3}, {"min_p": 0.1}, {"presence_penalty": 1}, {"frequency_penalty": 1},
        {"repetition_penalty": 1.5},
    ],
)  # fmt: skip
def test_what_the_api_has_not_is_left_out_with_a_warning(parameters):
    request, (warning,) = prepared("Hi", **parameters)
    assert (request.parameters, warning.kind, warning.parameter) == ({}, "unsupported", next(iter(parameters)))


def test_what_a_host_has_is_not():
    config = ModelConfig(features={"native": {"body": OWN, "seed": "seed", "top_k": "top_k", "temperature": False}})
    assert left_out("Hi", config, seed=4, top_k=3, temperature=1) == ["temperature"]


def test_what_the_model_has_not_is_left_out():
    config = ModelConfig(features={"sampling": [], "reasoning": False, "tool_choice": ["auto"]})
    names = left_out("Hi", config, temperature=1, reasoning="low", tools=[ToolSpec("n")], tool_choice="n")
    assert names == ["temperature", "reasoning", "tool_choice"]


def test_a_budget_becomes_an_effort():
    request, (warning,) = prepared("Hi", reasoning=5000)
    assert BODY.write(request, PLAIN, stream=False)["reasoning"] == {"effort": "medium"}
    assert "medium" in warning.message


@pytest.mark.parametrize(
    ("feature", "written"),
    [
        ({"style": "reasoning_effort", "off": {"reasoning_effort": "none"}}, {"effort": "none"}),
        ({"style": "reasoning.effort", "off": {"reasoning": {"effort": "minimal"}}}, {"effort": "minimal"}),
        ({"style": "reasoning_effort", "default_on": False}, None),
    ],
)
def test_no_reasoning_is_said_in_this_bodys_own_member(feature, written):
    config = ModelConfig(features={"reasoning": feature})
    request, warnings = prepared("Hi", config, reasoning=False)
    assert (BODY.write(request, config, stream=False).get("reasoning"), warnings) == (written, ())


@pytest.mark.parametrize(
    ("features", "messages", "parameters"),
    [
        ({"tools": False}, "Hi", {"tools": [ToolSpec("n")]}),
        ({"structured_output": False}, "Hi", {"output_type": {"type": "object"}}),
        ({"system": False}, "Hi", {"system": "s"}),
        ({"images": False}, [Message.user(Image(b"x", media_type="image/png"))], {}),
    ],
)
def test_what_the_request_is_about_is_refused(features, messages, parameters):
    with pytest.raises(UnsupportedFeatureError):
        prepared(messages, ModelConfig(features=features), **parameters)


def test_a_conversation_needs_no_turns():
    turns = [Message.assistant("a"), Message.assistant("b"), Message.user("c"), Message.system("d"), Message.user("e")]
    assert prepared(turns)[0].messages == tuple(turns)


def history(*items, config=GPT):
    """A tool loop whose first turn is this answer."""
    turn = BODY.read(answer(*items, call()), config).message
    return [Message.user("a"), turn, Message.user(ToolResult("call_1", "1"))]


@pytest.mark.parametrize(
    "item",
    [
        reasoning("Hm", encrypted_content="S"),
        reasoning(encrypted_content="S"),
        reasoning(content=[{"type": "reasoning_text", "text": "Hm"}]),
    ],
)
def test_reasoning_goes_back_before_its_call(item):
    request, warnings = prepared(history(item), GPT)
    assert [entry.get("type") for entry in BODY.write(request, GPT, stream=False)["input"]] == [
        None,
        "reasoning",
        "function_call",
        "function_call_output",
    ]
    assert warnings == ()


@pytest.mark.parametrize(("item", "told"), [(reasoning(), []), (reasoning("Hm"), ["messages[1]"])])
def test_reasoning_that_only_a_store_could_tell_goes_back_where_one_is(item, told):
    turns = history(item)
    request, warnings = prepared(turns, GPT)
    assert [part.__class__ for part in request.messages[1].parts] == [ToolCall]
    assert [warning.parameter for warning in warnings] == told
    stored = prepared(turns, GPT, extra_body={"store": True})
    assert (stored[0].messages, stored[1]) == (tuple(turns), ())


def test_reasoning_goes_back_only_to_the_family_that_made_it():
    turns = history(reasoning("Hm", encrypted_content="S"))
    request, warnings = prepared(turns, OTHER)
    assert [part.__class__ for part in request.messages[1].parts] == [ToolCall]
    assert [warning.parameter for warning in warnings] == ["messages[1]"]


def test_reasoning_that_the_caller_took_away_stays_away():
    turns = history(reasoning("Hm", encrypted_content="S"))
    kept = tuple(part for part in turns[1].parts if not isinstance(part, Thinking))
    request, _ = prepared([turns[0], Message("assistant", kept), turns[2]], GPT)
    assert [part.__class__ for part in request.messages[1].parts] == [ToolCall]


def test_items_of_others_are_left_out_with_a_warning():
    turns = [Message.user("a"), Message.assistant("b", Opaque("converse", "x", {})), Message.user("c")]
    request, (warning,) = prepared(turns)
    assert request.messages[1] == Message.assistant("b")
    assert warning.kind == "repaired"


def test_what_belongs_to_a_message_or_a_call_stays_with_it():
    turn = BODY.read(answer(message("a", phase="commentary"), call(namespace="crm")), GPT).message
    turns = [Message.user("a"), turn, Message.user(ToolResult("call_1", "1"))]
    assert prepared(turns, GPT)[0].messages == tuple(turns)


def test_cache_points_stay_where_the_model_takes_them():
    turns = [Message.user(Text("a"), CachePoint(), Text("b"))]
    assert left_out(turns) == ["cache"]
    config = ModelConfig(features={"cache_points": ["tools", "system", "messages"]})
    assert prepared(turns, config)[0].messages == tuple(turns)
    request, _ = prepared("Hi", config, cache=True, system="s", tools=[ToolSpec("n")])
    body = BODY.write(request, config, stream=False)
    assert [item["content"][0]["prompt_cache_breakpoint"] for item in body["input"]] == [{"mode": "explicit"}] * 2
