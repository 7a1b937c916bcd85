"""The same conversation through Converse and through the model's native body: the same answer, whole and streamed."""

from __future__ import annotations

import pytest

from bedrock_llm import (
    AWSCredentials,
    LLMClient,
    Message,
    Response,
    StopReason,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Usage,
)
from bedrock_llm.catalog.lookup import find
from bedrock_llm.testing import Emulator

# One model of each profile whose body is its own, and some of those that are written to as OpenAI's.
MODELS = [
    "us.anthropic.claude-sonnet-4-6",
    "anthropic.claude-3-5-sonnet-20240620-v1:0",
    "amazon.nova-pro-v1:0",
    "amazon.nova-2-lite-v1:0",
    "amazon.titan-text-express-v1",
    "meta.llama3-8b-instruct-v1:0",
    "meta.llama2-13b-chat-v1",
    "us.meta.llama3-1-70b-instruct-v1:0",
    "us.meta.llama3-3-70b-instruct-v1:0",
    "us.meta.llama4-maverick-17b-instruct-v1:0",
    "mistral.mistral-7b-instruct-v0:2",
    "mistral.mistral-large-2407-v1:0",
    "mistral.mistral-large-3-675b-instruct",
    "ai21.jamba-1-5-large-v1:0",
    "cohere.command-r-plus-v1:0",
    "cohere.command-text-v14",
    "us.deepseek.r1-v1:0",
    "deepseek.v3.2",
    "qwen.qwen3-32b-v1:0",
    "openai.gpt-oss-120b-1:0",
    "openai.gpt-5.6-sol",
    "moonshotai.kimi-k2.5",
    "zai.glm-5",
    "minimax.minimax-m2",
    "google.gemma-3-12b-it",
    "nvidia.nemotron-super-3-120b",
    "writer.palmyra-x5-v1:0",
]
WITH_TOOLS = [model for model in MODELS if find(model).feature("tools")]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "description": "Weather", "parameters": SCHEMA}}]
COUNTED = Usage(input_tokens=21, output_tokens=9)


def both(emulator, model):
    """A client of each API."""
    keys = AWSCredentials(emulator.access_key_id, emulator.secret_access_key)
    options = {"region": "us-east-1", "endpoint_url": emulator.url, "credentials": keys}
    return [LLMClient(f"bedrock/{model}", api=api, **options) for api in ("converse", "invoke")]


async def asked(emulator, model, reply, messages, **parameters):
    """The answers of both APIs, each whole and streamed."""
    answers = []
    for client in both(emulator, model):
        async with client:
            emulator.reply(reply)
            answers.append(await client.generate(messages, **parameters))
            emulator.reply(reply)
            async with client.stream(messages, **parameters) as stream:
                answers.append(await stream.response())
    return answers


def told(response):
    """What must be the same; ids of calls are the service's, and some bodies have none."""
    parts = tuple(
        ("call", part.name, part.arguments) if isinstance(part, ToolCall) else part for part in response.message.parts
    )
    return parts, response.stop_reason, response.usage.input_tokens, response.usage.output_tokens


@pytest.fixture
def emulator():
    with Emulator() as made:
        yield made


@pytest.mark.anyio
@pytest.mark.parametrize("model", MODELS)
async def test_a_conversation_gets_the_same_answer(emulator, model):
    turns = [Message.user("Hi"), Message.assistant("Hello."), Message.user("Where is it 3 °C?")]
    reply = Response(Message.assistant("In Oslo, <b>I</b> think.\n\nOr in Bergen."), StopReason.stop, usage=COUNTED)
    first, *others = await asked(emulator, model, reply, turns, max_tokens=200)
    assert told(first) == ((Text("In Oslo, <b>I</b> think.\n\nOr in Bergen."),), StopReason.stop, 21, 9)
    for other in others:
        assert told(other) == told(first)


@pytest.mark.anyio
@pytest.mark.parametrize("model", MODELS)
async def test_an_answer_that_was_cut_says_so_in_both(emulator, model):
    reply = Response(Message.assistant("In Os"), StopReason.length, usage=COUNTED)
    answers = await asked(emulator, model, reply, "Where?", max_tokens=2)
    assert {answer.stop_reason for answer in answers} == {StopReason.length}
    assert {answer.text for answer in answers} == {"In Os"}


@pytest.mark.anyio
@pytest.mark.parametrize("model", WITH_TOOLS)
async def test_a_tool_is_called_and_its_result_read(emulator, model):
    call = ToolCall("tooluse_abc", "get_weather", {"city": "Oslo"})
    reply = Response(Message.assistant(call), StopReason.tool_use, usage=COUNTED)
    first, *others = await asked(emulator, model, reply, "Weather in Oslo?", tools=TOOLS, max_tokens=200)
    assert told(first) == ((("call", "get_weather", {"city": "Oslo"}),), StopReason.tool_use, 21, 9)
    for other in others:
        assert told(other) == told(first)
    called = first.tool_calls[0]
    turns = [Message.user("Weather in Oslo?"), first.message, Message.user(ToolResult(called.id, "3 °C"))]
    reply = Response(Message.assistant("It is 3 °C."), StopReason.stop, usage=COUNTED)
    answers = await asked(emulator, model, reply, turns, tools=TOOLS, max_tokens=200)
    assert {answer.text for answer in answers} == {"It is 3 °C."}


@pytest.mark.anyio
async def test_thinking_goes_from_one_api_to_the_other_and_back(emulator):
    thought = Thinking("Which city?", signature="c2VhbA==", family="claude")
    hidden = Thinking("", redacted="b3BhcXVl", family="claude")
    call = ToolCall("toolu_1", "get_weather", {"city": "Oslo"})
    reply = Response(Message.assistant(thought, hidden, call), StopReason.tool_use, usage=COUNTED)
    model = "anthropic.claude-sonnet-4-20250514-v1:0"
    options = {"tools": TOOLS, "max_tokens": 4000, "reasoning": 1024}
    answers = await asked(emulator, model, reply, "Weather in Oslo?", **options)
    assert [answer.message for answer in answers] == [Message.assistant(thought, hidden, call)] * 4
    turns = [Message.user("Weather in Oslo?"), answers[0].message, Message.user(ToolResult("toolu_1", "3 °C"))]
    await asked(emulator, model, Response(Message.assistant("3"), StopReason.stop), turns, **options)
    for request in emulator.requests[-4:]:
        assert request.messages[1].parts[:2] == (thought, hidden)
