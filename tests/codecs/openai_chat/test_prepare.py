"""Requests as the chat completions body and a model take them."""

from __future__ import annotations

import pytest

from bedrock_llm.codecs.openai_chat import ChatBody
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import UnsupportedFeatureError
from bedrock_llm.messages import CachePoint, Document, Image, Message, Opaque, Text, Thinking, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request

BODY = ChatBody()
PNG = Image(b"x", media_type="image/png")


def config(native=None, **features):
    return ModelConfig(
        "bedrock", "m", "vendor", features={"native": {"body": "openai_chat", **(native or {})}, **features}
    )


def prepared(request, known=None):
    made, warnings = BODY.prepare(request, known or config())
    return made, [(warning.kind, warning.parameter) for warning in warnings]


def test_a_request_that_needs_nothing_stays_the_same_object():
    request = Request.of("Hi", temperature=0.5, max_tokens=3, seed=1)
    assert prepared(request) == (request, [])
    assert BODY.prepare(request, ModelConfig())[0] is request


def test_knobs_without_a_member_are_left_out_with_a_warning():
    made, warned = prepared(Request.of("Hi", min_p=0.1, repetition_penalty=1, seed=1, top_k=3), config({"seed": False}))
    assert dict(made.parameters) == {}
    assert warned == [("unsupported", name) for name in ("min_p", "seed", "repetition_penalty", "top_k")]


def test_a_knob_that_the_model_has_stays():
    made, warned = prepared(Request.of("Hi", min_p=0.1, top_k=3), config({"min_p": "min_p"}, top_k="top_k"))
    assert (dict(made.parameters), warned) == ({"min_p": 0.1, "top_k": 3}, [])


@pytest.mark.parametrize(
    "request_",
    [
        Request.of("Hi", cache=True),
        Request.of("Hi", system=[Text("s"), CachePoint()]),
        Request.of("Hi", tools=[ToolSpec("n"), CachePoint()]),
        Request.of([Message.user("Hi", CachePoint())]),
    ],
)
def test_cache_points_are_left_out_with_one_warning(request_):
    made, warned = prepared(request_)
    assert warned == [("unsupported", "cache")]
    assert "CachePoint" not in repr(made)
    assert made.get("cache") is None


def test_cache_that_was_not_wanted_needs_no_word():
    made, warned = prepared(Request.of("Hi", cache=False))
    assert (made.get("cache"), warned) == (None, [])


def test_media_in_results_move_to_the_users_turn_unless_they_are_known_to_be_taken():
    turns = [
        Message.user("a"),
        Message.assistant(ToolCall("t", "n", {})),
        Message.user(ToolResult("t", (Text("b"), PNG))),
    ]
    made, warned = prepared(Request.of(turns))
    result, word, image = made.messages[2].parts
    assert result.content == (Text("b"), Text("[image 1: see below]"))
    assert (word, image) == (Text("[image 1, from the result of tool call t:]"), PNG)
    assert warned == [("repaired", "messages[2]")]
    request = Request.of(turns)
    assert prepared(request, config(tool_result_media=["image"])) == (request, [])


def test_reasoning_is_left_out_where_the_model_does_not_read_it():
    turns = [Message.user("a"), Message.assistant(Thinking("Hm", family="vendor"), "b"), Message.user("c")]
    made, warned = prepared(Request.of(turns))
    assert made.messages[1].parts == (Text("b"),)
    assert warned == [("repaired", "messages[1]")]
    request = Request.of(turns)
    assert prepared(request, config({"reasoning_history": "reasoning_content"})) == (request, [])


def test_reasoning_of_another_family_is_left_out():
    turns = [Message.user("a"), Message.assistant(Thinking("Hm", family="claude"), "b"), Message.user("c")]
    made, warned = prepared(Request.of(turns), config({"reasoning_history": "reasoning_content"}))
    assert made.messages[1].parts == (Text("b"),)
    assert warned == [("repaired", "messages[1]")]


def test_reasoning_may_go_back_beside_calls_alone():
    known = config({"reasoning_history": "reasoning_content", "reasoning_with_calls": True})
    thought = Thinking("Hm", family="vendor")
    turns = [
        Message.user("a"),
        Message.assistant(thought, "b"),
        Message.user("c"),
        Message.assistant(thought, ToolCall("t", "n", {})),
        Message.user(ToolResult("t", "2")),
    ]
    made, warned = prepared(Request.of(turns), known)
    assert [Thinking in {part.__class__ for part in message.parts} for message in made.messages] == [
        False, False, False, True, False,
    ]  # fmt: skip
    assert warned == [("repaired", "messages[1]")]


def test_a_turn_of_reasoning_alone_is_not_left_empty():
    turns = [Message.user("a"), Message.assistant(Thinking("Hm")), Message.user("c")]
    assert prepared(Request.of(turns))[0].messages[1].parts == (Text("."),)


def test_a_model_of_one_system_message_gets_one():
    request = Request.of([Message.system("b"), Message.system("c"), Message.user("d")], system="a")
    made, warned = prepared(request, config(system_messages=False))
    assert (made.get("system"), made.messages, warned) == ("a\n\nb\n\nc", (Message.user("d"),), [])
    assert prepared(request, config(system_messages=True)) == (request, [])


def test_blocks_of_its_own_in_system_messages_are_kept():
    own = Opaque("openai_chat", "message", {"name": "x"})
    made, _ = prepared(Request.of([Message.system("b", own), Message.user("d")]), config(system_messages=False))
    assert made.get("system") == (Text("b"), own)


def test_parallel_calls_are_nothing_to_speak_of_without_tools():
    made, warned = prepared(Request.of("Hi", parallel_tool_calls=False))
    assert (dict(made.parameters), warned) == ({}, [])


def test_parallel_calls_without_a_member_are_left_out_with_a_warning():
    request = Request.of("Hi", tools=[ToolSpec("n")], parallel_tool_calls=False)
    assert prepared(request, config({"parallel_tool_calls": False}))[1] == [("unsupported", "parallel_tool_calls")]


@pytest.mark.parametrize(
    ("features", "request_"),
    [
        ({"images": False}, Request.of([Message.user(PNG)])),
        ({"documents": False}, Request.of([Message.user("a", Document(b"x", media_type="application/pdf"))])),
        ({"tools": False}, Request.of("Hi", tools=[ToolSpec("n")])),
        ({"structured_output": False}, Request.of("Hi", output_type={"type": "object"})),
        ({"system": False}, Request.of("Hi", system="s")),
    ],
)
def test_what_changes_the_meaning_is_refused(features, request_):
    with pytest.raises(UnsupportedFeatureError):
        prepared(request_, config(**features))


def test_what_is_known_of_many_models_is_forgotten_again():
    kept = [config(number=number) for number in range(200)]
    assert all(prepared(Request.of("Hi"), known)[1] == [] for known in kept)


def test_models_stream_unless_they_are_known_not_to():
    assert BODY.streams(Request.of("Hi"), config())
    assert not BODY.streams(Request.of("Hi"), config(streaming=False))
    assert not BODY.streams(Request.of("Hi", tools=[ToolSpec("n")]), config(streaming_with_tools=False))
