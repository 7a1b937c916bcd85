"""The main job over a real socket: client, signature, event stream, emulator."""

from __future__ import annotations

import pickle
from decimal import Decimal

import pytest

from bedrock_llm.client import LLMClient
from bedrock_llm.config import RetryPolicy
from bedrock_llm.errors import (
    AuthenticationError,
    ConfigurationError,
    InvalidRequestError,
    MissingCredentialsError,
    OverloadedError,
    ProtocolError,
    RateLimitError,
    ServerError,
    StreamInterruptedError,
    UnknownModelError,
    UnsupportedFeatureError,
)
from bedrock_llm.events import Finished, TextDelta
from bedrock_llm.messages import Image, Message, Text, Thinking, ToolCall, ToolResult
from bedrock_llm.observers.cost import CostTracker
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.response import StopReason

pytestmark = pytest.mark.anyio

QUICK = RetryPolicy(wait=lambda state: 0.0)
WEATHER = ToolSpec("weather", "Weather of a city.", {"type": "object", "properties": {"city": {"type": "string"}}})
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 32


async def test_a_whole_answer(emulator, client_of):
    emulator.reply("The sky scatters blue light.")
    tracker = CostTracker()
    async with client_of(observers=[tracker]) as client:
        response = await client.generate("Why is the sky blue?", max_tokens=200, system="Be brief.", temperature=0.5)
    assert response.text == "The sky scatters blue light."
    assert (response.stop_reason, response.raw_stop_reason) == (StopReason.stop, "end_turn")
    assert (response.provider, response.model) == ("bedrock", "us.anthropic.claude-sonnet-4-6")
    assert response.usage.input_tokens > 0
    assert response.usage.output_tokens > 0
    assert response.cost.total == tracker.total_usd > Decimal(0)
    assert [(attempt.number, attempt.status, attempt.billed) for attempt in response.attempts] == [(1, 200, "yes")]
    assert response.request_id == response.attempts[0].request_id is not None
    assert response.warnings == ()
    (request,) = emulator.requests
    assert request.messages == (Message.user("Why is the sky blue?"),)
    assert request.get("max_tokens") == 200
    assert pickle.loads(pickle.dumps(response)) == response


async def test_a_stream_and_its_fold_are_the_same_answer(emulator, client_of):
    emulator.reply(
        Message.assistant(Thinking("hm", "sig"), Text("It is "), ToolCall("t1", "weather", {"city": "Oslo"}))
    )
    emulator.reply(
        Message.assistant(Thinking("hm", "sig"), Text("It is "), ToolCall("t1", "weather", {"city": "Oslo"}))
    )
    question = [Message.user("Weather in Oslo?")]
    async with client_of() as client:
        async with client.stream(question, tools=[WEATHER], max_tokens=100) as stream:
            events = [event async for event in stream]
            streamed = await stream.response()
        whole = await client.generate(question, tools=[WEATHER], max_tokens=100)
    assert isinstance(events[-1], Finished)
    assert streamed.message == whole.message
    assert (streamed.stop_reason, streamed.usage, streamed.cost) == (whole.stop_reason, whole.usage, whole.cost)
    assert streamed.first_event_s <= streamed.latency_s
    assert [attempt.status for attempt in streamed.attempts] == [200]


async def test_a_tool_loop(emulator, client_of):
    emulator.reply(Message.assistant(ToolCall("t1", "weather", {"city": "Oslo"})))
    emulator.reply("It is 3 degrees in Oslo.")
    async with client_of() as client:
        history = [Message.user("Weather in Oslo?")]
        first = await client.generate(history, tools=[WEATHER])
        (call,) = first.tool_calls
        history += [first.message, Message.user(ToolResult(call.id, "3 degrees"))]
        second = await client.generate(history, tools=[WEATHER])
    assert first.stop_reason is StopReason.tool_use
    assert second.text == "It is 3 degrees in Oslo."
    assert emulator.requests[1].messages[2].parts == (ToolResult("t1", "3 degrees"),)


