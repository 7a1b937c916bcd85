"""Every provider x everything one asks of it, at the emulator: the same question, the same answer, the same error."""

from __future__ import annotations

import base64
import json

import pytest

from bedrock_llm import (
    Image,
    Message,
    Response,
    RetryPolicy,
    StopReason,
    StreamInterruptedError,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Usage,
)
from bedrock_llm.errors import (
    AuthenticationError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProtocolError,
    ProviderError,
    RateLimitError,
    RejectedRequestError,
    ServerError,
    UnsupportedFeatureError,
)
from bedrock_llm.output import json_schema
from tests.providers_matrix.ways import WAYS, failing, going

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [{"name": "get_weather", "description": "Weather of a city", "input_schema": SCHEMA}]
COUNTED = Usage(input_tokens=21, output_tokens=9)
SAID = "In Oslo, I think.\n\nOr in Bergen: 3 °C."
CITIES = ("Oslo", "Bergen")
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
ONCE = RetryPolicy(max_attempts=1)


def way(what):
    return pytest.mark.parametrize("name", going(what))


def lacking(what):
    return pytest.mark.parametrize("name", failing(what))


async def both(client, emulator, reply, messages, **parameters):
    """The answer whole, and streamed."""
    emulator.reply(reply)
    whole = await client.generate(messages, **parameters)
    emulator.reply(reply)
    async with client.stream(messages, **parameters) as stream:
        return whole, await stream.response()


@pytest.mark.anyio
@way("plain")
async def test_an_answer_comes_with_its_text_its_count_and_its_names(emulator, name):
    reply = Response(Message.assistant(SAID), StopReason.stop, usage=COUNTED)
    async with WAYS[name].client(emulator) as client:
        answers = await both(client, emulator, reply, "Where?", max_tokens=200)
    for answer in answers:
        assert (answer.text, answer.stop_reason) == (SAID, StopReason.stop)
        assert (answer.usage.input_tokens, answer.usage.output_tokens) == (21, 9)
        assert (answer.provider, answer.warnings) == (WAYS[name].provider, ())
        assert [attempt.status for attempt in answer.attempts] == [200]
    assert [request.messages for request in emulator.requests] == [(Message.user("Where?"),)] * 2


@pytest.mark.anyio
@way("stream")
async def test_a_stream_comes_in_pieces(emulator, name):
    emulator.reply(SAID)
    async with WAYS[name].client(emulator) as client, client.stream("Where?", max_tokens=200) as stream:
        pieces = [piece async for piece in stream.text()]
    assert "".join(pieces) == SAID
    assert len(pieces) > 4


@pytest.mark.anyio
@way("system")
async def test_the_system_text_arrives(emulator, name):
    async with WAYS[name].client(emulator) as client:
        await client.generate("Where?", system="Be short.", max_tokens=200)
    assert emulator.requests[0].get("system") == "Be short." or emulator.requests[0].get("system") == (
        Text("Be short."),
    )


@pytest.mark.anyio
@way("tools")
async def test_two_calls_side_by_side_are_answered_together(emulator, name):
    calls = [ToolCall(f"call_{city.lower()}", "get_weather", {"city": city}) for city in CITIES]
    reply = Response(Message.assistant("Let me look.", *calls), StopReason.tool_use, usage=COUNTED)
    async with WAYS[name].client(emulator) as client:
        answers = await both(client, emulator, reply, "Weather?", tools=TOOLS, max_tokens=200)
        for answer in answers:
            assert (answer.text, answer.stop_reason) == ("Let me look.", StopReason.tool_use)
            assert [call.arguments for call in answer.tool_calls] == [{"city": city} for city in CITIES]
        asked = answers[0]
        results = [ToolResult(call.id, f"3 °C in {call.arguments['city']}") for call in asked.tool_calls]
        turns = [Message.user("Weather?"), asked.message, Message.user(*results)]
        emulator.reply("Cold.")
        answered = await client.generate(turns, tools=TOOLS, max_tokens=200)
    assert (answered.text, answered.warnings) == ("Cold.", ())
    seen = emulator.requests[-1]
    assert [tool.name for tool in seen.get("tools")] == ["get_weather"]
    arrived = {part.tool_call_id: part.content for part in seen.messages[-1].parts if isinstance(part, ToolResult)}
    called = {part.id: part.arguments for part in seen.messages[1].parts if isinstance(part, ToolCall)}
    assert list(called.values()) == [{"city": city} for city in CITIES]
    assert list(arrived) == list(called)
    assert [f"3 °C in {city}" in str(told) for city, told in zip(CITIES, arrived.values(), strict=True)] == [True] * 2


