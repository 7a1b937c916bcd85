"""Cohere's chat of version 2, as the emulator takes and writes it."""

from __future__ import annotations

import json

import pytest

from bedrock_llm.codecs.shared.fields import merge
from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import Citation, Document, Image, Message, Opaque, Text, Thinking, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from bedrock_llm.response import Response, StopReason, Usage
from bedrock_llm.testing.emulator.bodies.cohere_v2 import BODY
from bedrock_llm.testing.emulator.wire import Refusal
from tests.codecs.cohere_v2.wire import BODY as CODEC
from tests.codecs.cohere_v2.wire import COHERE, lines
from tests.codecs.openai_chat.wire import objects_read, records

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
CITED = {"start": 0, "end": 4, "text": "Rome", "sources": [{"type": "document", "id": "d", "document": {"title": "t"}}]}
FUNCTION = {"type": "function", "function": {"name": "n", "parameters": SCHEMA}}
OWN = {"type": "function", "function": {**FUNCTION["function"], "examples": []}}
HI = {"role": "user", "content": "Hi"}
CALL = {"id": "t", "type": "function", "function": {"name": "n", "arguments": "{}"}}


def written(request):
    return json.loads(json.dumps(merge(CODEC.write(request, COHERE, stream=False), request.get("extra_body") or {})))


def normalised(body):
    """A body less what says nothing. The whole list of what two equal bodies may differ in:

    1. members that are null or hold nothing are left out, also in messages; `model` and `stream` are the carrier's;
    2. a content of a single text block is the text, and one without any text is none;
    3. the arguments of a call are compared by their value;
    4. a tool with a blank description has none.
    """
    body = {name: value for name, value in body.items() if value not in (None, []) and name not in ("model", "stream")}
    body["messages"] = [_message(message) for message in body["messages"]]
    if "tools" in body:
        body["tools"] = [{**tool, "function": _described(tool["function"])} for tool in body["tools"]]
    return body


def _described(function):
    return {name: value for name, value in function.items() if name != "description" or value.strip()}


def _message(message):
    message = {name: value for name, value in message.items() if value not in (None, [])}
    content = message.get("content")
    if isinstance(content, list) and len(content) == 1 and content[0].keys() == {"type", "text"}:
        message["content"] = content[0]["text"]
    if message.get("content") == "":
        del message["content"]
    calls = [json.loads(json.dumps(call)) for call in message.get("tool_calls", ())]
    for call in calls:
        call["function"]["arguments"] = json.loads(call["function"]["arguments"])
    return {**message, **({"tool_calls": calls} if calls else {})}


ROUND = [
    Request.of("Hi"),
    Request.of(
        "Hi", system="s", max_tokens=5, temperature=0.5, top_p=0.9, top_k=7, stop=["a", "b"], seed=4, logprobs=True,
        frequency_penalty=0.1, presence_penalty=0.2, reasoning=500, extra_body={"safety_mode": "OFF"},
        tools=[ToolSpec("n", "d", SCHEMA, True), ToolSpec("m", None, SCHEMA, True)], tool_choice="required",
    ),
    Request.of("Hi", reasoning=False, output_type=SCHEMA, system=[Text("a"), Text("b")]),
    Request.of("Hi", tools=[ToolSpec("n", None, SCHEMA), Opaque("cohere_v2", "tool", OWN)], tool_choice="none"),
    Request.of(
        [
            Message.user("a", Image(b"x", media_type="image/png"), Image("https://a.example/b.png")),
            Message.assistant(
                Thinking("Hm", family="cohere"), Opaque("cohere_v2", "tool_plan", "I look."),
                ToolCall("t", "n", {"a": 1}), ToolCall("u", "n", {}),
            ),
            Message.user(
                ToolResult("t", "2"),
                ToolResult("u", (Text("a"), Opaque("cohere_v2", "document", {"id": "x", "data": {"y": 1}}))),
                Document(b"far", media_type="text/plain", name="map", context="c"), "and?",
            ),
            Message.system("later"),
            Message.assistant(
                Text("Rome", (Citation(None, "t", "d", CITED),)), Opaque("cohere_v2", "citation", {"start": 0}),
                Opaque("cohere_v2", "message", {"name": "Ann"}),
            ),
            Message.user(Opaque("cohere_v2", "document", {"id": "d", "data": {"text": "z"}}), "c"),
        ]
    ),
]  # fmt: skip


@pytest.mark.parametrize("request_", ROUND)
def test_what_the_body_writes_is_taken_and_written_again_as_it_was(request_):
    body = written(request_)
    BODY.check(body, COHERE, False)
    assert written(BODY.parse(body, COHERE)) == body


@pytest.mark.parametrize("request_", ROUND[:4])
def test_what_the_body_writes_is_read_as_the_request_that_it_was(request_):
    assert BODY.parse(written(request_), COHERE) == request_


