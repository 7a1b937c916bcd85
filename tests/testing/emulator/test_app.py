"""Without a socket: the ASGI application under `httpx2.ASGITransport`, on asyncio and on trio."""

from __future__ import annotations

import json

import httpx2
import pytest

from bedrock_llm.framing.aws_eventstream import EventStreamDecoder
from bedrock_llm.testing import Emulator
from tests.testing.emulator.line import said

pytestmark = pytest.mark.anyio
PATH = "/model/us.anthropic.claude-sonnet-4-6/"


def client_of(emulator):
    headers = {"authorization": f"Bearer {emulator.api_key}"}
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(emulator.app), base_url="http://emulator", headers=headers)


async def test_an_answer_comes_without_a_socket():
    emulator = Emulator()
    emulator.reply("Hello")
    async with client_of(emulator) as client:
        answer = await client.post(PATH + "converse", json=said())
    assert answer.json()["output"] == {"message": {"content": [{"text": "Hello"}], "role": "assistant"}}
    assert [request.messages[0].text for request in emulator.requests] == ["Hi"]
    assert emulator.open_connections == 0


async def test_a_stream_comes_without_a_socket():
    emulator = Emulator(delay_s=0.001)
    async with client_of(emulator) as client:
        answer = await client.post(PATH + "converse-stream", json=said())
    frames = EventStreamDecoder().feed(answer.content)
    texts = [json.loads(frame.payload)["delta"]["text"] for frame in frames if b'"delta"' in frame.payload]
    assert "".join(texts).startswith('You said: "Hi".')
    assert len(texts) > 10


async def test_an_encoded_slash_is_not_a_slash_of_the_path():
    emulator = Emulator()
    arn = "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fab12cd34ef56"
    async with client_of(emulator) as client:
        answer = await client.post(f"/model/{arn}/converse", json=said())
    assert (answer.status_code, emulator.received[0].path) == (200, f"/model/{arn}/converse")


async def test_the_applications_own_start_and_end_are_confirmed():
    sent = []

    async def receive():
        return {"type": "lifespan.startup"}

    async def send(message):
        sent.append(message["type"])

    await Emulator().app({"type": "lifespan"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