@pytest.mark.anyio
@way("image")
async def test_an_image_arrives_as_it_was(emulator, name):
    turn = Message.user("What is this?", Image(PNG))
    async with WAYS[name].client(emulator) as client:
        await client.generate([turn], max_tokens=200)
    (seen,) = emulator.requests[0].messages
    (image,) = [part for part in seen.parts if isinstance(part, Image)]
    assert (image.source, image.media_type) in [(PNG, "image/png"), (PNG, None)]  # one wire does not say the type


@pytest.mark.anyio
@lacking("image")
async def test_an_image_is_refused_before_it_is_sent_where_no_model_sees_it(emulator, name):
    async with WAYS[name].client(emulator) as client:
        with pytest.raises(UnsupportedFeatureError, match="image"):
            await client.generate([Message.user("What is this?", Image(PNG))], max_tokens=200)
    assert emulator.received == ()


@pytest.mark.anyio
@way("reasoning")
async def test_what_was_thought_before_a_call_goes_back_with_its_seal(emulator, name):
    thought = Thinking("Which city? Oslo.", signature="c2VhbA==")
    call = ToolCall("call_1", "get_weather", {"city": "Oslo"})
    reply = Response(Message.assistant(thought, call), StopReason.tool_use, usage=COUNTED)
    options = {"tools": TOOLS, "max_tokens": 4000, "reasoning": WAYS[name].reasoning}
    async with WAYS[name].client(emulator) as client:
        answers = await both(client, emulator, reply, "Weather?", **options)
        for answer in answers:
            assert (answer.thinking, answer.stop_reason) == ("Which city? Oslo.", StopReason.tool_use)
        asked = answers[1]
        turns = [
            Message.user("Weather?"),
            asked.message,
            Message.user(*(ToolResult(call.id, "3 °C") for call in asked.tool_calls)),
        ]
        answered = await client.generate(turns, **options)
    assert answered.warnings == ()
    seen = emulator.requests[-1]
    assert seen.get("reasoning") is not None
    (thinking,) = [part for part in seen.messages[1].parts if isinstance(part, Thinking) and part.text]
    assert (thinking.text, thinking.signature) == ("Which city? Oslo.", "c2VhbA==" if WAYS[name].seals else None)


@pytest.mark.anyio
@lacking("reasoning")
async def test_what_was_thought_stays_behind_with_a_warning_where_no_member_takes_it(emulator, name):
    call = ToolCall("call_1", "get_weather", {"city": "Oslo"})
    turns = [
        Message.user("Weather?"),
        Message.assistant(Thinking("Which city?"), call),
        Message.user(ToolResult("call_1", "3 °C")),
    ]
    async with WAYS[name].client(emulator) as client:
        answer = await client.generate(turns, tools=TOOLS, max_tokens=4000)
    assert [(warning.kind, warning.parameter) for warning in answer.warnings] == [("repaired", "messages[1]")]
    assert emulator.requests[0].messages[1].parts == (call,)


@pytest.mark.anyio
@way("schema")
async def test_an_answer_in_a_schema_is_asked_for_where_each_has_it(emulator, name):
    schema = {**SCHEMA, "additionalProperties": False}
    async with WAYS[name].client(emulator) as client:
        answer = await client.generate("Weather in Oslo?", output_type=schema, max_tokens=200)
    assert json.loads(answer.text) == {"city": "Oslo"}
    assert json_schema(emulator.requests[0].get("output_type"))["required"] == ["city"]


@pytest.mark.anyio
@way("stop")
async def test_a_stop_string_ends_an_answer(emulator, name):
    async with WAYS[name].client(emulator) as client:
        answer = await client.generate("Where?", stop=["emulator"], max_tokens=200)
    assert answer.stop_reason is StopReason.stop
    assert answer.text.endswith("was made by the ")
    assert emulator.requests[0].get("stop") == ("emulator",)


@pytest.mark.anyio
@lacking("stop")
async def test_a_stop_string_is_left_out_with_a_warning_where_there_are_none(emulator, name):
    async with WAYS[name].client(emulator) as client:
        answer = await client.generate("Where?", stop=["emulator"], max_tokens=200)
    assert [(warning.kind, warning.parameter) for warning in answer.warnings] == [("unsupported", "stop")]
    assert "emulator" in answer.text


