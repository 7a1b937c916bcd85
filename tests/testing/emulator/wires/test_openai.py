"""The proof that it is OpenAI's wire: OpenAI's own client gets right answers from the emulator, of both its APIs."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager

import openai
import pytest

from bedrock_llm.messages import Message, Text, ToolCall
from bedrock_llm.response import Response, StopReason, Usage
from bedrock_llm.testing import Emulator

MODEL = "gpt-4.1"
HELLO = [{"role": "user", "content": "Weather in Oslo?"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FUNCTION = {"name": "get_weather", "description": "Weather of a city", "parameters": SCHEMA}
CHAT_TOOL = {"type": "function", "function": FUNCTION}
TOOL = {"type": "function", **FUNCTION, "strict": False}
ANSWER = Message.assistant(
    Text("Let me look, with Müller's 🌦 tool."),
    ToolCall("call_1", "get_weather", {"city": "Oslo"}),
    ToolCall("call_2", "get_weather", {"city": "Bergen"}),
)
COUNTED = Usage(input_tokens=5, cache_read_tokens=2, output_tokens=9, reasoning_tokens=4)
WAYS = ["chat", "responses"]


@asynccontextmanager
async def client_of(emulator, **options):
    given = {"api_key": emulator.api_key, "base_url": emulator.url + "/v1", "max_retries": 0, **options}
    async with openai.AsyncOpenAI(**given) as client:
        yield client


def ask(client, way, **more):
    if way == "chat":
        return client.chat.completions.create(**{"model": MODEL, "messages": HELLO, **more})
    return client.responses.create(**{"model": MODEL, "input": HELLO, **more})


def text_of(answer):
    return answer.output_text if hasattr(answer, "output_text") else answer.choices[0].message.content


@pytest.mark.anyio
@pytest.mark.parametrize("way", WAYS)
async def test_an_answer_has_its_model_its_id_its_time_and_the_limits_of_the_account(emulator, way):
    emulator.reply("Blue.")
    async with client_of(emulator) as client:
        api = client.chat.completions if way == "chat" else client.responses
        said = {"messages": HELLO} if way == "chat" else {"input": HELLO}
        raw = await api.with_raw_response.create(model=MODEL, **said)
    answer = raw.parse()
    assert (answer.model, text_of(answer)) == (MODEL, "Blue.")
    assert answer.id.startswith("chatcmpl-" if way == "chat" else "resp_")
    assert (answer.created if way == "chat" else answer.created_at) > 1_700_000_000
    assert raw.headers["x-request-id"] == answer._request_id
    assert int(raw.headers["x-ratelimit-remaining-requests"]) > 0
    assert "x-amzn-requestid" not in raw.headers


@pytest.mark.anyio
async def test_chat_calls_tools_and_reads_their_results(emulator):
    emulator.reply(Response(ANSWER, StopReason.tool_use, usage=COUNTED))
    async with client_of(emulator) as client:
        asked = await ask(client, "chat", tools=[CHAT_TOOL])
        message = asked.choices[0].message
        assert message.content == "Let me look, with Müller's 🌦 tool."
        assert [json.loads(call.function.arguments) for call in message.tool_calls] == [
            {"city": "Oslo"},
            {"city": "Bergen"},
        ]
        assert asked.choices[0].finish_reason == "tool_calls"
        assert (asked.usage.prompt_tokens, asked.usage.prompt_tokens_details.cached_tokens) == (7, 2)
        assert asked.usage.completion_tokens_details.reasoning_tokens == 4
        results = [{"role": "tool", "tool_call_id": call.id, "content": "3 C"} for call in message.tool_calls]
        answered = await ask(client, "chat", messages=[*HELLO, message, *results], tools=[CHAT_TOOL])
    assert text_of(answered).count("The tool get_weather answered: 3 C") == 2


@pytest.mark.anyio
async def test_responses_call_tools_and_read_their_results(emulator):
    emulator.reply(Response(ANSWER, StopReason.tool_use, usage=COUNTED))
    async with client_of(emulator) as client:
        asked = await ask(client, "responses", tools=[TOOL])
        calls = [item for item in asked.output if item.type == "function_call"]
        assert asked.output_text == "Let me look, with Müller's 🌦 tool."
        assert [json.loads(call.arguments) for call in calls] == [{"city": "Oslo"}, {"city": "Bergen"}]
        assert (asked.usage.input_tokens, asked.usage.input_tokens_details.cached_tokens) == (7, 2)
        assert asked.usage.output_tokens_details.reasoning_tokens == 4
        results = [{"type": "function_call_output", "call_id": call.call_id, "output": "3 C"} for call in calls]
        answered = await ask(client, "responses", input=[*HELLO, *asked.output, *results], tools=[TOOL])
    assert text_of(answered).count("The tool get_weather answered: 3 C") == 2


@pytest.mark.anyio
async def test_a_stream_of_chat_gives_the_same_answer_in_chunks(emulator):
    emulator.reply(ANSWER)
    async with client_of(emulator) as client:
        stream = await ask(client, "chat", tools=[CHAT_TOOL], stream=True, stream_options={"include_usage": True})
        chunks = [chunk async for chunk in stream]
    assert len({chunk.id for chunk in chunks}) == 1
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == "Let me look, with Müller's 🌦 tool."
    arguments = {0: "", 1: ""}
    for delta in deltas:
        for call in delta.tool_calls or ():
            arguments[call.index] += call.function.arguments or ""
    assert [json.loads(text) for text in arguments.values()] == [{"city": "Oslo"}, {"city": "Bergen"}]
    assert [chunk.usage is None for chunk in chunks] == [True] * (len(chunks) - 1) + [False]
    assert chunks[-1].choices == []


@pytest.mark.anyio
async def test_a_stream_of_chat_counts_only_where_that_is_asked_for(emulator):
    async with client_of(emulator) as client:
        chunks = [chunk async for chunk in await ask(client, "chat", stream=True)]
    assert all(chunk.choices for chunk in chunks)
    assert all("usage" not in chunk.model_fields_set for chunk in chunks)


@pytest.mark.anyio
async def test_a_stream_of_responses_gives_the_same_answer_in_events(emulator):
    emulator.reply(Response(ANSWER, StopReason.tool_use, usage=COUNTED))
    async with client_of(emulator) as client:
        events = [event async for event in await ask(client, "responses", tools=[TOOL], stream=True)]
    assert (events[0].type, events[-1].type) == ("response.created", "response.completed")
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert len([event for event in events if event.type == "response.output_text.delta"]) > 3
    final = events[-1].response
    assert final.id == events[0].response.id
    assert (final.model, final.output_text) == (MODEL, "Let me look, with Müller's 🌦 tool.")
    assert [item.name for item in final.output if item.type == "function_call"] == ["get_weather"] * 2
    assert final.usage.output_tokens == 9


@pytest.mark.anyio
@pytest.mark.parametrize("way", WAYS)
async def test_a_schema_is_filled(emulator, way):
    schema = {"name": "city", "schema": {**SCHEMA, "additionalProperties": False}, "strict": True}
    chat = {"response_format": {"type": "json_schema", "json_schema": schema}}
    wanted = chat if way == "chat" else {"text": {"format": {"type": "json_schema", **schema}}}
    async with client_of(emulator) as client:
        assert json.loads(text_of(await ask(client, way, **wanted))) == {"city": "Oslo"}


@pytest.mark.anyio
async def test_a_stop_string_and_a_limit_end_an_answer(emulator):
    async with client_of(emulator) as client:
        stopped = await ask(client, "chat", stop=["emulator"])
        cut = await ask(client, "chat", max_completion_tokens=3)
        incomplete = await ask(client, "responses", max_output_tokens=16)
    assert (stopped.choices[0].finish_reason, text_of(stopped)[-4:]) == ("stop", "the ")
    assert (cut.choices[0].finish_reason, cut.usage.completion_tokens) == ("length", 3)
    assert (incomplete.status, incomplete.incomplete_details.reason) == ("incomplete", "max_output_tokens")


@pytest.mark.anyio
async def test_tokens_are_counted_as_an_answer_counts_them(emulator):
    async with client_of(emulator) as client:
        counted = await client.responses.input_tokens.count(model=MODEL, input=HELLO)
        answer = await ask(client, "responses")
    assert counted.input_tokens == answer.usage.input_tokens
    assert counted.object == "response.input_tokens"


@pytest.mark.anyio
@pytest.mark.parametrize("way", WAYS)
async def test_a_wrong_key_is_an_authentication_error_that_does_not_show_it(emulator, way):
    async with client_of(emulator, api_key="sk-wrong-and-secret") as client:
        with pytest.raises(openai.AuthenticationError) as caught:
            await ask(client, way)
    assert (caught.value.status_code, caught.value.code) == (401, "invalid_api_key")
    assert "Incorrect API key provided" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert emulator.requests == ()


@pytest.mark.anyio
async def test_the_key_of_azure_is_taken_too(emulator):
    async with client_of(emulator, api_key="wrong", default_headers={"api-key": emulator.api_key}) as client:
        assert (await ask(client, "chat")).object == "chat.completion"


REFUSED = [
    ("chat", {"messages": []}, "messages"),
    ("chat", {"temperature": 3}, "temperature"),
    ("chat", {"messages": [{"role": "tool", "tool_call_id": "a", "content": "b"}]}, "tool"),
    ("chat", {"model": ""}, "you must provide a model parameter"),
    ("responses", {"temperature": 3}, "temperature"),
]


@pytest.mark.anyio
@pytest.mark.parametrize(("way", "changed", "words"), REFUSED)
async def test_what_is_refused_is_refused_in_openais_shape(emulator, way, changed, words):
    async with client_of(emulator) as client:
        with pytest.raises(openai.BadRequestError, match=words) as caught:
            await ask(client, way, **changed)
    assert caught.value.type == "invalid_request_error"
    assert "error" not in caught.value.body  # the client has taken it out of its shell


@pytest.mark.anyio
@pytest.mark.parametrize("way", WAYS)
async def test_input_beyond_the_window_has_a_code_of_its_own(way):
    with Emulator(catalog={MODEL: {"context_window": 50}}) as emulator:
        async with client_of(emulator) as client:
            with pytest.raises(openai.BadRequestError, match="maximum context length is 50 tokens") as caught:
                await ask(
                    client, way, **{"messages" if way == "chat" else "input": [{**HELLO[0], "content": "word " * 90}]}
                )
    assert caught.value.code == "context_length_exceeded"


FAULTS = [
    ("throttle", 429, "requests", "rate_limit_exceeded", openai.RateLimitError),
    ("server_error", 500, "server_error", None, openai.InternalServerError),
    ("overloaded", 503, "service_unavailable_error", "server_is_overloaded", openai.InternalServerError),
    ("expired_token", 401, "invalid_request_error", "invalid_api_key", openai.AuthenticationError),
    ("access_denied", 403, "invalid_request_error", "missing_scope", openai.PermissionDeniedError),
    ("not_found", 404, "invalid_request_error", "model_not_found", openai.NotFoundError),
    ("stream_exception", 500, "server_error", None, openai.InternalServerError),
]


@pytest.mark.anyio
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("kind", "status", "word", "code", "raised"), FAULTS)
async def test_a_fault_is_said_as_openai_says_it(emulator, way, kind, status, word, code, raised):
    emulator.fail(kind, retry_after_s=2.5)
    async with client_of(emulator) as client:
        with pytest.raises(raised) as caught:
            await ask(client, way)
        assert "emulator" in text_of(await ask(client, way))
    assert (caught.value.status_code, caught.value.type, caught.value.code) == (status, word, code)
    asked = None if kind == "stream_exception" else ("2.5", "2500")
    headers = caught.value.response.headers
    assert asked is None or (headers["retry-after"], headers["retry-after-ms"]) == asked


@pytest.mark.anyio
async def test_an_error_inside_a_stream_of_chat_is_an_object_in_it(emulator):
    emulator.reply("One two three four five six seven.")
    emulator.fail("stream_exception")
    seen = ""
    async with client_of(emulator) as client:
        with pytest.raises(openai.APIError, match="stopped in the middle"):
            async for chunk in await ask(client, "chat", stream=True):
                seen += chunk.choices[0].delta.content or ""
    assert seen == "One two three four"


@pytest.mark.anyio
async def test_an_error_inside_a_stream_of_responses_is_an_event(emulator):
    emulator.reply("One two three four five six seven.")
    emulator.fail("stream_exception")
    async with client_of(emulator) as client:
        events = [event async for event in await ask(client, "responses", stream=True)]
    assert (events[-1].type, events[-1].code) == ("error", "server_error")
    assert events[-2].type == "response.output_text.delta"
    assert [event.sequence_number for event in events] == list(range(len(events)))


@pytest.mark.anyio
@pytest.mark.parametrize("way", WAYS)
async def test_a_cut_stream_ends_without_its_mark(emulator, way):
    emulator.reply("One two three four five six seven.")
    emulator.fail("cut")
    async with client_of(emulator) as client:
        last = [event async for event in await ask(client, way, stream=True)][-1]
    assert last.choices[0].finish_reason is None if way == "chat" else last.type == "response.output_text.delta"


@pytest.mark.anyio
@pytest.mark.parametrize("way", WAYS)
async def test_bedrock_speaks_it_too_with_its_own_models(emulator, way):
    async with client_of(emulator, base_url=emulator.url + "/openai/v1") as client:
        answer = await ask(client, way, model="openai.gpt-oss-120b")
        assert answer.model == "openai.gpt-oss-120b"
    async with client_of(emulator, base_url=emulator.url + "/openai/v1", api_key="wrong") as client:
        with pytest.raises(openai.PermissionDeniedError, match="Authentication failed"):
            await ask(client, way)
