"""Ollama's chat, as the emulator takes and writes it."""

from __future__ import annotations

import json

import pytest

from bedrock_llm.codecs.shared.fields import merge
from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import Image, Message, Opaque, Thinking, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from bedrock_llm.response import Response, StopReason, Usage
from bedrock_llm.testing.emulator.bodies.ollama_chat import BODY
from bedrock_llm.testing.emulator.wire import Refusal
from tests.codecs.ollama_chat.wire import BODY as CODEC
from tests.codecs.ollama_chat.wire import OLLAMA
from tests.codecs.openai_chat.wire import objects_read, records

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
LEVELLED = ModelConfig(model="m", family="qwen", features={"reasoning": {"style": "think", "efforts": ["high"]}})
HI = {"role": "user", "content": "Hi"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
CALL = {"function": {"name": "n", "arguments": {"a": 1}}}


def written(request, config=OLLAMA):
    return json.loads(json.dumps(merge(CODEC.write(request, config, stream=False), request.get("extra_body") or {})))


def normalised(body):
    """A body less what says nothing: the whole list of what two equal bodies may differ in is members that are null or
    hold nothing, and the ids and names that link results to calls, which older clients leave out."""
    return {name: value for name, value in body.items() if value not in (None, [], {}, "")}


ROUND = [
    Request.of("Hi"),
    Request.of(
        "Hi", system="s", max_tokens=5, temperature=0, top_p=0.9, top_k=7, min_p=0.1, stop=["a"], seed=4,
        repetition_penalty=1.1, presence_penalty=0.2, frequency_penalty=0.1, logprobs=3, reasoning=False,
        output_type=SCHEMA, tools=[ToolSpec("n", "d", SCHEMA), Opaque("ollama_chat", "tool", {"type": "x"})],
        extra_body={"keep_alive": "5m", "options": {"num_ctx": 4096}},
    ),
    Request.of(
        [
            Message.user("see", Image(PNG)),
            Message.assistant(
                Thinking("Hm", family="qwen"), "I look.", ToolCall("t", "n", {"a": 1}), ToolCall("u", "m", {})
            ),
            Message.user(ToolResult("t", "2"), ToolResult("u", "3"), "and?"),
            Message.system("later"),
            Message.assistant("c", Opaque("ollama_chat", "message", {"x": 1})),
            Message.user("d"),
        ],
        logprobs=True,
    ),
]  # fmt: skip


@pytest.mark.parametrize("request_", ROUND)
def test_what_the_body_writes_is_taken_and_read_as_the_request_that_it_was(request_):
    body = written(request_)
    BODY.check(body, OLLAMA, False)
    assert BODY.parse(body, OLLAMA) == request_
    assert written(BODY.parse(body, OLLAMA)) == body


def test_a_level_is_read_where_the_model_has_levels():
    body = {"messages": [HI], "think": "high"}
    assert BODY.parse(body, LEVELLED) == Request.of("Hi", reasoning="high")
    assert BODY.parse(body, OLLAMA) == Request.of("Hi", extra_body={"think": "high"})


def test_results_without_ids_belong_to_the_calls_of_their_tools():
    calls = [CALL, CALL, {"function": {"name": "m", "arguments": {}}}]
    results = [
        {"role": "tool", "content": text, "tool_name": name} for text, name in (("1", "m"), ("2", "n"), ("3", "n"))
    ]
    request = BODY.parse(
        {"messages": [HI, {"role": "assistant", "content": "", "tool_calls": calls}, *results]}, OLLAMA
    )
    assert [(part.tool_call_id, part.content) for part in request.messages[2].parts] == [
        ("call_2", "1"), ("call_0", "2"), ("call_1", "3"),
    ]  # fmt: skip


def test_recorded_bodies_are_read_and_written_to_the_same_body():
    found, unnamed = 0, set()
    for record, _ in records(lambda record: record["api"] == "ollama-chat"):
        body = {name: value for name, value in record["request"]["body"].items() if name not in ("model", "stream")}
        request = BODY.parse(body, OLLAMA)
        assert normalised(written(request)) == normalised(body), record["id"]
        BODY.check(body, OLLAMA, record["streaming"])
        unnamed |= request.get("extra_body", {}).keys()
        found += 1
    print(f"{found} recorded bodies are equal; without a name of ours: {sorted(unnamed)}")
    assert found >= 8
    assert unnamed <= {"keep_alive", "options", "think"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "messages"),
        ({"messages": ["x"]}, "role"),
        ({"messages": [{"role": "developer", "content": "a"}]}, "role"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "String"),
        ({"messages": [{**HI, "images": ["?"]}]}, "base64"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"function": {"arguments": "{}"}}]}]}, "object"),
        ({"messages": [HI], "options": {"seed": 1.5}}, "integer"),
        ({"messages": [HI], "options": {"temperature": "hot"}}, "float32"),
        ({"messages": [HI], "options": {"stop": "a"}}, "strings"),
        ({"messages": [HI], "think": "much"}, "think"),
        ({"messages": [HI], "format": "yaml"}, "format"),
    ],
)
def test_what_everyone_refuses_is_refused(body, words):
    with pytest.raises(Refusal, match=words):
        BODY.check(body, OLLAMA, False)


@pytest.mark.parametrize("feature", ["tools", "streaming", "images", "reasoning"])
def test_what_the_model_is_known_not_to_take_is_refused(feature):
    body = {"messages": [{**HI, "images": ["eA=="]}], "tools": [{}], "think": True}
    with pytest.raises(Refusal, match="does not support"):
        BODY.check(body, ModelConfig(features={feature: False}), True)
    BODY.check(body, ModelConfig(), True)


def test_a_result_without_a_call_is_refused():
    with pytest.raises(Refusal, match="answers no tool call"):
        BODY.parse({"messages": [HI, {"role": "tool", "content": "x", "tool_name": "n"}]}, OLLAMA)


ANSWERS = [
    Response(Message.assistant("You said hi, so I say hi."), StopReason.stop, usage=Usage(3, output_tokens=5)),
    Response(
        Message.assistant(Thinking("Let me see.", family="qwen"), "I look.", ToolCall("t", "n", {"a": [1, "ä"]})),
        StopReason.tool_use,
        usage=Usage(3, output_tokens=5),
    ),
    Response(Message.assistant("cut"), StopReason.length, usage=Usage(1, output_tokens=1)),
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_both_forms_of_an_answer_say_what_it_was(answer):
    whole = CODEC.read(BODY.answer(answer), OLLAMA)
    assert whole == objects_read(CODEC, list(BODY.chunks(answer)), OLLAMA)[0]
    assert (whole.message, whole.stop_reason) == (answer.message, answer.stop_reason)
    assert (whole.usage.input_tokens, whole.usage.output_tokens) == (
        answer.usage.input_tokens,
        answer.usage.output_tokens,
    )
