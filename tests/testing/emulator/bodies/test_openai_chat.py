"""The chat completions body, as the emulator takes and writes it."""

from __future__ import annotations

import json

import pytest

from bedrock_llm.codecs.invoke import InvokeCodec
from bedrock_llm.codecs.openai_chat import ChatBody
from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import Audio, Document, Image, Message, Opaque, Text, Thinking, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from bedrock_llm.response import Response, StopReason, Usage
from bedrock_llm.testing.emulator.bodies.openai_chat import BODY
from bedrock_llm.testing.emulator.wire import Refusal
from tests.codecs.openai_chat.wire import folded, records

CHAT = ModelConfig(provider="bedrock", model="vendor.model-v1:0", family="vendor", features={"top_k": "top_k"})
CODEC = InvokeCodec(ChatBody())
SCHEMA = {"type": "object", "properties": {}}
FUNCTION = {"type": "function", "function": {"name": "n", "parameters": SCHEMA}}
HI = {"role": "user", "content": "Hi"}
CALL = {"id": "t", "type": "function", "function": {"name": "n", "arguments": "{}"}}


def written(request, config=CHAT):
    return json.loads(CODEC.encode(request, config, stream=False).body)


def normalised(body):
    """A body less what says nothing. The whole list of what two equal bodies may differ in:

    1. members that are null or hold nothing are left out, also in messages; an assistant's content "" beside calls;
    2. a content of a single text part is the text, a single stop string a list;
    3. the arguments of a call are compared by their value; those that are no JSON object stand in one;
    4. a tool without parameters has those of no arguments, one with a blank description has none;
    5. a schema has a name, and says whether it is held to strictly.
    """
    body = {name: value for name, value in json.loads(json.dumps(body)).items() if value not in (None, [], {})}
    body["messages"] = [_message(message) for message in body["messages"]]
    if isinstance(body.get("stop"), str):
        body["stop"] = [body["stop"]]
    for tool in body.get("tools", ()):
        if tool.get("type") == "function":
            tool["function"].setdefault("parameters", SCHEMA)
            if not (tool["function"].get("description") or "").strip():
                tool["function"].pop("description", None)
    schema = body.get("response_format", {}).get("json_schema", {})
    if "schema" in schema:
        schema.pop("strict", None)
        schema.setdefault("name", "answer")
    return body


def _message(message):
    message = {name: value for name, value in message.items() if value not in (None, [], {})}
    content = message.get("content")
    if isinstance(content, list) and len(content) == 1 and content[0].keys() == {"type", "text"}:
        message["content"] = content[0]["text"]
    if message.get("content") == "":
        del message["content"]
    for call in message.get("tool_calls", ()):
        function = call.get("function")
        try:
            read = json.loads(function["arguments"] or "{}")
        except ValueError:
            read = None
        function["arguments"] = read if isinstance(read, dict) else {"invalid_json": function["arguments"]}
    return message


ROUND = [
    Request.of("Hi"),
    Request.of(
        "Hi",
        system="s",
        max_tokens=5,
        temperature=0.5,
        top_p=1,
        top_k=7,
        stop=["a", "b"],
        seed=4,
        presence_penalty=0.5,
        frequency_penalty=-0.5,
        logprobs=3,
        tools=[ToolSpec("n", "d", SCHEMA, True), Opaque("openai_chat", "custom", {"type": "custom", "custom": {}})],
        tool_choice="n",
        parallel_tool_calls=False,
        output_type={**SCHEMA, "title": "City"},
        extra_body={"user": "u"},
    ),
    Request.of("Hi", tools=[ToolSpec("n", None, SCHEMA)], tool_choice="required", logprobs=True),
    Request.of("Hi", system=[Text("a"), Text("b")], tools=[ToolSpec("n", None, SCHEMA)], tool_choice="none"),
    Request.of(
        [
            Message.user(
                "a",
                Image(b"x", media_type="image/png"),
                Audio(b"x", media_type="audio/wav"),
                Document(b"x", media_type="application/pdf", name="d"),
                Opaque("openai_chat", "video_url", {"type": "video_url", "video_url": {"url": "x"}}),
            ),
            Message.assistant("b", ToolCall("t", "n", {"x": [1]}), ToolCall("u", "n", {})),
            Message.user(ToolResult("t", "2"), ToolResult("u", (Text("a"), Text("b"))), "and?"),
            Message.system("later"),
            Message.assistant("c", Opaque("openai_chat", "message", {"refusal": "no"})),
            Message.user("d", Opaque("openai_chat", "message", {"name": "Ann"})),
        ]
    ),
]


