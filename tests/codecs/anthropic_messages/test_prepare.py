"""Requests as the Messages API and the model take them."""

from __future__ import annotations

import dataclasses

import pytest

from bedrock_llm.codecs.anthropic_messages import MessagesBody
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import UnsupportedFeatureError
from bedrock_llm.messages import (
    CachePoint,
    Citation,
    Document,
    Image,
    Message,
    Opaque,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request

BODY = MessagesBody()
CLAUDE = ModelConfig(model="claude-next", family="claude", features={"leading_assistant": True})
BUDGET = {"style": "budget", "efforts": [], "min_budget": 1024, "off": {}, "default_on": False}
TOOL, POINT = ToolSpec("weather"), CachePoint()
CALL, RESULT = ToolCall("t1", "weather", {}), ToolResult("t1", "sunny")
SEALED = Thinking("t", "s", None, "claude")
PDF = Document(b"%PDF-1.7")
CHAR = Citation("c", "T", None, {"type": "char_location", "cited_text": "c"})
OF_CONVERSE = Citation("c", "T", None, {"title": "T", "location": {}})


def config(**features):
    return dataclasses.replace(CLAUDE, features={**CLAUDE.features, **features})


def prepare(messages="hi", model=CLAUDE, **parameters):
    prepared, warnings = BODY.prepare(Request.of(messages, **parameters), model)
    return prepared, [(warning.kind, warning.parameter) for warning in warnings]


def test_a_request_that_needs_nothing_stays_the_same_object():
    request = Request.of([Message.user("a"), Message.assistant("b"), Message.user("c")], system="s", tools=[TOOL])
    assert BODY.prepare(request, CLAUDE) == (request, ())
    assert BODY.prepare(request, CLAUDE)[0] is request


@pytest.mark.parametrize(
    "name", ["seed", "min_p", "presence_penalty", "frequency_penalty", "repetition_penalty", "logprobs"]
)
def test_knobs_that_the_wire_has_not_are_left_out_with_a_warning(name):
    prepared, told = prepare(**{name: 1})
    assert (name in prepared.parameters, told) == (False, [("unsupported", name)])


@pytest.mark.parametrize(
    ("features", "parameters", "kept"),
    [
        ({"sampling": []}, {"temperature": 1, "top_p": 1}, set()),
        ({"sampling": ["temperature"]}, {"temperature": 1, "top_p": 1}, {"temperature"}),
        ({"temperature_with_top_p": False}, {"temperature": 1, "top_p": 1}, {"temperature"}),
        ({"top_k": False}, {"top_k": 1}, set()),
        ({"reasoning": False}, {"reasoning": "low"}, set()),
        ({"reasoning": BUDGET}, {"reasoning": 2000, "temperature": 0.5, "top_k": 3, "max_tokens": 4000},
         {"reasoning", "max_tokens"}),
        ({}, {"parallel_tool_calls": False, "tool_choice": "auto"}, set()),
        ({}, {"cache": False}, set()),
    ],
)  # fmt: skip
def test_what_the_model_does_not_take_is_left_out(features, parameters, kept):
    assert prepare(model=config(**features), **parameters)[0].parameters.keys() == kept


def test_a_forced_tool_is_left_out_beside_a_thinking_budget():
    prepared, told = prepare(model=config(reasoning=BUDGET), reasoning=1024, tools=[TOOL], tool_choice="weather")
    assert (prepared.get("tool_choice"), told) == (None, [("unsupported", "tool_choice")])


def test_a_choice_of_none_keeps_its_tools():
    prepared, told = prepare(tools=[TOOL], tool_choice="none")
    assert (prepared.get("tool_choice"), prepared.get("tools"), told) == ("none", (TOOL,), [])


def test_calls_in_the_history_need_no_tools():
    prepared, told = prepare([Message.user("a"), Message.assistant(CALL), Message.user(RESULT)])
    assert ("tools" in prepared.parameters, told) == (False, [])


@pytest.mark.parametrize(
    ("features", "messages", "parameters", "parameter"),
    [
        ({"tools": False}, "hi", {"tools": [TOOL]}, "tools"),
        ({"images": False}, [Message.user(Image(b"x", media_type="image/png"))], {}, "messages[0]"),
        ({"structured_output": False}, "hi", {"output_type": {"type": "object"}}, "output_type"),
        ({"system": False}, "hi", {"system": "s"}, "system"),
    ],
)
def test_what_changes_the_meaning_is_refused(features, messages, parameters, parameter):
    with pytest.raises(UnsupportedFeatureError) as caught:
        prepare(messages, config(**features), **parameters)
    assert caught.value.parameter == parameter


@pytest.mark.parametrize(
    ("messages", "parts"),
    [
        ([Message.user(PDF)], [(PDF,)]),
        ([Message.user("a"), Message.assistant(CALL), Message.user(RESULT, PDF)],
         [(Text("a"),), (CALL,), (RESULT, PDF)]),
        ([Message.assistant("a"), Message.user("b")], [(Text("a"),), (Text("b"),)]),
        ([Message.user("a"), Message.assistant("b")], [(Text("a"),), (Text("b"),)]),
        ([Message.user("a"), Message.assistant(SEALED, "b", SEALED, CALL), Message.user(RESULT)],
         [(Text("a"),), (SEALED, Text("b"), SEALED, CALL), (RESULT,)]),
        ([Message.user("a"), Message.assistant("b", SEALED), Message.user("c")],
         [(Text("a"),), (Text("b"), SEALED), (Text("c"),)]),
        ([Message.user("a"), Message.assistant(Text("b", (CHAR,))), Message.user("c")],
         [(Text("a"),), (Text("b", (CHAR,)),), (Text("c"),)]),
    ],
)  # fmt: skip
def test_histories_that_are_taken_as_they_are(messages, parts):
    prepared, told = prepare(messages, config(tool_result_beside="text_image"))
    assert ([message.parts for message in prepared.messages], told) == (parts, [])


OPAQUE = Opaque("converse", "guardContent", {})


@pytest.mark.parametrize(
    ("messages", "parts", "parameter"),
    [
        ([Message.user("a"), Message.user("b")], [(Text("a"), Text("b"))], "messages[1]"),
        ([Message.user("a"), Message.assistant("b \n")], [(Text("a"),), (Text("b"),)], "messages[1]"),
        ([Message.user("a", " ")], [(Text("a"),)], "messages[0]"),
        ([Message.user("a", OPAQUE)], [(Text("a"),)], "messages[0]"),
        ([Message.user("a"), Message.assistant(CALL), Message.user(" ", RESULT)],
         [(Text("a"),), (CALL,), (RESULT,)], "messages[2]"),
        ([Message.user("a"), Message.assistant("b", SEALED, CALL, SEALED), Message.user(RESULT)],
         [(Text("a"),), (SEALED, SEALED, Text("b"), CALL), (RESULT,)], "messages[1]"),
        ([Message.user("a"), Message.assistant(Thinking("t", None, None, "claude"), "b"), Message.user("c")],
         [(Text("a"),), (Text("b"),), (Text("c"),)], "messages[1]"),
        ([Message.user("a"), Message.assistant(Thinking("t", "s", None, "nova"), "b"), Message.user("c")],
         [(Text("a"),), (Text("b"),), (Text("c"),)], "messages[1]"),
        ([Message.user("a"), Message.assistant(Text("b", (OF_CONVERSE, CHAR))), Message.user("c")],
         [(Text("a"),), (Text("b", (CHAR,)),), (Text("c"),)], "messages[1]"),
    ],
)  # fmt: skip
def test_histories_that_are_repaired_with_a_warning(messages, parts, parameter):
    prepared, told = prepare(messages)
    assert [message.parts for message in prepared.messages] == parts
    assert {where for _, where in told} == {parameter}
    assert prepare(prepared.messages)[1] == []


def test_a_model_that_does_not_cite_gets_no_citations_back():
    said = [Message.user("a"), Message.assistant(Text("b", (CHAR,)), Text("", (CHAR,))), Message.user("c")]
    prepared, told = prepare(said, config(citations=False))
    assert prepared.messages[1].parts == (Text("b"),)
    assert told[0] == ("repaired", "messages[1]")


def test_a_last_turn_of_the_assistant_is_answered_where_the_model_takes_no_prefill():
    prepared, told = prepare([Message.user("a"), Message.assistant("b")], config(prefill=False))
    assert (prepared.messages[-1], told) == (Message.user("."), [("repaired", "messages[1]")])


def test_cache_sets_points_behind_tools_system_and_the_last_user_message():
    prepared, told = prepare([Message.user("a"), Message.assistant("b"), Message.user("c", PDF)], cache="1h",
                             system="s", tools=[TOOL])  # fmt: skip
    hour = CachePoint("1h")
    assert (prepared.get("tools"), prepared.get("system"), told) == ((TOOL, hour), (Text("s"), hour), [])
    assert prepared.messages[-1].parts == (Text("c"), PDF, hour)


def test_at_most_four_cache_points_are_left():
    prepared, told = prepare([Message.user(*(part for name in "abcdef" for part in (name, POINT)))])
    parts = prepared.messages[0].parts
    assert (parts[:3], sum(part == POINT for part in parts)) == ((Text("a"), Text("b"), Text("c")), 4)
    assert told == [("repaired", "cache")]


def test_cache_points_are_left_out_where_the_model_has_none():
    prepared, told = prepare([Message.user("a", POINT)], config(cache_points=[]))
    assert (prepared.messages[0].parts, told) == ((Text("a"),), [("unsupported", "cache")])
