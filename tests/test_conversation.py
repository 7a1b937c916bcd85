"""A chat that keeps its history: what a turn adds, and what one that failed does not."""

from __future__ import annotations

import gc
import json
import threading

import anyio
import pytest

from bedrock_llm.client import LLMClient
from bedrock_llm.conversation import Conversation
from bedrock_llm.errors import (
    ConnectionFailedError,
    InvalidRequestError,
    OutputValidationError,
    ServerError,
    StreamInterruptedError,
    UnsupportedFeatureError,
    UsageError,
)
from bedrock_llm.events import Finished, TextDelta
from bedrock_llm.messages import CachePoint, Image, Message, Text, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.response import Response, ResponseWarning, StopReason, TokenCount, Usage
from bedrock_llm.sync import SyncConversation, SyncLLMClient
from bedrock_llm.testing import Emulator, ScriptedModel
from tests.strangers import TWO_WORDS, Seen, Streams, ThreeMethods

pytestmark = pytest.mark.anyio

CLAUDE = "bedrock/us.anthropic.claude-sonnet-4-6"
WEATHER = ToolSpec("weather", "The weather", {"type": "object", "properties": {"city": {"type": "string"}}})


def weather(city: str) -> str:
    """The weather in a city."""
    return city


@pytest.fixture
def emulator():
    with Emulator() as running:
        yield running


@pytest.fixture
def where(emulator):
    return {"base_url": emulator.url, "region": emulator.region, "credentials": emulator.credentials}


def counted(text, input_tokens, **fields):
    return Response(Message.assistant(text), usage=Usage(input_tokens, output_tokens=1), **fields)


# --- turns ----------------------------------------------------------------------------------------------------------


async def test_turns_are_added_and_sent_again(emulator, where):
    emulator.reply("Scattering.")
    emulator.reply("Red.")
    async with LLMClient(CLAUDE, **where) as client:
        chat = client.conversation(system="Be brief.", max_tokens=50)
        assert (await chat.send("Why is the sky blue?")).text == "Scattering."
        async with chat.stream("And at dusk?", temperature=0.5) as stream:
            assert "".join([text async for text in stream.text()]) == "Red."
    assert chat.messages == (
        Message.user("Why is the sky blue?"),
        Message.assistant("Scattering."),
        Message.user("And at dusk?"),
        Message.assistant("Red."),
    )
    first, second = emulator.requests
    assert second.messages == chat.messages[:3]
    assert (first.get("system"), second.get("system")) == ("Be brief.", "Be brief.")
    assert (first.get("temperature"), second.get("temperature")) == (None, 0.5)
    assert second.get("max_tokens") == 50


async def test_none_takes_a_parameter_away_for_one_turn():
    model = ScriptedModel(lambda request: "ok")
    async with LLMClient(model) as client:
        chat = client.conversation(temperature=0.5, tools=[WEATHER])
        await chat.send("one", temperature=None, tools=[])
        await chat.send("two")
    assert [dict(request.parameters) for request in model.requests] == [{}, {"temperature": 0.5, "tools": (WEATHER,)}]
    assert dict(chat.parameters) == {"temperature": 0.5, "tools": (WEATHER,)}
    with pytest.raises(TypeError):
        chat.parameters["temperature"] = 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("hi", [Message.user("hi")]),
        (Text("hi"), [Message.user("hi")]),
        (Message.user("hi", CachePoint()), [Message.user("hi", CachePoint())]),
        (["look", Image(b"\x89PNG\r\n\x1a\n")], [Message.user("look", Image(b"\x89PNG\r\n\x1a\n"))]),
        (("a", "b"), [Message.user("a", "b")]),
        ({"role": "user", "content": "hi"}, [Message.user("hi")]),
        ([Message.user("a"), {"role": "user", "content": "b"}], [Message.user("a"), Message.user("b")]),
    ],
)
async def test_content_is_a_string_parts_or_messages(content, said):
    model = ScriptedModel(["ok"])
    async with LLMClient(model) as client:
        chat = client.conversation()
        await chat.send(content)
    assert chat.messages == (*said, Message.assistant("ok"))


