"""One conversation, carried from provider to provider and back, with tools and thinking in it."""

from __future__ import annotations

import pytest

from bedrock_llm import Message, Response, StopReason, Text, Thinking, ToolCall, ToolResult
from tests.providers_matrix.ways import WAYS

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [{"name": "get_weather", "description": "Weather of a city", "input_schema": SCHEMA}]
CITIES = ("Oslo", "Bergen")
ROUTES = [
    ("bedrock-converse", "openai-responses", "google", "anthropic"),
    ("bedrock-converse", "openai-chat", "google", "bedrock-converse"),
    ("bedrock-invoke", "openai-responses", "google", "bedrock-invoke"),
    ("anthropic", "google", "openai-chat", "bedrock-anthropic"),
    ("google", "bedrock-openai", "anthropic", "google"),
    ("bedrock-converse", "azure", "google-signing", "bedrock-converse"),
    ("vertex", "anthropic", "google-signing", "openai-responses", "google-signing"),
    ("bedrock-converse", "cohere", "ollama", "google-signing", "anthropic"),
    ("openai-responses", "bedrock-openai-responses", "google", "openai-responses"),
]


def thinks_and_calls(number):
    """An answer that thinks, speaks, and calls a tool twice."""
    thought = Thinking(f"Thought {number}.", signature="c2VhbA==")
    calls = [ToolCall(f"call_{number}_{city.lower()}", "get_weather", {"city": city}) for city in CITIES]
    return Response(Message.assistant(thought, Text(f"Look {number}."), *calls), StopReason.tool_use)


@pytest.mark.anyio
@pytest.mark.parametrize("route", ROUTES, ids=["-".join(route) for route in ROUTES])
async def test_a_conversation_goes_on_at_every_provider(emulator, route):
    turns = [Message.user("Weather?")]
    for number, name in enumerate(route):
        options = {"tools": TOOLS, "max_tokens": 4000, "reasoning": WAYS[name].reasoning, "system": "Be short."}
        async with WAYS[name].client(emulator) as client:
            emulator.reply(thinks_and_calls(number))
            asked = await client.generate(turns, **options)
            results = [ToolResult(call.id, f"{number} °C") for call in asked.tool_calls]
            turns += [asked.message, Message.user(*results)]
            emulator.reply(f"Answer {number}.")
            answered = await client.generate(turns, **options)
        turns += [answered.message, Message.user("And now?")]
        assert len(asked.tool_calls) == 2
        assert answered.text == f"Answer {number}."
        assert {warning.kind for warning in (*asked.warnings, *answered.warnings)} <= {"repaired", "unsupported"}
    assert [answer.status for answer in asked.attempts + answered.attempts] == [200, 200]
    assert len(emulator.received) == len(emulator.requests) == 2 * len(route)
    last = emulator.requests[-1].messages
    said = [part.text for message in last for part in message.parts if isinstance(part, Text)]
    for number in range(len(route)):
        assert f"Look {number}." in said
    results = [part for message in last for part in message.parts if isinstance(part, ToolResult)]
    assert [str(result.content) for result in results if "3 °C" in str(result.content)] != []
    assert len(results) == 2 * len(route)


@pytest.mark.anyio
async def test_what_one_provider_sealed_is_never_sent_to_another(emulator):
    turns = [Message.user("Weather?")]
    async with WAYS["bedrock-converse"].client(emulator) as client:
        emulator.reply(thinks_and_calls(0))
        asked = await client.generate(turns, tools=TOOLS, max_tokens=4000, reasoning="low")
    turns += [asked.message, Message.user(*(ToolResult(call.id, "3 °C") for call in asked.tool_calls))]
    for name in ("openai-responses", "openai-chat", "google"):
        async with WAYS[name].client(emulator) as client:
            await client.generate(turns, tools=TOOLS, max_tokens=4000)
        assert b"c2VhbA==" not in emulator.received[-1].body
        assert b"Thought 0." not in emulator.received[-1].body
    async with WAYS["anthropic"].client(emulator) as client:
        answer = await client.generate(turns, tools=TOOLS, max_tokens=4000, reasoning="low")
    assert b"c2VhbA==" in emulator.received[-1].body
    assert answer.warnings == ()
