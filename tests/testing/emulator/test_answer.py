"""The answers without a script."""

from __future__ import annotations

import json

import pytest

from bedrock_llm.messages import Message, Text, Thinking, ToolCall
from bedrock_llm.response import Response, StopReason
from bedrock_llm.testing.emulator.answer import answer_by_rule
from tests.testing.emulator.line import said

SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "unit": {"enum": ["C", "F"]},
        "days": {"type": "integer", "minimum": 2},
        "exact": {"type": "boolean"},
        "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}, "minItems": 2},
        "note": {"anyOf": [{"type": "null"}, {"type": "string"}]},
        "never": {"type": "string"},
    },
    "required": ["city", "unit", "days", "exact", "tags", "note"],
    "$defs": {"tag": {"type": ["string", "null"]}},
}


def offered(name="get_weather", schema=SCHEMA, **choice):
    config = {"tools": [{"toolSpec": {"name": name, "inputSchema": {"json": schema}}}]}
    return {"toolConfig": {**config, "toolChoice": choice}} if choice else {"toolConfig": config}


def words(text):
    return len(text.split())


def answered(text="Hi", **more):
    return answer_by_rule(said(text, **more), words)


def test_a_prompt_is_told_back():
    assert answered("Why is the sky blue?").text == (
        'You said: "Why is the sky blue?". This answer was made by the emulator from a request of 1 message; no model '
        "was asked."
    )


def test_the_same_request_gets_the_same_answer():
    assert answered("Weather", **offered(any={})) == answered("Weather", **offered(any={}))


def test_a_tool_that_the_prompt_names_is_called_with_arguments_that_fit():
    response = answered("What is the weather in Oslo or Bergen?", **offered())
    (call,) = response.tool_calls
    expected = {"city": "Oslo", "unit": "C", "days": 2, "exact": True, "tags": ["Bergen", "something"], "note": None}
    assert (call.name, call.arguments) == ("get_weather", expected)
    assert response.stop_reason is StopReason.tool_use


def test_a_tool_that_the_prompt_does_not_name_is_left_alone():
    assert answered("Hello", **offered()).tool_calls == ()
    body = said("What is the weather?", **offered())
    assert answer_by_rule(body, words, use_tools=False).tool_calls == ()


@pytest.mark.parametrize("choice", [{"any": {}}, {"tool": {"name": "get_weather"}}])
def test_a_forced_tool_is_called_whatever_the_prompt(choice):
    body = said("Hello", **offered(**choice))
    assert [call.name for call in answer_by_rule(body, words, use_tools=False).tool_calls] == ["get_weather"]


def test_results_are_told():
    call = {"toolUse": {"toolUseId": "t1", "name": "get_weather", "input": {}}}
    content = [{"text": "3 C"}, {"json": {"a": 1}}, {"image": {}}]
    result = {"toolResult": {"toolUseId": "t1", "content": content, "status": "error"}}
    body = {"messages": [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}], **offered()}
    assert answer_by_rule(body, words).text == 'The tool get_weather failed with: 3 C {"a": 1} [image]'


def test_a_schema_is_filled():
    structure = {"jsonSchema": {"schema": json.dumps(SCHEMA)}}
    text_format = {"textFormat": {"type": "json_schema", "structure": structure}}
    made = json.loads(answered("Tell me of Oslo", outputConfig=text_format).text)
    assert made == {"city": "Oslo", "unit": "C", "days": 2, "exact": True, "tags": ["something"] * 2, "note": None}


def test_a_schema_that_refers_to_itself_is_filled_to_a_depth():
    schema = {"type": "object", "properties": {"next": {"$ref": "#"}}}
    (call,) = answered("x", **offered(schema=schema, any={})).tool_calls
    assert "next" in call.arguments


@pytest.mark.parametrize(
    "fields",
    [
        {"thinking": {"type": "enabled", "budget_tokens": 1024}},
        {"thinking": {"type": "adaptive"}},
        {"reasoning_config": {"type": "enabled"}},
        {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}},
    ],
)
def test_it_thinks_where_thinking_is_on(fields):
    first, second = answered("Hi", additionalModelRequestFields=fields).message.parts
    assert isinstance(first, Thinking)
    assert first.signature
    assert isinstance(second, Text)


def test_it_does_not_think_where_thinking_is_off():
    assert answered("Hi", additionalModelRequestFields={"thinking": {"type": "disabled"}}).thinking == ""


def test_it_stops_after_max_tokens():
    response = answered("Hi", inferenceConfig={"maxTokens": 3})
    assert (response.text, response.stop_reason) == ('You said: "Hi".', StopReason.length)


def test_thinking_counts_among_max_tokens_and_loses_its_seal_when_cut():
    fields = {"thinking": {"type": "adaptive"}}
    response = answered("Hi", inferenceConfig={"maxTokens": 4}, additionalModelRequestFields=fields)
    assert response == Response(Message.assistant(Thinking("The last turn has")), StopReason.length)


def test_a_call_that_does_not_fit_is_left_out():
    response = answered("Hi", inferenceConfig={"maxTokens": 1}, **offered(any={}))
    assert (response.message.parts, response.stop_reason) == ((), StopReason.length)


def test_it_stops_before_the_first_stop_sequence():
    response = answered("Hi there", inferenceConfig={"stopSequences": ["emulator", "there"]})
    assert (response.text, response.stop_reason, response.raw_stop_reason) == (
        'You said: "Hi ',
        StopReason.stop,
        "stop_sequence",
    )
    assert response.raw == {"stop_sequence": "there"}


def test_a_call_keeps_its_id_only_for_the_same_request():
    first, second = (answered(text, **offered(any={})).tool_calls[0] for text in ("a", "b"))
    assert isinstance(first, ToolCall)
    assert first.id != second.id