@pytest.mark.parametrize(
    "content",
    ["", "  ", [], None, 3, b"bytes", [3], Message.assistant("no"), ["a", Message.user("b")], {"role": "nobody"}],
)
async def test_other_content_is_refused_before_anything_is_sent(content):
    model = ScriptedModel(["ok"])
    async with LLMClient(model) as client:
        chat = client.conversation()
        with pytest.raises(InvalidRequestError):
            await chat.send(content)
        with pytest.raises(InvalidRequestError):
            chat.stream(content)
    assert (model.requests, chat.messages) == ([], ())


async def test_results_of_tools_are_the_next_turn(emulator, where):
    call = ToolCall("call_1", "weather", {"city": "Paris"})
    emulator.reply(Message.assistant("Let me see.", call))
    emulator.reply("22 degrees.")
    async with LLMClient(CLAUDE, **where) as client:
        chat = client.conversation(tools=[WEATHER], max_tokens=50)
        response = await chat.send("What is the weather in Paris?")
        assert response.stop_reason is StopReason.tool_use
        assert (await chat.send([ToolResult(each.id, "22") for each in response.tool_calls])).text == "22 degrees."
    assert [message.role for message in chat.messages] == ["user", "assistant", "user", "assistant"]
    assert emulator.requests[1].messages[2].parts == (ToolResult("call_1", "22"),)


async def test_a_result_without_its_call_is_refused():
    async with LLMClient(ScriptedModel(["ok"])) as client:
        chat = client.conversation()
        with pytest.raises(InvalidRequestError, match="tool call 'x'"):
            await chat.send(ToolResult("x", "22"))
        with pytest.raises(InvalidRequestError, match="tool call 'x'"):
            client.conversation(messages=[Message.user(ToolResult("x", "22"))])
        assert (await chat.send("hi")).text == "ok"


async def test_it_goes_on_from_what_was_said_before():
    model = ScriptedModel(["ok"])
    before = ["Remember 7.", "I do."]
    given = [{"role": "user", "content": before[0]}, Message.assistant(before[1])]
    async with LLMClient(model) as client:
        chat = client.conversation(messages=given)
        await chat.send("Which?")
        assert client.conversation(messages="one").messages == (Message.user("one"),)
        for wrong in (3, None, [3], b"bytes"):
            with pytest.raises(InvalidRequestError):
                client.conversation(messages=wrong)
    assert [message.text for message in model.requests[0].messages] == [*before, "Which?"]


async def test_wrong_parameters_are_refused_when_it_is_made_and_in_a_turn():
    async with LLMClient(ThreeMethods()) as client:
        with pytest.raises(InvalidRequestError, match="did you mean 'max_tokens'"):
            client.conversation(max_token=3)
        with pytest.raises(InvalidRequestError, match="temperature"):
            await client.conversation().send("hi", temperature="hot")


async def test_structured_output_is_parsed_and_one_that_is_not_valid_changes_nothing():
    async with LLMClient(ScriptedModel(['{"a": 1}', "no JSON", "no JSON", "no JSON"])) as client:
        chat = client.conversation()
        assert (await chat.send("one", output_type=dict[str, int])).parsed == {"a": 1}
        with pytest.raises(OutputValidationError):
            await chat.send("two", output_type=dict[str, int])
        with pytest.raises(OutputValidationError):
            async with chat.stream("two", output_type=dict[str, int]) as stream:
                await stream.response()
        assert len(chat.messages) == 2
        assert (await chat.send("three")).text == "no JSON"


# --- turns that fail ------------------------------------------------------------------------------------------------


async def test_a_turn_that_failed_has_changed_nothing_and_can_be_sent_again():
    async with LLMClient(ThreeMethods(ServerError("500", retryable=False), "hello")) as client:
        chat = client.conversation()
        with pytest.raises(ServerError):
            await chat.send("hi")
        assert chat.messages == ()
        assert (await chat.send("hi")).text == "hello"
    assert len(chat.messages) == 2