@pytest.mark.anyio
@way("max_tokens")
async def test_an_answer_that_was_cut_says_so(emulator, name):
    reply = Response(Message.assistant("In Os"), StopReason.length, usage=COUNTED)
    async with WAYS[name].client(emulator) as client:
        answers = await both(client, emulator, reply, "Where?", max_tokens=20)
    for answer in answers:
        assert (answer.text, answer.stop_reason) == ("In Os", StopReason.length)
    assert emulator.requests[0].get("max_tokens") == 20


FAULTS = [
    ("expired_token", AuthenticationError, {401, 403}),
    ("access_denied", PermissionDeniedError, {403}),
    ("not_found", NotFoundError, {404}),
    ("throttle", RateLimitError, {429}),
    ("server_error", ServerError, {500}),
    ("overloaded", OverloadedError, {503, 529}),
]


@pytest.mark.anyio
@pytest.mark.parametrize(("kind", "expected", "statuses"), FAULTS, ids=[kind for kind, _, _ in FAULTS])
@way("errors")
async def test_an_error_is_the_same_class_everywhere(emulator, name, kind, expected, statuses):
    async with WAYS[name].client(emulator, retry=ONCE) as client:
        emulator.fail(kind, times=2, retry_after_s=7)
        with pytest.raises(ProviderError) as whole:
            await client.generate("Where?", max_tokens=20)
        if len(emulator.requests) == 2:  # keys that are loaded again were tried again
            emulator.fail(kind, retry_after_s=7)
        with pytest.raises(ProviderError) as streamed:
            async with client.stream("Where?", max_tokens=20):
                pass
    for caught in (whole, streamed):
        assert (type(caught.value), caught.value.status in statuses) == (expected, True)
        assert (caught.value.provider, caught.value.retry_after_s) == (WAYS[name].provider, 7)
        assert caught.value.model == WAYS[name].model.partition("/")[2]


@pytest.mark.anyio
@way("errors")
async def test_what_the_service_refuses_is_a_rejected_request(emulator, name):
    async with WAYS[name].client(emulator) as client:
        with pytest.raises(RejectedRequestError) as caught:
            await client.generate("Where?", max_tokens=20, extra_body=WAYS[name].refused)
    assert caught.value.status == 400
    assert len(caught.value.attempts) == 1
    assert emulator.requests == ()


@pytest.mark.anyio
@way("errors")
async def test_a_wrong_key_is_an_authentication_error(emulator, name):
    wrong = {"api_key": "wrong-key-0000000000", "credentials": None}
    async with WAYS[name].client(emulator, **wrong) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.generate("Where?", max_tokens=20)
    assert "wrong-key" not in str(caught.value)
    assert emulator.requests == ()


@pytest.mark.anyio
@way("errors")
async def test_a_throttled_call_is_sent_again(emulator, name):
    emulator.fail("throttle")
    emulator.reply("Here.")
    async with WAYS[name].client(emulator, retry=RetryPolicy(max_wait_s=0.01)) as client:
        answer = await client.generate("Where?", max_tokens=20)
    assert [attempt.status for attempt in answer.attempts] == [429, 200]
    assert answer.text == "Here."


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["stream_exception", "cut", "disconnect"])
@way("errors")
async def test_a_stream_that_breaks_gives_what_had_come(emulator, name, kind):
    emulator.reply("One two three four five six seven.")
    emulator.fail(kind)
    async with WAYS[name].client(emulator, retry=ONCE) as client:
        with pytest.raises(StreamInterruptedError) as caught:
            async with client.stream("Count", max_tokens=200) as stream:
                await stream.response()
    partial = caught.value.partial.text
    assert partial
    assert "One two three four five six seven.".startswith(partial)
    assert len(partial) < 34
    if kind == "stream_exception":
        assert type(caught.value.__cause__) is ServerError


@pytest.mark.anyio
@way("errors")
async def test_a_damaged_event_breaks_their_own_format(emulator, name):
    emulator.reply("One two three four five six seven.")
    emulator.fail("bad_crc")
    async with WAYS[name].client(emulator, retry=ONCE) as client:
        with pytest.raises(ProtocolError) as caught:
            async with client.stream("Count", max_tokens=200) as stream:
                await stream.response()
    assert "One two three four five six seven.".startswith(caught.value.partial.text)
