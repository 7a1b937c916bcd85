"""The proof that it is Gemini's wire: Google's own client gets right answers from the emulator."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager

import httpx2
import pytest
from google import genai
from google.genai import errors, types

from bedrock_llm.messages import Message, Text, Thinking, ToolCall
from bedrock_llm.response import Response, StopReason, Usage
from bedrock_llm.testing import Emulator

# Google's client makes its session in a way that aiohttp does not like.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")

MODEL = "gemini-2.5-flash"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(name="get_weather", description="Weather", parameters_json_schema=SCHEMA)
    ]
)
MANUALLY = types.AutomaticFunctionCallingConfig(disable=True)
HELLO = "Weather in Oslo?"
PATH = f"/v1beta/models/{MODEL}"
BODY = {"contents": [{"role": "user", "parts": [{"text": HELLO}]}]}


@asynccontextmanager
async def client_of(emulator, **options):
    made = genai.Client(**{"api_key": emulator.api_key, **options}, http_options={"base_url": emulator.url})
    async with made.aio as client:
        yield client
    made.close()


@pytest.mark.anyio
async def test_an_answer_has_its_model_and_its_id(emulator):
    usage = Usage(input_tokens=5, cache_read_tokens=2, output_tokens=9, reasoning_tokens=4)
    thought = Thinking("Which city?", signature="c2VhbA==")
    emulator.reply(Response(Message.assistant(thought, Text("Müller's 🌦.")), StopReason.length, usage=usage))
    async with client_of(emulator) as client:
        answer = await client.models.generate_content(model=MODEL, contents=HELLO)
    assert (answer.text, answer.model_version) == ("Müller's 🌦.", MODEL)
    assert answer.candidates[0].content.parts[0].thought
    assert answer.candidates[0].finish_reason is types.FinishReason.MAX_TOKENS
    counts = answer.usage_metadata
    assert (counts.prompt_token_count, counts.cached_content_token_count, counts.thoughts_token_count) == (7, 2, 4)
    assert answer.response_id


@pytest.mark.anyio
async def test_a_stream_gives_the_same_answer_in_pieces(emulator):
    emulator.reply("One two three four five six seven.")
    async with client_of(emulator) as client:
        stream = await client.models.generate_content_stream(model=MODEL, contents=HELLO)
        chunks = [chunk async for chunk in stream]
    assert "".join(chunk.text or "" for chunk in chunks) == "One two three four five six seven."
    assert len(chunks) > 4
    assert len({chunk.response_id for chunk in chunks}) == 1
    assert [bool(chunk.candidates[0].finish_reason) for chunk in chunks] == [False] * (len(chunks) - 1) + [True]


@pytest.mark.anyio
async def test_a_tools_round_trip_is_accepted_and_told_back(emulator):
    config = types.GenerateContentConfig(tools=[TOOL], automatic_function_calling=MANUALLY)
    async with client_of(emulator) as client:
        asked = await client.models.generate_content(model=MODEL, contents=HELLO, config=config)
        (call,) = asked.function_calls
        assert (call.name, call.args) == ("get_weather", {"city": "Oslo"})
        result = types.Part.from_function_response(name=call.name, response={"result": "3 C"})
        result.function_response.id = call.id
        turns = [types.UserContent(HELLO), asked.candidates[0].content, types.UserContent(result)]
        answered = await client.models.generate_content(model=MODEL, contents=turns, config=config)
    assert answered.text.startswith("The tool get_weather answered: ")
    assert "3 C" in answered.text


@pytest.mark.anyio
async def test_two_calls_come_side_by_side(emulator):
    calls = [ToolCall(f"call_{city}", "get_weather", {"city": city}) for city in ("Oslo", "Bergen")]
    emulator.reply(Message.assistant(*calls))
    config = types.GenerateContentConfig(tools=[TOOL], automatic_function_calling=MANUALLY)
    async with client_of(emulator) as client:
        stream = await client.models.generate_content_stream(model=MODEL, contents=HELLO, config=config)
        found = [call.args["city"] async for chunk in stream for call in chunk.function_calls or ()]
    assert found == ["Oslo", "Bergen"]


@pytest.mark.anyio
async def test_a_schema_is_filled(emulator):
    config = types.GenerateContentConfig(response_mime_type="application/json", response_json_schema=SCHEMA)
    async with client_of(emulator) as client:
        answer = await client.models.generate_content(model=MODEL, contents=HELLO, config=config)
    assert json.loads(answer.text) == {"city": "Oslo"}


@pytest.mark.anyio
async def test_tokens_are_counted_as_an_answer_counts_them(emulator):
    async with client_of(emulator) as client:
        counted = await client.models.count_tokens(model=MODEL, contents=HELLO)
        answer = await client.models.generate_content(model=MODEL, contents=HELLO)
    assert counted.total_tokens == answer.usage_metadata.prompt_token_count


FAULTS = [
    ("throttle", 429, "RESOURCE_EXHAUSTED"),
    ("server_error", 500, "INTERNAL"),
    ("overloaded", 503, "UNAVAILABLE"),
    ("expired_token", 401, "UNAUTHENTICATED"),
    ("access_denied", 403, "PERMISSION_DENIED"),
    ("not_found", 404, "NOT_FOUND"),
    ("stream_exception", 500, "INTERNAL"),
]


@pytest.mark.anyio
@pytest.mark.parametrize(("kind", "status", "word"), FAULTS)
async def test_a_fault_is_said_as_google_says_it(emulator, kind, status, word):
    emulator.fail(kind, retry_after_s=34)
    async with client_of(emulator) as client:
        with pytest.raises(errors.APIError) as caught:
            await client.models.generate_content(model=MODEL, contents=HELLO)
    assert (caught.value.code, caught.value.status) == (status, word)
    details = caught.value.details["error"].get("details", [])
    assert [entry.get("retryDelay") for entry in details] == ([] if kind == "stream_exception" else ["34s"])


@pytest.mark.anyio
async def test_a_wrong_key_is_an_argument_that_is_not_valid(emulator):
    async with client_of(emulator, api_key="wrong") as client:
        with pytest.raises(errors.ClientError, match="API key not valid") as caught:
            await client.models.generate_content(model=MODEL, contents=HELLO)
    assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")
    assert caught.value.details["error"]["details"][0]["reason"] == "API_KEY_INVALID"
    assert emulator.requests == ()


@pytest.mark.anyio
async def test_an_error_inside_a_stream_is_an_object_in_it(emulator):
    emulator.reply("One two three four five six seven.")
    emulator.fail("stream_exception")
    seen = ""
    async with client_of(emulator) as client:
        with pytest.raises(errors.ServerError, match="stopped in the middle"):
            async for chunk in await client.models.generate_content_stream(model=MODEL, contents=HELLO):
                seen += chunk.text
    assert seen == "One two three four"


@pytest.mark.anyio
async def test_what_is_refused_is_refused_in_googles_shape():
    with Emulator(catalog={MODEL: {"context_window": 50}}) as emulator:
        async with client_of(emulator) as client:
            with pytest.raises(errors.ClientError, match=r"tokens allowed \(50\)") as caught:
                await client.models.generate_content(model=MODEL, contents="word " * 90)
            with pytest.raises(errors.ClientError, match="must be from 1 to"):
                await client.models.generate_content(
                    model=MODEL, contents=HELLO, config=types.GenerateContentConfig(max_output_tokens=100_000)
                )
    assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")


def post(emulator, path, body=BODY, **headers):
    return httpx2.post(emulator.url + path, json=body, headers=headers)


def test_a_stream_without_a_word_of_its_form_is_one_array(emulator):
    emulator.reply("One two three.")
    answer = post(emulator, f"{PATH}:streamGenerateContent", **{"x-goog-api-key": emulator.api_key})
    texts = [entry["candidates"][0]["content"]["parts"][0]["text"] for entry in answer.json()]
    assert ("".join(texts), len(texts) > 2) == ("One two three.", True)
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"


def test_an_array_can_break_off_with_an_error(emulator):
    emulator.reply("One two three.")
    emulator.fail("stream_exception")
    answer = post(emulator, f"{PATH}:streamGenerateContent", **{"x-goog-api-key": emulator.api_key}).json()
    assert answer[-1]["error"]["status"] == "INTERNAL"
    assert "candidates" in answer[0]


def test_the_key_may_stand_in_the_address(emulator):
    assert post(emulator, f"{PATH}:generateContent?key={emulator.api_key}").status_code == 200
    assert post(emulator, f"{PATH}:generateContent?key=wrong").status_code == 400


def test_nobody_is_nobody(emulator):
    answer = post(emulator, f"{PATH}:generateContent")
    assert (answer.status_code, answer.json()["error"]["status"]) == (403, "PERMISSION_DENIED")


def test_a_count_takes_a_whole_request_too(emulator):
    asked = {"generateContentRequest": {"model": f"models/{MODEL}", **BODY}}
    counts = [
        post(emulator, f"{PATH}:countTokens", body, **{"x-goog-api-key": emulator.api_key}).json()["totalTokens"]
        for body in (BODY, asked)
    ]
    assert counts[0] == counts[1] > 0