async def test_a_stream_that_broke_was_left_or_was_cancelled_has_changed_nothing():
    model = Streams(
        [TextDelta("half "), ConnectionFailedError("reset")],
        [ServerError("500", retryable=False)],
        list(TWO_WORDS),
        [TextDelta("half "), anyio.Event()],
        list(TWO_WORDS),
    )
    async with LLMClient(model) as client:
        chat = client.conversation()
        async with chat.stream("hi") as stream:
            with pytest.raises(StreamInterruptedError):
                await stream.response()
        with pytest.raises(ServerError):
            async with chat.stream("hi"):
                pass
        async with chat.stream("hi") as stream:
            await anext(stream)
        with anyio.move_on_after(0.05):
            async with chat.stream("hi") as stream:
                await stream.response()
        assert chat.messages == ()
        async with chat.stream("hi") as stream:
            assert (await stream.response()).text == "one two"
    assert chat.messages == (Message.user("hi"), Message.assistant("one two"))


async def test_an_answer_is_in_the_history_once_its_last_event_was_read():
    async with LLMClient(Streams(*TWO_WORDS)) as client:
        chat = client.conversation()
        async with chat.stream("hi") as stream:
            async for event in stream:
                if isinstance(event, Finished):
                    break
        assert len(chat.messages) == 2
        async with chat.stream("again") as stream:
            async for _ in stream:
                pass
            assert len(chat.messages) == 4


async def test_one_turn_at_a_time():
    never = anyio.Event()
    async with LLMClient(Streams([TextDelta("half "), never], list(TWO_WORDS))) as client:
        chat = client.conversation()
        other = chat.stream("two")
        async with chat.stream("one"):
            for refused in (lambda: chat.send("two"), other.__aenter__):
                with pytest.raises(UsageError, match="one turn at a time"):
                    await refused()
        assert (await chat.send("two")).text == "hello"
        with pytest.raises(UsageError, match="has gone on"):
            async with chat.stream("three") as stream:
                await stream.response()
            async with other:
                pass
        assert [message.text for message in chat.messages] == ["two", "hello", "three", "one two"]


async def test_two_sends_at_once_are_refused():
    begun, go = anyio.Event(), anyio.Event()

    class Waits(ThreeMethods):
        async def generate_text(self, messages, **parameters):
            begun.set()
            await go.wait()
            return await super().generate_text(messages, **parameters)

    async with LLMClient(Waits()) as client, anyio.create_task_group() as tasks:
        chat = client.conversation()
        tasks.start_soon(chat.send, "one")
        await begun.wait()
        with pytest.raises(UsageError, match="one turn at a time"):
            await chat.send("two")
        go.set()
    assert [message.text for message in chat.messages] == ["one", "hello"]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_a_stream_that_was_dropped_does_not_block_the_conversation():
    async with LLMClient(Streams([TextDelta("half "), anyio.Event()], list(TWO_WORDS))) as client:
        chat = client.conversation()
        stream = chat.stream("one")
        await stream.__aenter__()
        inner = stream._opened.stream
        del stream
        gc.collect()
        await inner.aclose()
        assert (await chat.send("two")).text == "hello"


async def test_observers_see_its_turns_as_any_call():
    seen = Seen()
    async with LLMClient(Streams(*TWO_WORDS), observers=[seen]) as client:
        chat = client.conversation(system="Be brief.")
        await chat.send("one")
        async with chat.stream("two") as stream:
            await stream.response()
    assert seen.names == ["start", "complete"] * 2
    assert seen.calls[2][1].get("system") == "Be brief."


# --- calibration ----------------------------------------------------------------------------------------------------


