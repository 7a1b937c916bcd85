"""The proof that it is Anthropic's wire: Anthropic's own client gets right answers from the emulator."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager

import anthropic
import httpx2
import pytest

from bedrock_llm.messages import Message, Text, Thinking, ToolCall
from bedrock_llm.response import Response, StopReason, Usage
from bedrock_llm.testing import Emulator

MODEL = "claude-sonnet-4-6"
HELLO = [{"role": "user", "content": "Weather in Oslo?"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"name": "get_weather", "description": "Weather of a city", "input_schema": SCHEMA}
ANSWER = Message.assistant(
    Thinking("Which city? Oslo.", signature="c2VhbA=="),
    Text("Let me look, with Müller's 🌦 tool."),
    ToolCall("toolu_1", "get_weather", {"city": "Oslo", "days": [1, 2]}),
)


@asynccontextmanager
async def client_of(emulator, **options):
    given = {"api_key": emulator.api_key, "base_url": emulator.url, "max_retries": 0, **options}
    async with anthropic.AsyncAnthropic(**given) as client:
        yield client


def ask(client, **more):
    return client.messages.create(**{"model": MODEL, "max_tokens": 500, "messages": HELLO, **more})


@pytest.mark.anyio
async def test_an_answer_has_its_model_its_id_and_the_limits_of_the_account(emulator):
    emulator.reply(ANSWER)
    async with client_of(emulator) as client:
        raw = await client.messages.with_raw_response.create(model=MODEL, max_tokens=500, messages=HELLO, tools=[TOOL])
    answer = await raw.parse()
    assert (answer.model, answer.role, answer.stop_reason) == (MODEL, "assistant", "tool_use")
    thought, text, call = answer.content
    assert (thought.thinking, thought.signature) == ("Which city? Oslo.", "c2VhbA==")
    assert text.text == "Let me look, with Müller's 🌦 tool."
    assert (call.id, call.name, call.input) == ("toolu_1", "get_weather", {"city": "Oslo", "days": [1, 2]})
    assert answer.usage.input_tokens > 0
    assert answer.usage.output_tokens > 0
    assert answer.id.startswith("msg_01")
    assert raw.headers["request-id"] == answer._request_id
    assert int(raw.headers["anthropic-ratelimit-requests-remaining"]) > 0
    assert "x-amzn-requestid" not in raw.headers


@pytest.mark.anyio
async def test_two_answers_have_two_ids(emulator):
    async with client_of(emulator) as client:
        first, second = [await ask(client) for _ in range(2)]
    assert first.id != second.id
    assert first._request_id != second._request_id


@pytest.mark.anyio
async def test_a_stream_gives_the_same_answer_in_named_events(emulator):
    emulator.reply(ANSWER)
    async with (
        client_of(emulator) as client,
        client.messages.stream(model=MODEL, max_tokens=500, messages=HELLO, tools=[TOOL]) as stream,
    ):
        kinds = [event.type async for event in stream]
        answer = await stream.get_final_message()
    assert (kinds[0], kinds[-1]) == ("message_start", "message_stop")
    assert kinds.count("content_block_stop") == 3
    assert kinds.count("text") > 3
    assert [block.type for block in answer.content] == ["thinking", "text", "tool_use"]
    assert answer.content[2].input == {"city": "Oslo", "days": [1, 2]}
    assert (answer.model, answer.stop_reason) == (MODEL, "tool_use")
    assert answer.usage.output_tokens > 0


@pytest.mark.anyio
async def test_a_tools_round_trip_is_accepted_and_told_back(emulator):
    async with client_of(emulator) as client:
        asked = await ask(client, tools=[TOOL])
        call = asked.content[0]
        assert (call.type, call.name, call.input) == ("tool_use", "get_weather", {"city": "Oslo"})
        result = {"type": "tool_result", "tool_use_id": call.id, "content": "3 C"}
        turns = [*HELLO, {"role": "assistant", "content": asked.content}, {"role": "user", "content": [result]}]
        answered = await ask(client, messages=turns, tools=[TOOL])
    assert answered.content[0].text == "The tool get_weather answered: 3 C"
    assert [len(request.messages) for request in emulator.requests] == [1, 3]


@pytest.mark.anyio
async def test_a_schema_is_filled(emulator):
    wanted = {"format": {"type": "json_schema", "schema": {**SCHEMA, "additionalProperties": False}}}
    async with client_of(emulator) as client:
        answer = await ask(client, output_config=wanted)
    assert json.loads(answer.content[0].text) == {"city": "Oslo"}


@pytest.mark.anyio
async def test_a_stop_sequence_and_a_limit_end_an_answer(emulator):
    async with client_of(emulator) as client:
        stopped = await ask(client, stop_sequences=["emulator"])
        cut = await ask(client, max_tokens=3)
    assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", "emulator")
    assert (cut.stop_reason, cut.usage.output_tokens) == ("max_tokens", 3)


@pytest.mark.anyio
async def test_tokens_are_counted_as_an_answer_counts_them(emulator):
    async with client_of(emulator) as client:
        counted = await client.messages.count_tokens(model=MODEL, messages=HELLO, tools=[TOOL])
        answer = await ask(client, tools=[TOOL])
    assert counted.input_tokens == answer.usage.input_tokens
    assert len(emulator.requests) == 1


@pytest.mark.anyio
async def test_a_scripted_usage_and_the_cache_are_told(emulator):
    usage = Usage(input_tokens=5, cache_read_tokens=2, cache_write_tokens=1, cache_write_1h_tokens=4, output_tokens=3)
    emulator.reply(Response(Message.assistant("Blue."), StopReason.length, usage=usage))
    async with client_of(emulator) as client:
        answer = await ask(client)
    counts = answer.usage
    assert (counts.input_tokens, counts.cache_read_input_tokens, counts.cache_creation_input_tokens) == (5, 2, 5)
    assert (counts.output_tokens, answer.stop_reason) == (3, "max_tokens")


@pytest.mark.anyio
@pytest.mark.parametrize("options", [{"api_key": None, "auth_token": "token"}, {"api_key": "wrong"}])
async def test_a_wrong_key_is_an_authentication_error(emulator, options):
    async with client_of(emulator, **options) as client:
        with pytest.raises(anthropic.AuthenticationError, match="invalid x-api-key") as caught:
            await ask(client)
    assert caught.value.body["error"]["type"] == "authentication_error"
    assert emulator.requests == ()
    assert len(emulator.received) == 1


@pytest.mark.anyio
async def test_a_bearer_token_is_taken_too(emulator):
    async with client_of(emulator, api_key=None, auth_token=emulator.api_key) as client:
        assert (await ask(client)).stop_reason == "end_turn"


REFUSED = [
    ({"max_tokens": -1}, "max_tokens: Input should be greater than or equal to 0"),
    ({"messages": []}, "messages: at least one message is required"),
    ({"extra_body": {"temperature": 0.5}}, "temperature: Extra inputs are not permitted"),
    ({"extra_body": {"no_such": 1}}, "no_such: Extra inputs are not permitted"),
    ({"model": ""}, "you must provide a model parameter"),
    ({"extra_headers": {"anthropic-version": "2020-01-01"}}, "is not a valid version"),
]


@pytest.mark.anyio
@pytest.mark.parametrize(("changed", "words"), REFUSED, ids=[words[:20] for _, words in REFUSED])
async def test_what_is_refused_is_refused_in_anthropics_words(emulator, changed, words):
    async with client_of(emulator) as client:
        with pytest.raises(anthropic.BadRequestError) as caught:
            await ask(client, **changed)
    error = caught.value.body
    assert (error["type"], error["error"]["type"]) == ("error", "invalid_request_error")
    assert words in error["error"]["message"]
    assert error["request_id"] == caught.value.response.headers["request-id"]
    assert caught.value.response.headers["x-should-retry"] == "false"


@pytest.mark.anyio
async def test_input_beyond_the_window_is_told_with_both_figures():
    with Emulator(catalog={MODEL: {"context_window": 50}}) as emulator:
        async with client_of(emulator) as client:
            with pytest.raises(anthropic.BadRequestError, match=r"prompt is too long: \d+ tokens > 50 maximum"):
                await ask(client, messages=[{"role": "user", "content": "word " * 90}])


@pytest.mark.anyio
async def test_sampling_is_taken_of_the_older_version(emulator):
    async with client_of(emulator) as client:
        await ask(client, extra_body={"temperature": 0.5}, extra_headers={"anthropic-version": "2023-06-01"})
    assert emulator.requests[0].get("temperature") == 0.5


FAULTS = [
    ("throttle", 429, "rate_limit_error", anthropic.RateLimitError),
    ("server_error", 500, "api_error", anthropic.InternalServerError),
    ("overloaded", 529, "overloaded_error", anthropic.APIStatusError),
    ("not_ready", 529, "overloaded_error", anthropic.APIStatusError),
    ("expired_token", 401, "authentication_error", anthropic.AuthenticationError),
    ("access_denied", 403, "permission_error", anthropic.PermissionDeniedError),
    ("not_found", 404, "not_found_error", anthropic.NotFoundError),
    ("stream_exception", 500, "api_error", anthropic.InternalServerError),
]


@pytest.mark.anyio
@pytest.mark.parametrize(("kind", "status", "word", "raised"), FAULTS)
async def test_a_fault_is_said_as_anthropic_says_it(emulator, kind, status, word, raised):
    emulator.fail(kind, retry_after_s=2)
    async with client_of(emulator) as client:
        with pytest.raises(raised) as caught:
            await ask(client)
        assert (await ask(client)).stop_reason == "end_turn"
    assert (caught.value.status_code, caught.value.body["error"]["type"]) == (status, word)
    assert caught.value.response.headers.get("retry-after") == (None if kind == "stream_exception" else "2")


@pytest.mark.anyio
async def test_an_error_inside_a_stream_is_an_event(emulator):
    emulator.reply("One two three four five six seven.")
    emulator.fail("stream_exception")
    seen = ""
    async with client_of(emulator) as client:
        with pytest.raises(anthropic.APIStatusError, match="stopped in the middle"):
            async for event in await ask(client, stream=True):
                seen += event.delta.text if event.type == "content_block_delta" else ""
    assert seen == "One two three four"


@pytest.mark.anyio
async def test_a_cut_stream_ends_without_its_mark(emulator):
    emulator.reply("One two three four five six seven.")
    emulator.fail("cut")
    async with client_of(emulator) as client:
        kinds = [event.type async for event in await ask(client, stream=True)]
    assert kinds[-1] == "content_block_delta"


@pytest.mark.anyio
async def test_a_damaged_event_is_no_json(emulator):
    emulator.reply("One two three four five six seven.")
    emulator.fail("bad_crc")
    async with client_of(emulator) as client:
        with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
            async for _ in await ask(client, stream=True):
                pass


@pytest.mark.anyio
async def test_a_torn_connection_is_torn(emulator):
    emulator.reply("One two three four five six seven.")
    emulator.fail("disconnect")
    async with client_of(emulator) as client:
        with pytest.raises(httpx2.RemoteProtocolError):
            async for _ in await ask(client, stream=True):
                pass


@pytest.mark.anyio
async def test_bedrocks_own_path_turns_strangers_away_as_aws_does(emulator):
    there = {"base_url": emulator.url + "/anthropic"}
    async with client_of(emulator, **there) as client:
        answer = await ask(client, model="us.anthropic.claude-sonnet-4-6")
    async with client_of(emulator, api_key="wrong", **there) as client:
        with pytest.raises(anthropic.PermissionDeniedError, match="Authentication failed") as caught:
            await ask(client, model="us.anthropic.claude-sonnet-4-6")
    assert answer.model == "us.anthropic.claude-sonnet-4-6"
    assert caught.value.response.headers["x-amzn-errortype"].startswith("AccessDeniedException")