@pytest.mark.parametrize(
    ("fault", "error", "status"),
    [("throttle", RateLimitError, 429), ("server_error", ServerError, 500), ("overloaded", OverloadedError, 503)],
)
async def test_passing_faults_are_retried_and_written_down(emulator, client_of, fault, error, status):
    async with client_of(retry=QUICK) as client:
        emulator.fail(fault, times=2)
        emulator.reply("whole")
        response = await client.generate("hello", max_tokens=9)
        emulator.fail(fault, times=2)
        emulator.reply("streamed")
        async with client.stream("hello", max_tokens=9) as stream:
            streamed = await stream.response()
    for answer, text in ((response, "whole"), (streamed, "streamed")):
        assert answer.text == text
        assert [attempt.status for attempt in answer.attempts] == [status, status, 200]
        assert [type(attempt.error) for attempt in answer.attempts[:2]] == [error, error]
        assert all(attempt.request_id for attempt in answer.attempts)


@pytest.mark.parametrize("long", [False, True])
async def test_generate_never_hands_over_a_cut_answer(emulator, client_of, long):
    emulator.fail("cut", times=3)
    async with client_of(retry=QUICK) as client:
        with pytest.raises((StreamInterruptedError, ProtocolError, Exception)) as caught:
            await client.generate("tell me a long story", max_tokens=None if long else 50)
        assert len(caught.value.attempts) == 3
        assert caught.value.retryable
        assert all(attempt.billed == "maybe" for attempt in caught.value.attempts)
        emulator.reply("whole again")
        assert (await client.generate("hello")).text == "whole again"


@pytest.mark.parametrize(
    ("fault", "error", "cause"),
    [
        ("cut", StreamInterruptedError, StreamInterruptedError),
        ("stream_exception", StreamInterruptedError, None),
        ("bad_crc", ProtocolError, None),
    ],
)
async def test_a_stream_that_breaks_after_its_first_event_keeps_what_came(emulator, client_of, fault, error, cause):
    emulator.reply("one two three four five six seven eight nine ten")
    emulator.fail(fault)
    got = []
    async with client_of(retry=QUICK) as client:
        with pytest.raises(error) as caught:
            async with client.stream("count") as stream:
                async for event in stream:
                    got.append(event)  # noqa: PERF401  # the list must hold what came before the error
        partial = caught.value.partial
        assert partial.text
        assert "one two three four five six seven eight nine ten".startswith(partial.text)
        assert "".join(event.text for event in got if isinstance(event, TextDelta)) == partial.text
        assert len(caught.value.attempts) == 1
        if cause is not None:
            assert isinstance(caught.value.__cause__, cause)


async def test_a_wrong_secret_is_refused_as_aws_refuses_it(emulator, client_of):
    from bedrock_llm.config import AWSCredentials

    wrong = AWSCredentials(emulator.access_key_id, "wrong/secret/0000000000000000000000000")
    async with client_of(credentials=wrong) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.generate("hello")
    error = caught.value
    assert (error.status, error.retryable, len(error.attempts)) == (403, False, 1)
    assert error.provider == "bedrock"
    assert "wrong/secret" not in str(error)


async def test_a_bearer_key_works_on_loopback(emulator, client_of):
    emulator.reply("with a key")
    async with client_of(credentials=None, api_key=emulator.api_key) as client:
        assert (await client.generate("hello")).text == "with a key"
    headers = dict(emulator.received[-1].headers)
    assert headers["authorization"] == f"Bearer {emulator.api_key}"
    assert "x-amz-date" not in headers


