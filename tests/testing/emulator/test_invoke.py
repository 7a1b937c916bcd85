"""InvokeModel as others ask for it: AWS's own client with every native body, and Anthropic's client for Bedrock."""

from __future__ import annotations

import json

import anthropic
import pytest
from botocore.exceptions import ClientError

from bedrock_llm.messages import Message, Text, Thinking, ToolCall
from bedrock_llm.response import Response, StopReason, Usage
from tests.testing.emulator.test_boto3 import client_of

CLAUDE = "us.anthropic.claude-sonnet-4-6"
HELLO = [{"role": "user", "content": "Hello there"}]
CLAUDE_BODY = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 200, "messages": HELLO}
SAID = 'You said: "Hello there".'
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"name": "get_weather", "description": "Weather of a city", "input_schema": SCHEMA}


def told(answer):
    """The text of a native answer, wherever its family puts it."""
    for path in (
        ("content", 0, "text"),
        ("output", "message", "content", 0, "text"),
        ("results", 0, "outputText"),
        ("generation",),
        ("outputs", 0, "text"),
        ("choices", 0, "message", "content"),
        ("choices", 0, "text"),
        ("generations", 0, "text"),
        ("completions", 0, "data", "text"),
        ("text",),
    ):
        found = answer
        for step in path:
            found = found[step] if isinstance(step, int) else found.get(step) if isinstance(found, dict) else None
            if not found:
                break
        if found:
            return found
    raise AssertionError(answer)


LLAMA = "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHello there<|eot_id|>" + (
    "<|start_header_id|>assistant<|end_header_id|>\n\n"
)
DEEPSEEK = "<\uff5cbegin\u2581of\u2581sentence\uff5c><\uff5cUser\uff5c>Hello there<\uff5cAssistant\uff5c><think>\n"
BODIES = [
    (CLAUDE, CLAUDE_BODY),
    ("amazon.nova-pro-v1:0", {"messages": [{"role": "user", "content": [{"text": "Hello there"}]}]}),
    ("amazon.titan-text-express-v1", {"inputText": "Hello there"}),
    ("meta.llama3-8b-instruct-v1:0", {"prompt": LLAMA}),
    ("mistral.mistral-7b-instruct-v0:2", {"prompt": "<s>[INST] Hello there [/INST]"}),
    ("qwen.qwen3-32b-v1:0", {"messages": HELLO}),
    ("cohere.command-r-v1:0", {"message": "Hello there"}),
    ("cohere.command-text-v14", {"prompt": "Hello there"}),
    ("deepseek.r1-v1:0", {"prompt": DEEPSEEK}),
    ("ai21.j2-mid-v1", {"prompt": "Hello there"}),
]


@pytest.mark.parametrize(("model", "body"), BODIES, ids=[model for model, _ in BODIES])
def test_boto3_gets_an_answer_of_every_native_body(emulator, model, body):
    with client_of(emulator) as client:
        answer = client.invoke_model(modelId=model, body=json.dumps(body))
        assert SAID in told(json.loads(answer["body"].read()))
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert int(headers["x-amzn-bedrock-input-token-count"]) > 0
    assert int(headers["x-amzn-bedrock-output-token-count"]) > 0
    assert emulator.requests[-1].messages[-1].role == "user"


STREAMED = [(model, body) for model, body in BODIES if model != "ai21.j2-mid-v1"]


@pytest.mark.parametrize(("model", "body"), STREAMED, ids=[model for model, _ in STREAMED])
def test_boto3_gets_a_stream_of_every_native_body_with_the_services_count_at_its_end(emulator, model, body):
    with client_of(emulator) as client:
        answer = client.invoke_model_with_response_stream(modelId=model, body=json.dumps(body))
        chunks = [json.loads(event["chunk"]["bytes"]) for event in answer["body"]]
    assert chunks
    assert set(chunks[-1]["amazon-bedrock-invocationMetrics"]) >= {"inputTokenCount", "outputTokenCount"}
    assert all("amazon-bedrock-invocationMetrics" not in chunk for chunk in chunks[:-1])


@pytest.mark.parametrize(
    ("model", "body", "words"),
    [
        (CLAUDE, {**CLAUDE_BODY, "messages": []}, "messages"),
        (CLAUDE, {name: value for name, value in CLAUDE_BODY.items() if name != "max_tokens"}, "max_tokens"),
        (CLAUDE, {**CLAUDE_BODY, "model": CLAUDE}, "Extra inputs are not permitted"),
        (CLAUDE, {**CLAUDE_BODY, "anthropic_version": "2020-01-01"}, "anthropic_version"),
        ("meta.llama3-8b-instruct-v1:0", {}, "prompt"),
        ("vendor.unknown", {"prompt": "x"}, "model identifier is invalid"),
    ],
)
def test_a_wrong_body_is_a_validation_error(emulator, model, body, words):
    with client_of(emulator) as client, pytest.raises(ClientError) as caught:
        client.invoke_model(modelId=model, body=json.dumps(body))
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert words in caught.value.response["Error"]["Message"]