async def test_counts_are_corrected_by_what_the_provider_counted():
    model = ScriptedModel([counted("ok", 500), counted("ok", 0), counted("ok", 10)])
    async with LLMClient(model) as client:
        chat = client.conversation(system="Be brief.")
        assert chat.calibration is None
        raw = await client.count_tokens("word " * 100, system="Be brief.")
        assert await chat.count_tokens("word " * 100) == raw
        await chat.send("word " * 100)
        assert chat.calibration == pytest.approx(500 / raw.tokens)
        now = await client.count_tokens((*chat.messages, Message.user("more")), system="Be brief.")
        corrected = await chat.count_tokens("more")
        assert corrected.tokens == pytest.approx(now.tokens * chat.calibration, abs=1)
        assert (corrected.source, corrected.error_bound >= now.error_bound) == ("estimate", True)
        await chat.send("nothing was counted")
        assert chat.calibration == pytest.approx(500 / raw.tokens)
        await chat.send("less")
        assert chat.calibration < 1
        smaller = await chat.count_tokens()
        assert smaller.error_bound == (await client.count_tokens(chat.messages, system="Be brief.")).error_bound


async def test_cached_input_counts_and_a_stream_calibrates_too():
    usage = Usage(100, cache_read_tokens=300, cache_write_tokens=100, output_tokens=1)
    async with LLMClient(ScriptedModel([Response(Message.assistant("ok"), usage=usage)])) as client:
        chat = client.conversation()
        raw = await client.count_tokens("word " * 100)
        async with chat.stream("word " * 100) as stream:
            await stream.response()
        assert chat.calibration == pytest.approx(500 / raw.tokens)


async def test_the_tools_and_the_system_text_of_the_turn_are_what_is_compared():
    async with LLMClient(ScriptedModel([counted("ok", 500)])) as client:
        chat = client.conversation(system="Be brief.")
        raw = await client.count_tokens("hi", system="Be very brief. " * 50)
        await chat.send("hi", system="Be very brief. " * 50)
        assert chat.calibration == pytest.approx(500 / raw.tokens)


async def test_an_answer_to_a_shortened_conversation_says_nothing_of_the_whole():
    warning = ResponseWarning("dropped", "2 messages were left out")
    async with LLMClient(ScriptedModel([counted("ok", 500, warnings=(warning,))])) as client:
        chat = client.conversation()
        await chat.send("hi")
        assert chat.calibration is None


async def test_a_model_that_cannot_count_can_chat_all_the_same():
    class CannotCount(ThreeMethods):
        def count_tokens(self, text):
            raise ZeroDivisionError

    async with LLMClient(CannotCount()) as client:
        chat = client.conversation()
        assert (await chat.send("hi")).text == "hello"
        assert chat.calibration is None


async def test_an_exact_count_is_left_alone():
    class Exact(ThreeMethods):
        async def count_request(self, request):
            return TokenCount(7, "exact")

    async with LLMClient(Exact()) as client:
        chat = client.conversation()
        await chat.send("hi")
        assert chat.calibration is None
        chat._calibration = 2.0
        assert await chat.count_tokens() == TokenCount(7, "exact")
        with pytest.raises(UnsupportedFeatureError):
            await chat.count_tokens(source="provider")
        with pytest.raises(InvalidRequestError):
            await client.conversation().count_tokens()


# --- written down ---------------------------------------------------------------------------------------------------


async def test_it_is_written_as_json_and_goes_on_from_there():
    call = ToolCall("call_1", "weather", {"city": "Paris"})
    model = ScriptedModel([counted("ok", 500), Message.assistant(call), "22 degrees."])
    async with LLMClient(model) as client:
        chat = client.conversation(
            system=["Be brief.", CachePoint()], tools=[WEATHER], stop=["END"], max_tokens=50, extra_body={"a": [1]}
        )
        await chat.send(["look", Image(b"\x89PNG\r\n\x1a\n")])
        await chat.send("What is the weather?")
        data = json.loads(json.dumps(chat.to_dict()))
        again = Conversation.from_dict(data, client=client)
        assert (again.messages, dict(again.parameters)) == (chat.messages, dict(chat.parameters))
        assert (again.calibration, again.summary) == (chat.calibration, None)
        assert again.to_dict() == chat.to_dict()
        assert (await again.send(ToolResult("call_1", "22"))).text == "22 degrees."
        assert len(chat.messages) == 4


