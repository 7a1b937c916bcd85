"""Nova's own body, as the emulator takes and writes it."""

from __future__ import annotations

import json

import pytest

from bedrock_llm.codecs.converse.nova import NovaBody
from bedrock_llm.codecs.invoke import InvokeCodec
from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import CachePoint, Image, Message, Opaque, Text, Thinking, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from bedrock_llm.response import Response, StopReason, Usage
from bedrock_llm.testing.emulator.bodies.nova import BODY
from bedrock_llm.testing.emulator.wire import Refusal
from tests.codecs.openai_chat.wire import folded, records

NOVA = ModelConfig(
    provider="bedrock",
    model="amazon.nova-2-lite-v1:0",
    family="nova",
    features={"reasoning": {"style": "nova", "efforts": ["low", "medium", "high"], "default_on": False}},
)
CODEC = InvokeCodec(NovaBody())
HI = {"role": "user", "content": [{"text": "Hi"}]}
SPEC = {"toolSpec": {"name": "n", "inputSchema": {"json": {"type": "object", "properties": {}}}}}
ALIASES = {"max_new_tokens": "maxTokens", "top_p": "topP", "top_k": "topK"}


def written(request):
    return json.loads(CODEC.encode(request, NOVA, stream=False).body)


def normalised(body):
    """The whole list of what a body and the same written again may differ in: the older names of the knobs."""
    inference = {ALIASES.get(name, name): value for name, value in body.get("inferenceConfig", {}).items()}
    return {**body, "inferenceConfig": inference} if inference else body


ROUND = [
    Request.of("Hi"),
    Request.of(
        "Hi",
        system="s",
        max_tokens=5,
        temperature=0.5,
        top_p=1,
        top_k=7,
        stop=["a"],
        reasoning="high",
        tools=[ToolSpec("n", "d", {"type": "object", "properties": {}})],
        tool_choice="n",
        extra_body={"schemaVersion": "messages-v1"},
    ),
    Request.of(
        [
            Message.user("a", Image(b"x", media_type="image/png"), CachePoint()),
            Message.assistant(Thinking("Hm", "s", None, "nova"), Text("b"), ToolCall("t", "n", {"x": 1})),
            Message.user(ToolResult("t", "2"), Opaque("converse", "guardContent", {"text": {"text": "g"}})),
        ],
        tools=[ToolSpec("n", None, {"type": "object", "properties": {}})],
    ),
]


@pytest.mark.parametrize("request_", ROUND)
def test_what_the_body_writes_is_taken_and_read_as_the_request_that_it_was(request_):
    body = written(request_)
    BODY.check(body, NOVA, False)
    assert BODY.parse(body, NOVA) == request_
    assert written(BODY.parse(body, NOVA)) == body


def test_recorded_bodies_are_read_and_written_to_the_same_body():
    found = [
        record["request"]["body"]
        for record, _ in records(
            lambda record: record["family"] == "nova" and record["api"] in ("invoke", "invoke-stream")
        )
    ]
    taken = 0
    for body in found:
        assert written(BODY.parse(body, NOVA)) == normalised(body)
        if "inputText" not in body:  # a body of Titan's that somebody sent to Nova
            BODY.check(body, NOVA, False)
            taken += 1
    assert (len(found), taken) == (9, 8)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "empty|required"),
        ({"messages": []}, "empty"),
        ({"messages": [HI], "inputText": "x"}, "extraneous"),
        ({"messages": [HI], "additionalModelRequestFields": {}}, "extraneous"),
        ({"messages": [HI], "schemaVersion": "v0"}, "schemaVersion"),
        ({"messages": [HI], "inferenceConfig": []}, "inferenceConfig"),
        ({"messages": [HI], "inferenceConfig": {"topK": 200}}, "topK"),
        ({"messages": [HI], "inferenceConfig": {"max_new_tokens": 0}}, "maxTokens"),
        ({"messages": [HI], "inferenceConfig": {"temperature": 2}}, "temperature"),
        ({"messages": [HI, HI]}, "alternate"),
        ({"messages": [{"role": "assistant", "content": [{"text": "Hi"}]}]}, "start with a user"),
        ({"messages": [HI], "toolConfig": {"tools": [SPEC, SPEC]}}, "duplicate"),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"text": "a"},
                            {"document": {"name": "d", "format": "txt", "source": {"bytes": "eA=="}}},
                        ],
                    }
                ]
            },
            "document",
        ),
    ],
)
def test_what_nova_refuses_is_refused(body, words):
    with pytest.raises(Refusal, match=words):
        BODY.check(body, NOVA, False)


ANSWERS = [
    Response(Message.assistant("You said hi, so I say hi."), StopReason.stop, usage=Usage(3, 1, 0, 0, 5)),
    Response(
        Message.assistant(Thinking("Let me see.", "s", None, "nova"), "I look it up.", ToolCall("t", "n", {"a": [1]})),
        StopReason.tool_use,
        usage=Usage(3, 0, 2, 0, 5),
    ),
    Response(Message.assistant(ToolCall("t", "n", {})), StopReason.tool_use, usage=Usage(1, 0, 0, 0, 1)),
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_both_forms_of_an_answer_say_what_it_was(answer):
    whole = NovaBody().read(BODY.answer(answer), NOVA)
    streamed = folded(NovaBody(), list(BODY.chunks(answer)), NOVA)
    assert whole == streamed
    assert (whole.message, whole.stop_reason, whole.usage) == (answer.message, answer.stop_reason, answer.usage)


def test_every_piece_of_a_text_is_a_block_of_its_own():
    chunks = list(BODY.chunks(ANSWERS[0]))
    indexes = [chunk["contentBlockDelta"]["contentBlockIndex"] for chunk in chunks if "contentBlockDelta" in chunk]
    assert indexes == list(range(len(indexes)))
    assert len(indexes) > 3