def test_a_guardrail_needs_both_of_its_headers(emulator):
    with client_of(emulator) as client:
        body = json.dumps(CLAUDE_BODY)
        client.invoke_model(modelId=CLAUDE, body=body, guardrailIdentifier="g1", guardrailVersion="1", trace="ENABLED")
        assert emulator.requests[-1].get("guardrail") == {"identifier": "g1", "version": "1", "trace": "enabled"}
        with pytest.raises(ClientError, match="both be provided"):
            client.invoke_model(modelId=CLAUDE, body=body, guardrailIdentifier="g1")


def test_faults_meet_invoke_too(emulator):
    with client_of(emulator) as client:
        emulator.fail("throttle")
        with pytest.raises(client.exceptions.ThrottlingException):
            client.invoke_model(modelId=CLAUDE, body=json.dumps(CLAUDE_BODY))


# --- Anthropic's own client -------------------------------------------------------------------------------------------


@pytest.fixture
async def claude(emulator):
    client = anthropic.AsyncAnthropicBedrock(
        aws_access_key=emulator.access_key_id,
        aws_secret_key=emulator.secret_access_key,
        aws_region="us-east-1",
        base_url=emulator.url,
        max_retries=0,
        default_headers={"anthropic-version": "bedrock-2023-05-31"},
    )
    try:
        yield client
    finally:
        await client.close()


VERSION = {"extra_body": {"anthropic_version": "bedrock-2023-05-31"}}  # what a model of this age takes


@pytest.mark.anyio
async def test_anthropics_client_gets_a_message(emulator, claude):
    emulator.reply("Hello yourself.")
    answer = await claude.messages.create(model=CLAUDE, max_tokens=100, messages=HELLO, **VERSION)
    assert (answer.content[0].text, answer.stop_reason, answer.role) == ("Hello yourself.", "end_turn", "assistant")
    assert answer.usage.input_tokens > 0
    assert answer.usage.output_tokens > 0


@pytest.mark.anyio
async def test_anthropics_client_streams_text_thinking_and_a_tool_call(emulator, claude):
    parts = (
        Thinking("Which city? Oslo.", signature="c2VhbA==", family="claude"),
        Text("Let me look, with Müller's 🌦 tool."),
        ToolCall("toolu_1", "get_weather", {"city": "Oslo"}),
    )
    emulator.reply(lambda request: Response(Message.assistant(*parts), StopReason.tool_use, usage=Usage(7, 0, 0, 0, 9)))
    thinking = {"type": "adaptive"}
    async with claude.messages.stream(
        model=CLAUDE, max_tokens=2000, messages=HELLO, tools=[TOOL], thinking=thinking, **VERSION
    ) as stream:
        text = "".join([piece async for piece in stream.text_stream])
        answer = await stream.get_final_message()
    assert text == "Let me look, with Müller's 🌦 tool."
    thought, said, call = answer.content
    assert (thought.thinking, thought.signature, said.text) == ("Which city? Oslo.", "c2VhbA==", text)
    assert (call.id, call.name, call.input) == ("toolu_1", "get_weather", {"city": "Oslo"})
    assert (answer.stop_reason, answer.usage.input_tokens, answer.usage.output_tokens) == ("tool_use", 7, 9)


@pytest.mark.anyio
async def test_anthropics_client_calls_a_tool_and_gives_its_result_back(emulator, claude):
    asked = [{"role": "user", "content": "What is the weather in Oslo?"}]
    first = await claude.messages.create(model=CLAUDE, max_tokens=500, messages=asked, tools=[TOOL], **VERSION)
    (call,) = [block for block in first.content if block.type == "tool_use"]
    assert (first.stop_reason, call.input) == ("tool_use", {"city": "Oslo"})
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "3 °C"}
    turns = [*asked, {"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    second = await claude.messages.create(model=CLAUDE, max_tokens=500, messages=turns, tools=[TOOL], **VERSION)
    assert "3 °C" in second.content[0].text
    assert [message.role for message in emulator.requests[-1].messages] == ["user", "assistant", "user"]


@pytest.mark.anyio
async def test_anthropics_client_is_told_what_is_wrong(emulator, claude):
    with pytest.raises(anthropic.BadRequestError, match="budget_tokens"):
        thinking = {"type": "enabled", "budget_tokens": 10}
        model = "anthropic.claude-sonnet-4-20250514-v1:0"
        await claude.messages.create(model=model, max_tokens=5000, messages=HELLO, thinking=thinking, **VERSION)
    emulator.fail("throttle")
    with pytest.raises(anthropic.RateLimitError):
        await claude.messages.create(model=CLAUDE, max_tokens=100, messages=HELLO, **VERSION)