async def test_an_empty_conversation_can_be_written():
    async with LLMClient(ThreeMethods()) as client:
        data = client.conversation().to_dict()
        assert data == {"messages": [], "parameters": {}, "calibration": None, "summary": None}
        assert Conversation.from_dict(data, client=client).messages == ()
        assert Conversation.from_dict({}, client=client).messages == ()


async def test_parameters_can_be_laid_over_those_that_were_written():
    async with LLMClient(ThreeMethods()) as client:
        data = client.conversation(temperature=0.5, max_tokens=5).to_dict()
        again = Conversation.from_dict(data, client=client, tools=[weather], temperature=None)
    assert set(again.parameters) == {"tools", "max_tokens"}
    assert again.parameters["tools"][0].function is weather


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"tools": [CachePoint(), weather]}, "tools[1] (weather)"),
        ({"output_type": dict[str, int]}, "output_type"),
        ({"extra_headers": {"x-api-key": "made-up"}}, "x-api-key"),
        ({"extra_body": {"when": object()}}, "extra_body"),
    ],
)
async def test_what_cannot_be_written_is_named(parameters, named):
    async with LLMClient(ThreeMethods()) as client:
        chat = client.conversation(**parameters)
        with pytest.raises(InvalidRequestError) as caught:
            chat.to_dict()
    assert named in caught.value.parameter
    assert "made-up" not in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {"message": []},
        {"messages": 3},
        {"messages": [{"role": "user"}]},
        {"parameters": {"max_token": 3}},
        {"parameters": []},
        {"calibration": "much"},
        {"calibration": 0},
        {"calibration": True},
        {"summary": "what was said"},
        {"messages": [Message.user("x").to_dict() | {"parts": [ToolResult("x", "y").to_dict()]}]},
    ],
)
async def test_data_that_it_did_not_write_is_refused(data):
    async with LLMClient(ThreeMethods()) as client:
        with pytest.raises(InvalidRequestError):
            Conversation.from_dict(data, client=client)


async def test_each_door_has_its_own_kind():
    with SyncLLMClient(ThreeMethods()) as sync:
        async with LLMClient(ThreeMethods()) as client:
            with pytest.raises(UsageError, match="LLMClient"):
                Conversation.from_dict({}, client=sync)
            with pytest.raises(UsageError, match="SyncLLMClient"):
                SyncConversation.from_dict({}, client=client)


# --- without a loop -------------------------------------------------------------------------------------------------


def test_the_sync_conversation_is_the_same(emulator, where):
    emulator.reply("Scattering.")
    emulator.reply("Red.")
    emulator.reply("Dark.")
    with SyncLLMClient(CLAUDE, **where) as client:
        chat = client.conversation(system="Be brief.", max_tokens=50)
        assert chat.send("Why is the sky blue?").text == "Scattering."
        with chat.stream("And at dusk?") as stream:
            assert "".join(stream.text()) == "Red."
        assert [message.text for message in chat.messages[::2]] == ["Why is the sky blue?", "And at dusk?"]
        assert chat.calibration is not None
        assert chat.summary is None
        assert chat.parameters["max_tokens"] == 50
        assert chat.count_tokens("And at night?").source == "estimate"
        again = SyncConversation.from_dict(json.loads(json.dumps(chat.to_dict())), client=client)
        assert again.messages == chat.messages
        assert again.send("And at night?").text == "Dark."
        assert repr(again).startswith("SyncConversation(6 messages")


def test_two_threads_cannot_take_turns_in_one_sync_conversation_at_once():
    begun, go = threading.Event(), threading.Event()

    class Waits(ThreeMethods):
        async def generate_text(self, messages, **parameters):
            begun.set()
            await anyio.to_thread.run_sync(go.wait)
            return await super().generate_text(messages, **parameters)

    with SyncLLMClient(Waits()) as client:
        chat = client.conversation()
        thread = threading.Thread(target=chat.send, args=("one",))
        thread.start()
        assert begun.wait(5)
        with pytest.raises(UsageError, match="one turn at a time"):
            chat.send("two")
        go.set()
        thread.join(5)
        assert [message.text for message in chat.messages] == ["one", "hello"]