@pytest.mark.parametrize("request_", ROUND)
def test_what_the_body_writes_is_taken_and_read_as_the_request_that_it_was(request_):
    body = written(request_)
    BODY.check(body, CHAT, False)
    assert BODY.parse(body, CHAT) == request_
    assert written(BODY.parse(body, CHAT)) == body


@pytest.mark.parametrize("history", ["reasoning_content", "reasoning", "reasoning_details", "thinking"])
def test_reasoning_in_the_history_is_read_where_the_model_takes_it(history):
    config = ModelConfig(family="kimi", features={"native": {"body": "openai_chat", "reasoning_history": history}})
    turns = [Message.user("a"), Message.assistant(Thinking("Hm", family="kimi"), Text("b")), Message.user("c")]
    request = Request.of(turns)
    assert BODY.parse(written(request, config), config) == request


def test_reasoning_is_read_from_the_models_own_member():
    features = {"reasoning": {"style": "reasoning_effort", "efforts": ["low", "high"]}}
    body = {"messages": [HI], "reasoning_effort": "high"}
    config = ModelConfig(features=features)
    assert BODY.parse(body, config) == Request.of("Hi", reasoning="high")
    assert BODY.parse(body, ModelConfig()) == Request.of("Hi", extra_body={"reasoning_effort": "high"})


def is_chat(record):
    """One sent to InvokeModel, and those that others sent to chat completions of their own."""
    return record["api"] == "chat" or (record["api"] == "invoke" and "pixtral" in record["model"])


def test_recorded_bodies_are_read_and_written_to_the_same_body():
    found, unnamed = 0, set()
    for record, _ in records(is_chat):
        body = record["request"]["body"]
        if not isinstance(body, dict) or not body.get("messages"):
            continue
        body = {name: value for name, value in body.items() if name not in ("model", "stream", "stream_options")}
        config = ModelConfig(model=record["model"], family=record["family"])
        request = BODY.parse(body, config)
        assert normalised(written(request, config)) == normalised(body), record["id"]
        if record["response"]["status"] == 200:
            BODY.check(body, config, False)
        unnamed |= request.get("extra_body", {}).keys()
        found += 1
    print(f"{found} recorded bodies are equal; without a name of ours: {sorted(unnamed)}")
    assert found > 800
    assert unnamed.isdisjoint({"tools", "stop", "seed", "max_tokens", "temperature", "top_p", "messages"})


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "messages"),
        ({"messages": []}, "minimum item count"),
        ({"messages": ["x"]}, "JSONObject"),
        ({"messages": [{"role": "bot", "content": "a"}]}, "role"),
        ({"messages": [{"role": "user"}]}, "content"),
        ({"messages": [{"role": "user", "content": []}]}, "minimum item count"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "text"),
        ({"messages": [{"role": "user", "content": 7}]}, "String"),
        ({"messages": [{"role": "assistant"}]}, "content"),
        ({"messages": [HI, {"role": "tool", "content": "x"}]}, "tool_call_id"),
        ({"messages": [HI, {"role": "tool", "tool_call_id": "t", "content": "x"}]}, "preceding message"),
        ({"messages": [HI, {"role": "assistant", "tool_calls": [CALL]}]}, "did not have response"),
        ({"messages": [HI, {"role": "assistant", "tool_calls": [CALL]}, HI]}, "did not have response"),
        ({"messages": [HI, {"role": "assistant", "tool_calls": [{"id": "t"}]}]}, "function"),
        ({"messages": [HI], "temperature": 3}, "temperature"),
        ({"messages": [HI], "top_p": True}, "top_p"),
        ({"messages": [HI], "max_tokens": 0}, "max_tokens"),
        ({"messages": [HI], "stop": 7}, "stop"),
        ({"messages": [HI], "tools": {}}, "tools"),
        ({"messages": [HI], "tools": [FUNCTION, FUNCTION]}, "twice"),
        ({"messages": [HI], "tools": [{"type": "function", "function": {"name": "a b"}}]}, "does not match"),
        ({"messages": [HI], "tool_choice": "required"}, "tool_choice"),
        ({"messages": [HI], "tools": [FUNCTION], "tool_choice": {"function": {"name": "m"}}}, "not found"),
    ],
)
def test_what_everyone_refuses_is_refused(body, words):
    with pytest.raises(Refusal, match=words):
        BODY.check(body, CHAT, False)