def test_a_conversation_is_read_as_it_was_but_for_documents_which_stand_with_the_last_question():
    messages = BODY.parse(written(ROUND[4]), COHERE).messages
    assert messages[:2] == ROUND[4].messages[:2]
    assert messages[3:5] == ROUND[4].messages[3:5]
    assert [part.__class__ for part in messages[5].parts] == [Document, Opaque, Text]


def test_recorded_bodies_are_read_and_written_to_the_same_body():
    found, unnamed = 0, set()
    for record, _ in records(lambda record: record["api"] == "cohere-chat" and "/v2/" in record["request"]["path"]):
        body = record["request"]["body"]
        if not isinstance(body, dict):
            continue
        body = {name: value for name, value in body.items() if name not in ("model", "stream")}
        request = BODY.parse(body, COHERE)
        assert normalised(written(request)) == normalised(body), record["id"]
        BODY.check(body, COHERE, record["streaming"])
        unnamed |= request.get("extra_body", {}).keys()
        found += 1
    print(f"{found} recorded bodies are equal; without a name of ours: {sorted(unnamed)}")
    assert found >= 55
    assert unnamed <= {"response_format", "thinking", "safety_mode", "citation_options"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "messages"),
        ({"messages": [HI], "prompt": "b"}, "extraneous"),
        ({"messages": ["x"]}, "role"),
        ({"messages": [{"role": "bot", "content": "b"}]}, "role"),
        ({"messages": [{"role": "user", "content": ""}]}, "content"),
        ({"messages": [HI, {"role": "assistant", "content": "b"}]}, "last message"),
        ({"messages": [HI, {"role": "tool", "tool_call_id": "t", "content": "x"}]}, "answers no tool call"),
        ({"messages": [HI, {"role": "assistant", "tool_calls": [{"id": "t"}]}, HI]}, "arguments"),
        ({"messages": [HI], "p": 2}, "p"),
        ({"messages": [HI], "temperature": "hot"}, "temperature"),
        ({"messages": [HI], "frequency_penalty": 1.5}, "frequency_penalty"),
        ({"messages": [HI], "stop_sequences": list("abcdef")}, "maximum item count"),
        ({"messages": [HI], "thinking": {"type": "on"}}, "thinking"),
        ({"messages": [HI], "tools": [{"type": "function", "function": {"name": "a b"}}]}, "does not match"),
        ({"messages": [HI], "tools": [{"type": "function", "function": {"name": "n"}}]}, "schema"),
        ({"messages": [HI], "tool_choice": "auto"}, "tool_choice"),
        ({"messages": [HI], "tool_choice": "REQUIRED"}, "needs tools"),
        ({"messages": [HI], "tools": [FUNCTION], "response_format": {"type": "json_object"}}, "response_format"),
    ],
)
def test_what_everyone_refuses_is_refused(body, words):
    with pytest.raises(Refusal, match=words):
        BODY.check(body, COHERE, False)


def test_a_result_of_a_call_is_taken():
    BODY.check({"messages": [HI, {"role": "assistant", "tool_calls": [CALL]},
                             {"role": "tool", "tool_call_id": "t", "content": "x"}]}, COHERE, True)  # fmt: skip


@pytest.mark.parametrize("feature", ["tools", "streaming", "streaming_with_tools"])
def test_what_the_model_is_known_not_to_take_is_refused(feature):
    body = {"messages": [HI], "tools": [FUNCTION]}
    with pytest.raises(Refusal, match="support"):
        BODY.check(body, ModelConfig(features={feature: False}), True)
    BODY.check(body, ModelConfig(), True)


COUNTED = {"searches": 0, "input_image_tokens": 0, "reasoning_tokens": 0}
ANSWERS = [
    Response(Message.assistant("You said hi, hi."), StopReason.stop, usage=Usage(3, 0, None, None, 5, **COUNTED)),
    Response(
        Message.assistant(
            Thinking("Let me see.", family="cohere"), Text("Rome is far.", (Citation(None, "t", "d", CITED),)),
            Opaque("cohere_v2", "tool_plan", "I look."), ToolCall("t", "n", {"a": [1, "ä"]}), ToolCall("u", "n", {}),
        ),
        StopReason.tool_use,
        usage=Usage(3, 4, None, None, 5, **{**COUNTED, "reasoning_tokens": 2, "searches": 1, "input_image_tokens": 9}),
    ),
    Response(Message.assistant("cut"), StopReason.length, usage=Usage(1, 0, None, None, 1, **COUNTED)),
]  # fmt: skip


@pytest.mark.parametrize("answer", ANSWERS)
def test_both_forms_of_an_answer_say_what_it_was(answer):
    whole = CODEC.read(BODY.answer(answer), COHERE)
    assert whole == objects_read(CODEC, list(BODY.chunks(answer)), COHERE)[0]
    assert (whole.message, whole.stop_reason, whole.usage) == (answer.message, answer.stop_reason, answer.usage)
    assert lines(BODY.chunks(answer)).endswith(b"[DONE]\n\n")
