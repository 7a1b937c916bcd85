"""Cohere's chat body, as the emulator takes and writes it."""

from __future__ import annotations

import json

import pytest

from bedrock_llm.codecs.cohere_chat import CohereChatBody
from bedrock_llm.codecs.invoke import InvokeCodec
from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import Citation, Document, Message, Opaque, Text, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from bedrock_llm.response import Response, StopReason, Usage
from bedrock_llm.testing.emulator.bodies.cohere_chat import BODY
from bedrock_llm.testing.emulator.wire import Refusal
from tests.codecs.openai_chat.wire import folded, records

R = ModelConfig("bedrock", "cohere.command-r-v1:0", "cohere")
CODEC = InvokeCodec(CohereChatBody())
CITY = {"type": "object", "properties": {"city": {"type": "string", "description": "which"}}, "required": ["city"]}
LOOK = ToolSpec("look", "d", CITY)
OWN = {"name": "n", "description": "d", "parameter_definitions": {"x": {"type": "Tuple"}}}
CITED = {"start": 0, "end": 4, "text": "Rome", "document_ids": ["d"]}


def written(request):
    return json.loads(CODEC.encode(request, R, stream=False).body)


def normalised(body):
    """The whole list of what two equal bodies may differ in: members that are null or hold nothing, and `stream` and
    `model`, which Cohere's own host wants and Bedrock says elsewhere."""
    return {name: value for name, value in body.items() if value not in (None, []) and name not in ("stream", "model")}


ROUND = [
    Request.of("Hi"),
    Request.of(
        [Message.user(Document(b"one", media_type="text/plain", name="first"), "Hi")],
        system="s",
        max_tokens=5,
        temperature=0.5,
        top_p=0.9,
        top_k=7,
        stop=["a"],
        seed=4,
        frequency_penalty=0.1,
        presence_penalty=0.2,
        tools=[LOOK, ToolSpec("bare"), Opaque("cohere_chat", "tool", OWN)],
        extra_body={"prompt_truncation": "OFF"},
    ),
    Request.of(
        [
            Message.user("Where?"),
            Message.assistant("I look.", ToolCall("call_0", "look", {"city": "Rome"})),
            Message.user(ToolResult("call_0", "sunny"), "And when?"),
            Message.system("be quick"),
            Message.assistant(
                ToolCall("call_1", "look", {"city": "Rome"}), ToolCall("call_2", "look", {"city": "Rome"})
            ),
            Message.user(ToolResult("call_1", "no", is_error=True), ToolResult("call_2", '{"a": 1}')),
        ],
        tools=[LOOK],
    ),
    Request.of(
        [
            Message.user("a", Opaque("cohere_chat", "document", {"id": "x", "text": "y"})),
        ]
    ),
]


@pytest.mark.parametrize("request_", ROUND)
def test_what_the_body_writes_is_taken_and_written_again_as_it_was(request_):
    body = written(request_)
    BODY.check(body, R, False)
    assert written(BODY.parse(body, R)) == body


@pytest.mark.parametrize("request_", ROUND[:2])
def test_what_the_body_writes_is_read_as_the_request_that_it_was(request_):
    assert BODY.parse(written(request_), R) == request_


def test_results_are_read_as_those_of_their_calls():
    request = BODY.parse(written(ROUND[2]), R)
    assert request.messages[1].parts == (Text("I look."), ToolCall("call_0", "look", {"city": "Rome"}))
    assert request.messages[2].parts == (ToolResult("call_0", "sunny"), Text("And when?"))
    assert [part.tool_call_id for part in request.messages[-1].parts] == ["call_1", "call_2"]


def test_recorded_bodies_are_read_and_written_to_the_same_body():
    found = 0
    for record, _ in records(lambda record: record["provider"] in ("bedrock", "cohere")):
        body = record["request"]["body"]
        if not isinstance(body, dict) or not isinstance(body.get("message"), str) or body.get("raw_prompting"):
            continue
        roles = {entry["role"] for entry in body.get("chat_history") or ()}
        if not roles <= {"USER", "CHATBOT", "SYSTEM", "TOOL"}:
            continue  # an older spelling of the roles
        assert normalised(written(BODY.parse(normalised(body), R))) == normalised(body), record["id"]
        if record["provider"] == "bedrock":  # Cohere's own host passes over members that it does not know
            BODY.check(body, R, record["streaming"])
        found += 1
    assert found >= 8


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "message"),
        ({"message": " "}, "at least 1 token"),
        ({"message": "a", "prompt": "b"}, "extraneous"),
        ({"message": "a", "p": 2}, "p"),
        ({"message": "a", "temperature": "hot"}, "temperature"),
        ({"message": "a", "max_tokens": 0}, "max_tokens"),
        ({"message": "a", "chat_history": [{"role": "BOT", "message": "b"}]}, "role"),
        ({"message": "a", "tools": [{"name": "n"}]}, "description"),
        ({"message": "a", "tool_results": [{"call": {"name": "n"}, "outputs": []}]}, "without tools"),
    ],
)
def test_what_everyone_refuses_is_refused(body, words):
    with pytest.raises(Refusal, match=words):
        BODY.check(body, R, False)


def test_what_the_model_is_known_not_to_take_is_refused():
    body = {"message": "a", "tools": [{"name": "n", "description": "d"}]}
    for features, stream in (
        ({"tools": False}, False),
        ({"streaming": False}, True),
        ({"streaming_with_tools": False}, True),
    ):
        with pytest.raises(Refusal, match="support"):
            BODY.check(body, ModelConfig(features=features), stream)
    BODY.check(body, R, True)


def test_a_result_without_a_call_is_refused():
    result = {"call": {"name": "n", "parameters": {}}, "outputs": [{"result": "x"}]}
    with pytest.raises(Refusal, match="answers no tool call"):
        BODY.parse({"message": "a", "chat_history": [{"role": "TOOL", "tool_results": [result]}]}, R)


ANSWERS = [
    Response(
        Message.assistant("You said hi, so I say hi."), StopReason.stop, usage=Usage(3, output_tokens=5, searches=0)
    ),
    Response(
        Message.assistant(
            Text("Rome is far.", (Citation(None, None, None, CITED),)), ToolCall("call_0", "n", {"a": 1})
        ),
        StopReason.tool_use,
        usage=Usage(3, output_tokens=5, searches=0),
    ),
    Response(Message.assistant("cut"), StopReason.length, usage=Usage(1, output_tokens=1, searches=0)),
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_both_forms_of_an_answer_say_what_it_was(answer):
    whole = CohereChatBody().read(BODY.answer(answer), R)
    assert whole == folded(CohereChatBody(), list(BODY.chunks(answer)), R)
    assert (whole.message, whole.stop_reason, whole.usage) == (answer.message, answer.stop_reason, answer.usage)