@pytest.mark.parametrize(
    ("features", "body", "stream"),
    [
        ({"streaming": False}, {"messages": [HI]}, True),
        ({"tools": False}, {"messages": [HI], "tools": [FUNCTION]}, False),
        ({"streaming_with_tools": False}, {"messages": [HI], "tools": [FUNCTION]}, True),
        ({"system": False}, {"messages": [{"role": "system", "content": "s"}, HI]}, False),
        ({"structured_output": False}, {"messages": [HI], "response_format": {"type": "json_schema"}}, False),
        (
            {"images": False},
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            False,
        ),
        ({"sampling": []}, {"messages": [HI], "temperature": 1}, False),
        ({"native": {"max_tokens": "max_completion_tokens"}}, {"messages": [HI], "max_tokens": 5}, False),
        ({"tool_choice": ["auto"]}, {"messages": [HI], "tools": [FUNCTION], "tool_choice": "required"}, False),
    ],
)
def test_what_a_model_is_known_not_to_take_is_refused(features, body, stream):
    with pytest.raises(Refusal):
        BODY.check(body, ModelConfig(features=features), stream)
    BODY.check(body, ModelConfig(), stream)


def test_more_tokens_than_the_model_gives_are_refused():
    with pytest.raises(Refusal, match="limit of 9"):
        BODY.check({"messages": [HI], "max_tokens": 10}, ModelConfig(max_output_tokens=9), False)


ANSWERS = [
    Response(Message.assistant("You said hi, so I say hi."), StopReason.stop, usage=Usage(3, 0, 0, None, 5, 0, 0)),
    Response(
        Message.assistant(Thinking("Let me see.", family="vendor"), "I look.", ToolCall("t", "n", {"a": [1, "ä"]})),
        StopReason.tool_use,
        usage=Usage(3, 4, 2, None, 5, 1, 0, reasoning_tokens=2),
    ),
    Response(
        Message.assistant(ToolCall("t", "n", {}), ToolCall("u", "m", {"b": 1})),
        StopReason.tool_use,
        usage=Usage(1, 0, 0, None, 1, 0, 0),
    ),
    Response(Message.assistant("cut"), StopReason.length, usage=Usage(1, 0, 0, None, 1, 0, 0)),
    Response(
        Message.assistant(
            "sealed", Opaque("openai_chat", "message", {"reasoning_details": [{"type": "x", "data": "y"}]})
        ),
        StopReason.stop,
        usage=Usage(1, 0, 0, None, 1, 0, 0),
    ),
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_both_forms_of_an_answer_say_what_it_was(answer):
    whole = ChatBody().read(BODY.answer(answer), CHAT)
    streamed = folded(ChatBody(), list(BODY.chunks(answer)), CHAT)
    assert whole == streamed
    assert (whole.message, whole.stop_reason) == (answer.message, answer.stop_reason)
    wanted = (
        answer.usage
        if answer.usage.reasoning_tokens
        else answer.usage.__class__(**{**answer.usage.to_dict(), "reasoning_tokens": 0})
    )
    assert whole.usage == wanted