async def test_without_credentials_it_says_what_to_set(emulator, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_BEARER_TOKEN_BEDROCK", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    async with LLMClient("bedrock/us.amazon.nova-lite-v1:0", region="us-east-1", base_url=emulator.url) as client:
        with pytest.raises(MissingCredentialsError, match="AWS_ACCESS_KEY_ID"):
            await client.generate("hello")
    assert emulator.received == ()


async def test_the_httpx_transports_are_the_same_door(emulator, client_of):
    import httpx
    import httpx2

    for module in (httpx, httpx2):
        emulator.reply("over " + module.__name__)
        async with (
            module.AsyncClient() as http,
            client_of(http_client=http) as client,
            client.stream("hello") as stream,
        ):
            assert (await stream.response()).text == "over " + module.__name__


async def test_what_the_model_does_not_take_is_left_out_with_a_warning_or_refused(emulator, client_of):
    emulator.reply("fine")
    async with client_of() as client:
        response = await client.generate("hello", seed=7, max_tokens=5)
    assert [(warning.kind, warning.parameter) for warning in response.warnings] == [("unsupported", "seed")]
    async with client_of(strict=True) as client:
        with pytest.raises(UnsupportedFeatureError, match="seed"):
            await client.generate("hello", seed=7)
    assert len(emulator.requests) == 1


BAD_CALLS = [
    ("hello", {"temperature": "warm"}, "temperature"),
    ("hello", {"temperature": 1.5}, "temperature"),
    ("hello", {"max_tokens": 10**9}, "max_tokens"),
    ("hello", {"max_tokens": True}, "max_tokens"),
    ("hello", {"stop": [""]}, "stop"),
    ("hello", {"top_p": float("nan")}, "top_p"),
    ("hello", {"tool_choice": "nothing"}, "tool_choice"),
    ("hello", {"reasoning": "furious"}, "reasoning"),
    ([], {}, "messages"),
    ("  ", {}, "messages"),
    ([{"role": "wizard", "content": "x"}], {}, "messages[0]"),
    ([{"role": "user"}], {}, "messages[0]"),
    ([{"role": "user", "content": [{"type": "image"}]}], {}, "messages[0]"),
    ([Message.user(ToolResult("t9", "x"))], {}, "messages[0]"),
    ([Message.user("look", Image("https://example.com/cat.png"))], {}, "messages[0]"),
    ([Message.user("look", Image(PNG, media_type="image/tiff"))], {}, "messages[0]"),
    ("lone \ud800 surrogate", {}, "messages[0]"),
]


@pytest.mark.parametrize(("messages", "parameters", "named"), BAD_CALLS)
async def test_bad_input_is_refused_before_a_byte_is_sent(emulator, client_of, messages, parameters, named):
    async with client_of() as client:
        with pytest.raises(InvalidRequestError) as caught:
            await client.generate(messages, **parameters)
    assert named in (caught.value.parameter or "")
    assert named in str(caught.value)
    assert emulator.received == ()
    assert emulator.open_connections == 0


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("bedrock/../../etc/passwd", {}),
        ("bedrock/anthropic.claude v2", {}),
        ("bedrock/anthropic.claude\nv2", {}),
        ("bedrock/us.amazon.nova-lite-v1:0", {"region": "moon-1"}),
        ("bedrock/us.amazon.nova-lite-v1:0", {"region": "us-east-1 "}),
        ("bedrock/us.amazon.nova-lite-v1:0", {"api_key": " "}),
        ("bedrock/us.amazon.nova-lite-v1:0", {"api_key": "two\nlines"}),
        ("bedrock/us.amazon.nova-lite-v1:0", {"base_url": "http://example.com", "api_key": "abcdefgh"}),
        ("bedrock/us.amazon.nova-lite-v1:0", {"api": "carrier-pigeon"}),
        ("bedrock/us.amazon.nova-lite-v1:0", {"extra_headers": {"x\r\ny": "z"}}),
    ],
)
async def test_a_wrong_name_region_or_key_is_refused_at_the_door(model, options):
    with pytest.raises((ConfigurationError, InvalidRequestError)) as caught:
        LLMClient(model, **{"region": "us-east-1", **options})
    assert "two\nlines" not in str(caught.value)


async def test_an_unknown_name_says_which_are_near():
    with pytest.raises(UnknownModelError) as caught:
        LLMClient("bedrok/us.anthropic.claude-sonnet-4-6")
    assert caught.value.nearest
    assert isinstance(caught.value, ValueError)


async def test_a_model_that_the_catalog_lacks_is_sent_as_it_is_with_one_warning(emulator, client_of):
    emulator.reply("new")
    async with client_of("us.anthropic.claude-nova-9000") as client:
        response = await client.generate("hello", temperature=0.1, max_tokens=5)
    assert response.text == "new"
    assert [warning.kind for warning in response.warnings] == ["unknown_model"]
    assert response.cost is None
    assert emulator.received[-1].path.startswith("/model/us.anthropic.claude-nova-9000/")
